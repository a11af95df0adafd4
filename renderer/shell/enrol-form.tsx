/** Lets this station into a clinic of the cloud: an address and a code that an administrator made. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Button } from '../kit/button.tsx';
import { TextField } from '../kit/field.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useCommand } from './staff.ts';

export function EnrolForm({
  address: known,
  stationName: called,
  onEnrolled,
}: {
  /** Of the cloud that it belongs to already; empty where it does not. */
  readonly address: string;
  readonly stationName: string;
  readonly onEnrolled: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  const enrol = useCommand((client) => client.enrolment.enrol);
  const [address, setAddress] = useState(known);
  const [code, setCode] = useState('');
  const [stationName, setStationName] = useState(called);
  const { problem } = enrol;
  const isComplete = address.trim() !== '' && code.trim() !== '' && stationName.trim() !== '';
  const submit = async (): Promise<void> => {
    if (isComplete && (await enrol.run({ address, code, stationName })) !== null) onEnrolled();
  };
  return (
    <div className="flex w-full max-w-[460px] flex-col gap-5 text-start">
      <TextField
        label={i18n.t('Address of the cloud')}
        value={address}
        onChange={setAddress}
        placeholder="https://"
        maxLength={300}
        focusFirst={known === ''}
        help={i18n.t('It comes with the code. A cloud on this very machine has one that begins with http://127.0.0.1.')}
      />
      <TextField
        label={i18n.t('Code')}
        value={code}
        onChange={setCode}
        help={i18n.t(
          'An administrator makes it in the clinic’s cloud, for one station. Small letters and spaces are fine.',
        )}
        error={problem?.field === 'code' ? i18n.t('A code has 16 letters and digits.') : null}
        maxLength={40}
        focusFirst={known !== ''}
        onEnter={() => void submit()}
      />
      <TextField
        label={i18n.t('What this station is called')}
        value={stationName}
        onChange={setStationName}
        maxLength={100}
        onEnter={() => void submit()}
      />
      {problem === null ? null : (
        <InlineProblem
          problem={problem}
          {...(problem.code === 'ENROLMENT_UNREACHABLE' ? { onAction: () => void submit(), busy: enrol.busy } : {})}
        />
      )}
      <Button look="primary" size="large" onPress={() => void submit()} busy={enrol.busy} disabled={!isComplete}>
        {i18n.t('Enrol this station')}
      </Button>
    </div>
  );
}
