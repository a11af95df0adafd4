/** The quadrant that a row of the table speaks of, around the field's centre, in the picture's own box. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import type { FindingValue } from '../../electron/contract/judgement.ts';
import { regionName } from './review-words.ts';

export function QuadrantLines({
  field,
  aspect,
  eye,
  region,
}: {
  /** `x` and `radius` in fractions of the width, `y` of the height. */
  readonly field: { readonly x: number; readonly y: number; readonly radius: number };
  readonly aspect: number;
  readonly eye: 'right' | 'left';
  readonly region: Exclude<FindingValue['region'], 'whole'>;
}): ReactNode {
  const { i18n } = useLingui();
  const upper = region.startsWith('upper');
  const nasal = region.endsWith('nasal');
  // Nasal lies to the viewer's right in a right eye, to the left in a left one.
  const toRight = nasal === (eye === 'right');
  const [x, y] = [100 * field.x, 100 * field.y];
  const endX = x + (toRight ? 1 : -1) * 100 * field.radius;
  const endY = y + (upper ? -1 : 1) * 100 * field.radius * aspect;
  return (
    <>
      <svg className="absolute inset-0 size-full" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden>
        <path
          d={`M${x} ${endY}V${y}H${endX}`}
          fill="none"
          stroke="var(--soft-tile)"
          strokeWidth="1.5"
          strokeDasharray="5 4"
          vectorEffect="non-scaling-stroke"
        />
      </svg>
      <span
        className="absolute text-13 font-semibold text-soft-tile"
        style={{
          [toRight ? 'right' : 'left']: `${toRight ? 100 - endX + 7 : endX + 7}%`,
          top: `${y + (upper ? 1.5 : -4.5)}%`,
        }}
      >
        {regionName(i18n, region)}
      </span>
    </>
  );
}
