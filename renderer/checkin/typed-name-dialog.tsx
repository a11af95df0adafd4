/** A name typed instead of a signature, for somebody who can't or would rather not draw one. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Button } from '../kit/button.tsx';
import { Dialog } from '../kit/dialog.tsx';
import { TextField } from '../kit/field.tsx';
import { LetterPad } from './letter-pad.tsx';
import { useTypingIntoField } from './typing.ts';

const LONGEST_NAME = 200;
/** What counts as a name: as the station has it. */
const SHORTEST_NAME = 2;

export function TypedNameDialog({
  open,
  onClose,
  onName,
}: {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly onName: (name: string) => void;
}): ReactNode {
  const { i18n } = useLingui();
  const [name, setName] = useState('');
  const ready = name.trim().length >= SHORTEST_NAME;
  const submit = (): void => {
    if (ready) onName(name.trim());
  };
  return (
    <Dialog
      title={i18n.t('Sign with your name')}
      open={open}
      onClose={onClose}
      wide
      actions={
        <>
          <Button look="outlined" onPress={onClose}>
            {i18n.t('Cancel')}
          </Button>
          <Button look="primary" onPress={submit} disabled={!ready}>
            {i18n.t('This is my signature')}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-5">
        <TypingIntoField />
        <TextField
          label={i18n.t('Your whole name')}
          value={name}
          onChange={setName}
          maxLength={LONGEST_NAME}
          onEnter={submit}
          className="field-patient"
        />
        <LetterPad letters="name" value={name} onChange={setName} maxLength={LONGEST_NAME} />
      </div>
    </Dialog>
  );
}

/** Only while the dialog is drawn. */
function TypingIntoField(): null {
  useTypingIntoField();
  return null;
}
