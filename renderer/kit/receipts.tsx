/** The four receipts of an item, in their order and never merged. A tick stands only where there is one. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { Receipts as ReceiptTimes } from '../../electron/contract/views.ts';
import { formatTime } from './format.ts';
import { StatusMark } from './marks.tsx';

/** `cloud: false` where this station has none: the last two then say so instead of "not yet". */
export function Receipts({ receipts, cloud }: { receipts: ReceiptTimes; cloud: boolean }): ReactNode {
  const { i18n } = useLingui();
  const onDisk = i18n.t('On disk');
  const rows: readonly [name: string, at: string | null, possible: boolean][] = [
    [i18n.t('On device'), receipts.onDevice, true],
    [onDisk, receipts.onDisk, true],
    [i18n.t('In cloud'), receipts.inCloud, cloud],
    [i18n.t('Verified'), receipts.verified, cloud],
  ];
  return (
    <ul className="checks">
      {rows.map(([name, at, possible]) => (
        <li key={name}>
          <StatusMark shape={at !== null ? 'done' : possible ? 'todo' : 'nothing'} />
          <span>{name}</span>
          <span>
            {at !== null
              ? formatTime(at, true)
              : possible
                ? name === onDisk && receipts.purgedAt
                  ? i18n.t('deleted here; the cloud has it')
                  : i18n.t('not yet')
                : i18n.t('no cloud here')}
          </span>
        </li>
      ))}
    </ul>
  );
}
