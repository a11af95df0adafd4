/** A change drawn on the band of its error: within the band it says nothing, outside it is a triangle. Fixed scale per table. */
import type { ReactNode } from 'react';

export interface BandChartProps {
  readonly change: number;
  /** Standard error of the change. */
  readonly standardError: number;
  /** Least significant change: the half-width of the band. */
  readonly limit: number;
  /** The axis runs from -range to +range; changes beyond it are drawn at the edge. */
  readonly range: number;
  readonly label: string;
}

export function BandChart({ change, standardError, limit, range, label }: BandChartProps): ReactNode {
  const width = 214;
  const x = (value: number): number => ((Math.min(range, Math.max(-range, value)) + range) / (2 * range)) * width;
  const beyond = Math.abs(change) > limit;
  const colour = beyond ? 'var(--warn-mark)' : 'var(--chart-line)';
  const at = x(change);
  return (
    <svg width={width} height="26" viewBox={`0 0 ${width} 26`} role="img" aria-label={label}>
      <rect x={x(-limit)} y="2" width={x(limit) - x(-limit)} height="22" fill="var(--chart-band)" />
      <path d={`M${width / 2} 0V26`} stroke="var(--accent-line)" />
      <path d={`M${x(change - standardError)} 13H${x(change + standardError)}`} stroke={colour} strokeWidth="2" />
      {beyond ? (
        <path d={`M${at} 7.5l5.6 10h-11.2z`} fill={colour} />
      ) : (
        <circle cx={at} cy="13" r="4.5" fill={colour} stroke="var(--surface)" strokeWidth="1.5" />
      )}
    </svg>
  );
}
