/** A station on which nobody can sign in yet: it is let into its clinic, and then its people arrive. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { EnrolForm } from './enrol-form.tsx';
import { useAsk } from './staff.ts';

const LOOK_EVERY_MS = 2000;
/** Where the program lies with its sources; an installed one knows the same option. */
const DEMONSTRATION = 'npm start -- --demonstration';

export function FirstDay({
  stationName,
  onEnrolled,
  onLook,
}: {
  readonly stationName: string;
  readonly onEnrolled: () => void;
  /** Whether somebody has arrived. */
  readonly onLook: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const state = useAsk((client) => client.enrolment.state, undefined);
  const isEnrolled = state.data?.enrolled === true;
  useEffect(() => {
    if (!isEnrolled) return undefined;
    const timer = setInterval(onLook, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [isEnrolled, onLook]);
  if (isEnrolled) {
    return (
      <p className="max-w-[460px] text-20 text-ink-2" role="status">
        {i18n.t('This station belongs to its clinic. Its people arrive as soon as the cloud has been reached.')}
      </p>
    );
  }
  if (state.data?.open !== true) return null;
  return (
    <>
      <div className="w-full max-w-[460px]">
        <h2 className="text-26 tracking-[-0.018em]">{i18n.t('Enrol this station')}</h2>
        <p className="pt-2 text-ink-2">
          {i18n.t(
            'This computer becomes a station of a real clinic. Its people, locations and keys come from the clinic’s cloud, with a code, once; afterwards it works for days without a network.',
          )}
        </p>
      </div>
      <EnrolForm
        address=""
        stationName={stationName}
        onEnrolled={() => {
          void state.refetch();
          onEnrolled();
        }}
      />
      <p className="w-full max-w-[460px] border-t border-line pt-4 text-ink-2">
        {i18n.t('Only to look around, the demonstration clinic needs no code and no network: close this and start')}{' '}
        <code className="ident block pt-1 whitespace-nowrap text-ink" dir="ltr">
          {DEMONSTRATION}
        </code>
      </p>
    </>
  );
}
