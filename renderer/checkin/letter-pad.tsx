/** Letters and digits to touch, for tablets without a keyboard. A keyboard types into the field beside it as well. */
import { useLingui } from '@lingui/react';
import { Delete } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, IconButton } from '../kit/button.tsx';

/** `code`: letters, digits and the dash, as codes are printed. `name`: letters and what else stands in a name. */
export type LetterSet = 'code' | 'name';

const LETTERS: Readonly<Record<LetterSet, readonly string[]>> = {
  code: '1234567890ABCDEFGHIJKLMNOPQRSTUVWXYZ-'.split(''),
  name: "ABCDEFGHIJKLMNOPQRSTUVWXYZ-'".split(''),
};

export function LetterPad({
  letters,
  value,
  onChange,
  maxLength,
}: {
  readonly letters: LetterSet;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly maxLength: number;
}): ReactNode {
  const { i18n } = useLingui();
  const add = (letter: string): void => {
    if (value.length < maxLength) onChange(value + letter);
  };
  return (
    <div className="letter-pad" dir="ltr">
      {LETTERS[letters].map((letter) => (
        <Button key={letter} look="outlined" onPress={() => add(letters === 'name' ? cased(value, letter) : letter)}>
          {letter}
        </Button>
      ))}
      {letters === 'name' ? (
        <Button look="outlined" onPress={() => add(' ')}>
          {i18n.t('Space')}
        </Button>
      ) : (
        <span className="col-span-2" />
      )}
      <IconButton
        label={i18n.t('Remove last letter')}
        className="button button-plain"
        onPress={() => onChange(value.slice(0, -1))}
        disabled={value === ''}
      >
        <Delete size={28} strokeWidth={1.6} aria-hidden />
      </IconButton>
    </div>
  );
}

/** A capital at the beginning of each part of a name, small letters after it. */
function cased(before: string, letter: string): string {
  return before === '' || /[\s'-]$/.test(before) ? letter : letter.toLowerCase();
}
