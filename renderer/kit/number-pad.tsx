/** Digits for a PIN or a typed value: touch-sized, and typed digits count as well. */
import { Delete } from 'lucide-react';
import type { ReactNode } from 'react';
import { useLingui } from '@lingui/react';
import { Button, IconButton } from './button.tsx';
import { useKeys } from './keys.tsx';

const DIGITS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'];

export interface NumberPadProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly maxLength: number;
  /** A decimal point at the lower left, for measures. */
  readonly point?: boolean;
  readonly disabled?: boolean;
}

export function NumberPad({ value, onChange, maxLength, point = false, disabled = false }: NumberPadProps): ReactNode {
  const { i18n } = useLingui();
  const add = (digit: string): void => {
    if (!disabled && value.length < maxLength && !(digit === '.' && value.includes('.'))) onChange(value + digit);
  };
  const remove = (): void => onChange(value.slice(0, -1));
  useKeys([
    ...DIGITS.map((digit) => ({ key: digit, label: '', run: () => add(digit), disabled })),
    ...(point ? ['.', ','].map((key) => ({ key, label: '', run: () => add('.'), disabled })) : []),
    { key: 'Backspace', label: i18n.t('Remove last digit'), run: remove, disabled },
  ]);
  return (
    <div className="number-pad" dir="ltr">
      {DIGITS.slice(0, 9).map((digit) => (
        <Button key={digit} look="outlined" onPress={() => add(digit)} disabled={disabled}>
          {digit}
        </Button>
      ))}
      {point ? (
        <Button look="outlined" onPress={() => add('.')} disabled={disabled}>
          .
        </Button>
      ) : (
        <span />
      )}
      <Button look="outlined" onPress={() => add('0')} disabled={disabled}>
        0
      </Button>
      <IconButton
        label={i18n.t('Remove last digit')}
        onPress={remove}
        disabled={disabled || value === ''}
        className="button button-plain"
      >
        <Delete size={24} strokeWidth={1.6} aria-hidden />
      </IconButton>
    </div>
  );
}

/** How many digits have been entered, never which. */
export function PinDots({ count, places }: { count: number; places: number }): ReactNode {
  const { i18n } = useLingui();
  return (
    <span className="pin-dots" role="img" aria-label={i18n.t('{count} digits entered', { count })}>
      {Array.from({ length: Math.max(places, count) }, (_, place) => place).map((place) => (
        <i key={place} {...(place < count ? { 'data-filled': true } : {})} />
      ))}
    </span>
  );
}
