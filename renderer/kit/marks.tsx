/** Status marks, tags and segments. A mark never stands without its word; see kit/README.md for what each means. */
import type { ReactNode } from 'react';
import type { StepMark } from '../../electron/contract/views.ts';

/** Hue. The shape says the same again. */
export type Tone = 'ok' | 'busy' | 'warn' | 'fault' | 'none' | 'accent';
/** The seven shapes, with the three of `to do / now / nothing to do here`. */
export type MarkShape = 'done' | 'busy' | 'care' | 'stopped' | 'absent' | 'aside' | 'todo' | 'now' | 'nothing';

const TONES: Readonly<Record<MarkShape, Tone>> = {
  done: 'ok',
  busy: 'busy',
  care: 'warn',
  stopped: 'fault',
  absent: 'none',
  aside: 'warn',
  todo: 'none',
  now: 'accent',
  nothing: 'none',
};

/** Draws a mark, 16 px unless told. `label` only where no word stands beside it. */
export function StatusMark({
  shape,
  size = 16,
  label,
}: {
  shape: MarkShape;
  size?: number;
  label?: string;
}): ReactNode {
  const turning = shape === 'busy' ? ' mark-turning' : '';
  return (
    <svg
      className={`mark mark-${TONES[shape]}${turning}`}
      width={size}
      height={size}
      viewBox="0 0 16 16"
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    >
      {SHAPES[shape]}
    </svg>
  );
}

const SHAPES: Readonly<Record<MarkShape, ReactNode>> = {
  done: (
    <>
      <circle cx="8" cy="8" r="7" fill="var(--mk)" />
      <path
        d="M4.9 8.2l2.2 2.2 4-4.6"
        stroke="var(--mkg)"
        strokeWidth="1.7"
        fill="none"
        strokeLinecap="round"
        strokeLinejoin="round"
      />
    </>
  ),
  busy: (
    <>
      <circle cx="8" cy="8" r="5.8" fill="none" stroke="var(--mk)" strokeWidth="2" opacity=".3" />
      <path
        className="mark-arc"
        d="M8 2.2A5.8 5.8 0 0 1 13.8 8"
        fill="none"
        stroke="var(--mk)"
        strokeWidth="2"
        strokeLinecap="round"
      />
    </>
  ),
  care: (
    <>
      <path
        d="M8 1.4c.5 0 .9.2 1.1.6l6 10.7c.5.9-.1 1.9-1.1 1.9H2c-1 0-1.6-1-1.1-1.9L6.9 2c.2-.4.6-.6 1.1-.6z"
        fill="var(--mk)"
      />
      <path d="M8 5.6v4.2M8 12h.01" stroke="var(--mkg)" strokeWidth="1.7" strokeLinecap="round" />
    </>
  ),
  stopped: (
    <>
      <path d="M5.2 1h5.6L15 5.2v5.6L10.8 15H5.2L1 10.8V5.2z" fill="var(--mk)" />
      <path d="M5.6 5.6l4.8 4.8M10.4 5.6l-4.8 4.8" stroke="var(--mkg)" strokeWidth="1.7" strokeLinecap="round" />
    </>
  ),
  absent: <circle cx="8" cy="8" r="6" fill="none" stroke="var(--mk)" strokeWidth="1.7" strokeDasharray="2.4 2.3" />,
  aside: (
    <>
      <rect x="1.8" y="1.8" width="12.4" height="12.4" rx="2.4" fill="none" stroke="var(--mk)" strokeWidth="1.7" />
      <path d="M5 8h6" stroke="var(--mk)" strokeWidth="1.8" strokeLinecap="round" />
    </>
  ),
  todo: <circle cx="8" cy="8" r="6.2" fill="none" stroke="var(--mk)" strokeWidth="1.6" />,
  now: (
    <>
      <circle cx="8" cy="8" r="6.2" fill="none" stroke="var(--mk)" strokeWidth="1.8" />
      <circle cx="8" cy="8" r="3" fill="var(--mk)" />
    </>
  ),
  nothing: (
    <>
      <circle cx="8" cy="8" r="6.2" fill="none" stroke="var(--mk)" strokeWidth="1.6" />
      <path d="M5.2 8h5.6" stroke="var(--mk)" strokeWidth="1.6" strokeLinecap="round" />
    </>
  ),
};

/** A mark with its word on the soft ground of its hue. */
export function Tag({
  shape,
  tone,
  size = 'small',
  children,
}: {
  shape: MarkShape;
  tone?: Tone;
  size?: 'small' | 'flag' | 'large';
  children: ReactNode;
}): ReactNode {
  const sizes = { small: '', flag: ' tag-flag', large: ' tag-large' };
  return (
    <span className={`tag tag-${tone ?? TONES[shape]}${sizes[size]}`}>
      <StatusMark shape={shape} size={14} />
      {children}
    </span>
  );
}

/** The steps of a visit as segments. `label` is what a screen reader says, e.g. "3 of 8 steps done". */
export function Segments({ marks, label }: { marks: readonly StepMark['mark'][]; label: string }): ReactNode {
  return (
    <span className="segments" role="img" aria-label={label}>
      {marks
        .map((mark, place) => ({ mark, place }))
        .map(({ mark, place }) => (
          <i key={place} data-mark={mark} />
        ))}
    </span>
  );
}
