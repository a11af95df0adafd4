/** Where the address with its key stands: the lines that the station prints when it starts, drawn as they look there. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';

export function AddressPicture(): ReactNode {
  const { i18n } = useLingui();
  const { origin } = window.location;
  return (
    <figure className="m-0 min-w-0 max-w-[760px]">
      <h2 className="pb-4 text-17">{i18n.t('In the window where the station was started')}</h2>
      <pre className="m-0 overflow-hidden rounded-[8px] bg-well px-6 py-5 text-15 leading-8 text-well-ink-2" dir="ltr">
        {'> npm start\n'}
        <b className="font-semibold text-well-ink">{`Staff:    ${origin}/?t=••••••••`}</b>
        {`\nCheck-in: ${origin}/checkin?t=••••••••`}
      </pre>
      <figcaption className="pt-4 text-17 text-ink-2">
        {i18n.t('Open the whole address of the line “Staff:”, with everything after the question mark.')}
      </figcaption>
    </figure>
  );
}
