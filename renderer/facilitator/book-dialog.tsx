/** A visit for somebody who came without a booking: who it is and what is to be done. The check-in at the desk follows. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Radio, RadioGroup } from 'react-aria-components';
import type { BookingInput } from '../../electron/contract/booking.ts';
import { newId } from '../../electron/contract/ids.ts';
import { PROTOCOLS } from '../../electron/contract/protocols.ts';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { TextField } from '../kit/field.tsx';
import { InlineProblem } from '../kit/problem.tsx';
import { useSession } from '../shell/session.ts';
import { useCommand } from '../shell/staff.ts';

export function BookDialog({
  room,
  onClose,
  onBooked,
}: {
  /** Where such a visit begins, as a proposal. */
  readonly room: string;
  readonly onClose: () => void;
  readonly onBooked: (appointmentId: string) => void;
}): ReactNode {
  const { i18n } = useLingui();
  const { hello } = useSession();
  const book = useCommand((client) => client.today.book);
  // One form is one visit, however often it is sent.
  const [appointmentId] = useState(newId);
  const [form, setForm] = useState({
    givenName: '',
    familyName: '',
    birthDate: '',
    number: '',
    room,
    protocolId: Object.keys(PROTOCOLS)[0] ?? '',
  });
  const [sex, setSex] = useState<BookingInput['sex']>('unknown');
  const field = (name: keyof typeof form) => ({
    value: form[name],
    onChange: (value: string) => setForm((before) => ({ ...before, [name]: value })),
  });
  const wrong = book.problem?.field;
  const isReady = form.givenName.trim() !== '' && form.familyName.trim() !== '' && form.birthDate !== '';
  const submit = async (): Promise<void> => {
    if (isReady && (await book.run({ ...form, sex, appointmentId })) !== null) onBooked(appointmentId);
  };
  return (
    <Dialog
      title={i18n.t('Add a visit')}
      open
      wide
      onClose={onClose}
      actions={
        <>
          <Button onPress={onClose} hotkey="Escape">
            {i18n.t('Cancel')}
          </Button>
          <Button look="primary" onPress={() => void submit()} disabled={!isReady} busy={book.busy} hotkey="Enter">
            {i18n.t('Add and check in')}
          </Button>
        </>
      }
    >
      <p className="pb-4 text-ink-2">
        {hello.mode === 'demonstration'
          ? i18n.t('This is the demonstration: invent somebody, enter no real person.')
          : i18n.t('For somebody who is here without a booking. It needs no network.')}
      </p>
      <div className="grid grid-cols-2 gap-4">
        <TextField label={i18n.t('Given name')} {...field('givenName')} maxLength={80} focusFirst />
        <TextField label={i18n.t('Family name')} {...field('familyName')} maxLength={80} />
        <TextField
          label={i18n.t('Date of birth')}
          {...field('birthDate')}
          type="date"
          error={wrong === 'birthDate' ? i18n.t('Nobody is born on that day') : null}
        />
        <TextField
          label={i18n.t('Number in the clinic')}
          {...field('number')}
          maxLength={32}
          help={i18n.t('Left empty, they get one')}
          error={wrong === 'number' ? i18n.t('Somebody else has this number') : null}
        />
        <Choice
          label={i18n.t('Visit')}
          value={form.protocolId}
          onChange={field('protocolId').onChange}
          options={Object.values(PROTOCOLS).map(({ id, title }) => [id, i18n._(title)])}
        />
        <Choice
          label={i18n.t('Sex')}
          value={sex}
          onChange={setSex}
          options={[
            ['female', i18n.t('Female')],
            ['male', i18n.t('Male')],
            ['unknown', i18n.t('Not stated')],
          ]}
        />
        <TextField label={i18n.t('Room')} {...field('room')} maxLength={80} />
      </div>
      {book.problem === null ? null : (
        <div className="mt-4">
          <InlineProblem problem={book.problem} />
        </div>
      )}
    </Dialog>
  );
}

function Choice<T extends string>({
  label,
  value,
  onChange,
  options,
}: {
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly options: readonly (readonly [value: T, word: string])[];
}): ReactNode {
  return (
    <div>
      <p className="text-13 font-semibold">{label}</p>
      <RadioGroup aria-label={label} value={value} onChange={(chosen) => onChange(chosen as T)}>
        {options.map(([each, word]) => (
          <Radio key={each} value={each} className="choice">
            {word}
          </Radio>
        ))}
      </RadioGroup>
    </div>
  );
}
