/** Sends a request again that came back or could not be sent, or gives it up: signed with the PIN of who decides. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { OutboxRow } from '../../electron/contract/outbox.ts';
import { PinDialog } from '../shell/pin-dialog.tsx';
import { useCommand } from '../shell/staff.ts';
import { requestWords } from './outbox-words.ts';

export type DecisionKind = 'retry' | 'discard';

export function OutboxDecision({
  row,
  kind,
  onClose,
}: {
  readonly row: OutboxRow;
  readonly kind: DecisionKind;
  readonly onClose: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const retry = useCommand((client) => client.outbox.retry);
  const discard = useCommand((client) => client.outbox.discard);
  const isRetry = kind === 'retry';
  const command = isRetry ? retry : discard;
  return (
    <PinDialog
      title={isRetry ? i18n.t('Send the request again') : i18n.t('Give the request up')}
      confirm={isRetry ? i18n.t('Send it again now') : i18n.t('Give it up now')}
      command={command}
      sign={async (pin) => command.run({ id: row.id, pin })}
      onClose={onClose}
    >
      <div className="grid content-start gap-3">
        <p className="font-semibold">{requestWords(i18n, row.kind)}</p>
        <p>
          {isRetry
            ? i18n.t(
                'It goes as it was written. Where the workflow has answered it already, the answer stays the same.',
              )
            : i18n.t(
                'The cloud does not hear of it from here any more, and those after it go on. The visit stays as it is.',
              )}
        </p>
        <p className="text-ink-2">{i18n.t('Who decided this is kept in the audit trail.')}</p>
      </div>
    </PinDialog>
  );
}
