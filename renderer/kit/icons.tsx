/** The few icons that lucide draws otherwise than this house does. */
import type { ReactNode } from 'react';

/** Two bars, not two boxes. */
export function PauseBars({ size = 18 }: { size?: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" aria-hidden>
      <path d="M9 6v12M15 6v12" strokeWidth="1.9" strokeLinecap="round" />
    </svg>
  );
}
