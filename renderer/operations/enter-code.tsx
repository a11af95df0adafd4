/** Brings a station back that the cloud does not accept any more: with a new code, by those who may. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { useProblemWords } from '../kit/problem.tsx';
import { EnrolForm } from '../shell/enrol-form.tsx';
import { useSession } from '../shell/session.ts';
import { useAsk } from '../shell/staff.ts';

export function EnterCode({ isFirst }: { readonly isFirst: boolean }): ReactNode {
  const { i18n } = useLingui();
  const { hello } = useSession();
  const words = useProblemWords('STATION_REFUSED');
  const state = useAsk((client) => client.enrolment.state, undefined);
  const [isOpen, setIsOpen] = useState(false);
  const close = (): void => setIsOpen(false);
  return (
    <>
      <Button look={isFirst ? 'primary' : 'outlined'} className="mt-3 w-full" onPress={() => setIsOpen(true)}>
        {words.action}
      </Button>
      <Dialog title={i18n.t('Enrol this station again')} open={isOpen} onClose={close}>
        <EnrolForm address={state.data?.address ?? ''} stationName={hello.stationName} onEnrolled={close} />
      </Dialog>
    </>
  );
}
