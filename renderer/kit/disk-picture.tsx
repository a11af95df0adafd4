/** The disk to scale: what is used and what is free. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { formatBytes } from './format.ts';

export function DiskPicture({
  freeBytes,
  totalBytes,
  reserveBytes,
}: {
  readonly freeBytes: number;
  readonly totalBytes: number;
  readonly reserveBytes: number;
}): ReactNode {
  const { i18n } = useLingui();
  const height = 540;
  const free = Math.max(3, (freeBytes / Math.max(1, totalBytes)) * height);
  return (
    <figure className="m-0">
      <h2 className="pb-4 text-17">{i18n.t('This disk, {size}, drawn to scale', { size: formatBytes(totalBytes) })}</h2>
      <svg
        width="560"
        height={height + 64}
        viewBox={`0 0 560 ${height + 64}`}
        role="img"
        aria-label={i18n.t('{free} free', { free: formatBytes(freeBytes) })}
      >
        <rect
          x="1"
          y="1"
          width="130"
          height={height}
          rx="10"
          fill="var(--surface)"
          stroke="var(--line-strong)"
          strokeWidth="1.5"
        />
        <path d={`M1 ${1 + free}H131V${height - 9}a10 10 0 0 1-10 10H11a10 10 0 0 1-10-10z`} fill="var(--accent)" />
        <path d={`M160 ${1 + free}H560`} stroke="var(--line)" />
        <text x="160" y={free + 30} fontSize="20" fontWeight="600" fill="var(--ink)">
          {i18n.t('{used} in use', { used: formatBytes(totalBytes - freeBytes) })}
        </text>
        <text x="160" y={free + 54} fontSize="15" fill="var(--ink-2)">
          {i18n.t('{free} free', { free: formatBytes(freeBytes) })}
        </text>
        <text x="160" y={free + 78} fontSize="15" fill="var(--ink-2)">
          {i18n.t('{reserve} stay free to close visits safely', { reserve: formatBytes(reserveBytes) })}
        </text>
      </svg>
    </figure>
  );
}
