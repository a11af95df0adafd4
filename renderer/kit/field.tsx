/** Text and number fields with their label, help and error, and a tick box row. */
import type { ReactNode } from 'react';
import { Checkbox, FieldError, Input, Label, Text, TextArea, TextField as AriaTextField } from 'react-aria-components';
import { Check } from 'lucide-react';
import { StatusMark } from './marks.tsx';

export interface TextFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly help?: string;
  /** A sentence; its presence marks the field. */
  readonly error?: string | null;
  readonly unit?: string;
  /** Digits and one point; brings the number keyboard on touch screens. */
  readonly numeric?: boolean;
  readonly lines?: boolean;
  readonly maxLength?: number;
  /** Takes the focus when it appears: only where a person has just asked for it. */
  readonly focusFirst?: boolean;
  readonly placeholder?: string;
  readonly onEnter?: () => void;
  readonly icon?: ReactNode;
  readonly hideLabel?: boolean;
  readonly className?: string;
  readonly end?: ReactNode;
  readonly type?: 'text' | 'date' | 'search' | 'password';
}

export function TextField(props: TextFieldProps): ReactNode {
  const { label, value, onChange, help, error, unit, numeric = false, lines = false } = props;
  const invalid = error !== undefined && error !== null && error !== '';
  return (
    <AriaTextField
      className={`field ${props.className ?? ''}`}
      value={value}
      onChange={onChange}
      isInvalid={invalid}
      validationBehavior="aria"
      {...(invalid ? { 'data-invalid': true } : {})}
      {...(props.maxLength === undefined ? {} : { maxLength: props.maxLength })}
      {...(props.focusFirst === true ? { autoFocus: true } : {})}
      {...(numeric ? { inputMode: 'decimal' as const } : {})}
      {...(props.hideLabel === true ? { 'aria-label': label } : {})}
      {...(props.type === undefined ? {} : { type: props.type })}
      onKeyDown={(event) => {
        // React Aria keeps a handled key to itself; the screen's own keys (Escape, the lock) need it too.
        if (event.key === 'Enter' && !lines && props.onEnter !== undefined) props.onEnter();
        else event.continuePropagation();
      }}
    >
      {props.hideLabel === true ? null : <Label>{label}</Label>}
      <div className="field-box">
        {props.icon}
        {lines ? (
          <TextArea placeholder={props.placeholder ?? ''} />
        ) : (
          <Input placeholder={props.placeholder ?? ''} autoComplete="off" />
        )}
        {unit === undefined ? null : <span className="text-ink-2">{unit}</span>}
        {props.end}
      </div>
      {help === undefined ? null : (
        <Text slot="description" className="field-help">
          {help}
        </Text>
      )}
      <FieldError className="field-error">
        {invalid ? (
          <>
            <StatusMark shape="stopped" size={14} />
            {error}
          </>
        ) : null}
      </FieldError>
    </AriaTextField>
  );
}

/** Reads what a person typed as a number: comma or point, spaces ignored; null when it is none. */
export function parseTypedNumber(text: string): number | null {
  const plain = text.replaceAll(/[\s\u202F]/g, '').replace(',', '.');
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
}

/** A whole row that toggles, with its box. Nothing is ticked beforehand. */
export function TickRow({
  selected,
  onChange,
  className = '',
  children,
}: {
  readonly selected: boolean;
  readonly onChange: (selected: boolean) => void;
  readonly className?: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <Checkbox
      isSelected={selected}
      onChange={onChange}
      className={`flex cursor-pointer items-start gap-5 ${className}`}
    >
      <span className="tick-box">
        <Check size={18} strokeWidth={2} aria-hidden />
      </span>
      {children}
    </Checkbox>
  );
}
