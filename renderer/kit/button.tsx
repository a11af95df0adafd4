/** The one button. A key given here is both registered and printed on it. */
import type { ReactNode } from 'react';
import { Button as AriaButton, Tooltip, TooltipTrigger } from 'react-aria-components';
import { KeyCap, useKeys } from './keys.tsx';
import { StatusMark } from './marks.tsx';

export interface ButtonProps {
  /** `primary`: one per screen. */
  readonly look?: 'primary' | 'outlined' | 'plain' | 'accent' | 'danger';
  readonly size?: 'usual' | 'large' | 'tall';
  readonly onPress: () => void;
  readonly disabled?: boolean;
  /** Its work is under way: it stays in place and cannot be pressed again. */
  readonly busy?: boolean;
  /** The key that does the same. Off while disabled or busy. */
  readonly hotkey?: string;
  /** What the key overview says; needed only where the text is not plain. */
  readonly hotkeyLabel?: string;
  readonly icon?: ReactNode;
  readonly className?: string;
  /** Why it is disabled, or more than its words say. */
  readonly describedBy?: string;
  readonly children: ReactNode;
}

export function Button({
  look = 'plain',
  size = 'usual',
  onPress,
  disabled = false,
  busy = false,
  hotkey,
  hotkeyLabel,
  icon,
  className = '',
  describedBy,
  children,
}: ButtonProps): ReactNode {
  const off = disabled || busy;
  useKeys(
    hotkey === undefined
      ? []
      : [
          {
            key: hotkey,
            label: hotkeyLabel ?? (typeof children === 'string' ? children : ''),
            run: onPress,
            disabled: off,
          },
        ],
  );
  const sizes = { usual: '', large: ' button-large', tall: ' button-large button-tall' };
  return (
    <AriaButton
      className={`button button-${look}${sizes[size]} ${className}`}
      onPress={onPress}
      isDisabled={off}
      preventFocusOnPress
      {...(hotkey === undefined ? {} : { 'aria-keyshortcuts': hotkey.replace('Ctrl', 'Control') })}
      {...(describedBy === undefined ? {} : { 'aria-describedby': describedBy })}
    >
      {busy ? <StatusMark shape="busy" /> : icon}
      {children}
      {hotkey === undefined ? null : <KeyCap name={hotkey} />}
    </AriaButton>
  );
}

/** For close, back, zoom only: an icon with its name as label and tooltip. */
export function IconButton({
  label,
  onPress,
  disabled = false,
  className = 'button button-icon',
  hotkey,
  children,
}: {
  readonly label: string;
  readonly onPress: () => void;
  readonly disabled?: boolean;
  readonly className?: string;
  readonly hotkey?: string;
  readonly children: ReactNode;
}): ReactNode {
  useKeys(hotkey === undefined ? [] : [{ key: hotkey, label, run: onPress, disabled }]);
  return (
    <TooltipTrigger delay={500}>
      <AriaButton className={className} aria-label={label} onPress={onPress} isDisabled={disabled} preventFocusOnPress>
        {children}
      </AriaButton>
      <Tooltip className="rounded-tag bg-ink px-2 py-1 text-13 text-surface" offset={6}>
        {label}
        {hotkey === undefined ? null : ` (${hotkey})`}
      </Tooltip>
    </TooltipTrigger>
  );
}
