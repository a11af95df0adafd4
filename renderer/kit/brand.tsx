/** The product's sign. */
import type { ReactNode } from 'react';

export function Brand({ size = 30 }: { size?: number }): ReactNode {
  return (
    <svg width={size} height={size} viewBox="0 0 28 28" aria-hidden>
      <path d="M2 6h6.2L14 19.5 19.8 6H26L17 24.5h-6z" fill="var(--accent)" />
      <circle cx="14" cy="6.6" r="3.1" fill="var(--accent)" />
    </svg>
  );
}
