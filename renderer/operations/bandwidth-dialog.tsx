/** How fast files may be sent, so that the line stays usable for others. Records are small and are never slowed down. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Radio, RadioGroup } from 'react-aria-components';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { parseTypedNumber, TextField } from '../kit/field.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand } from '../shell/staff.ts';

/** As the contract has it, in MB/s. */
const LEAST = 0.01;
const MOST = 10_000;
const MEGABYTE = 1e6;

export function BandwidthDialog({
  limit,
  onClose,
}: {
  /** Bytes per second; null: none. */
  readonly limit: number | null;
  readonly onClose: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const save = useCommand((client) => client.sync.setBandwidth);
  const [kind, setKind] = useState(limit === null ? 'free' : 'limit');
  const [typed, setTyped] = useState(String((limit ?? 2 * MEGABYTE) / MEGABYTE));
  const value = parseTypedNumber(typed);
  const isRight = value !== null && value >= LEAST && value <= MOST;
  async function submit(): Promise<void> {
    const limitBytesPerSecond = kind === 'free' ? null : Math.round((value ?? 0) * MEGABYTE);
    if ((await save.run({ limitBytesPerSecond })) !== null) onClose();
  }
  return (
    <Dialog
      title={i18n.t('How fast pictures are sent')}
      open
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose} hotkey="Escape">
            {i18n.t('Cancel')}
          </Button>
          <Button
            look="primary"
            onPress={() => void submit()}
            disabled={kind === 'limit' && !isRight}
            busy={save.busy}
            hotkey="Enter"
          >
            {i18n.t('Save the limit')}
          </Button>
        </>
      }
    >
      <p className="pb-3 text-ink-2">
        {i18n.t('A limit leaves room on the line for others. Visits never wait for it.')}
      </p>
      <RadioGroup
        aria-label={i18n.t('How fast pictures are sent')}
        value={kind}
        onChange={setKind}
        className="border-t border-line"
      >
        <Radio value="free" className="choice">
          {i18n.t('As fast as the line takes them')}
        </Radio>
        <Radio value="limit" className="choice">
          {i18n.t('At most')}
        </Radio>
      </RadioGroup>
      {kind === 'free' ? null : (
        <div className="pt-4">
          <TextField
            label={i18n.t('Most per second')}
            value={typed}
            onChange={setTyped}
            numeric
            unit="MB/s"
            error={isRight ? null : i18n.t('A number from {least} to {most}', { least: LEAST, most: MOST })}
          />
        </div>
      )}
      {save.problem === null ? null : <InlineProblem problem={save.problem} />}
    </Dialog>
  );
}
