/** A few earlier values and today's: open points are earlier, the filled one is today. With a table for those who can't see it. */
import type { ReactNode } from 'react';
import { formatMonth, formatNumber } from './format.ts';
import { labelledPlaces } from './trend-labels.ts';
import { useSize } from './use-size.ts';

export interface TrendPoint {
  readonly day: string;
  readonly value: number;
}

export function TrendChart({
  earlier,
  today,
  unit,
  decimals,
  label,
  todayWord,
}: {
  readonly earlier: readonly TrendPoint[];
  /** Null = not measured yet today. */
  readonly today: number | null;
  readonly unit: string;
  readonly decimals: number;
  readonly label: string;
  readonly todayWord: string;
}): ReactNode {
  const [ref, size] = useSize<HTMLDivElement>();
  const height = 150;
  const width = Math.max(200, size.width);
  const values = [...earlier.map((point) => point.value), ...(today === null ? [] : [today])];
  const low = Math.min(...values);
  const high = Math.max(...values);
  // At least 2 units from bottom to top: smaller changes must not look large.
  const spread = Math.max(2, high - low) * 1.25;
  const bottom = (low + high) / 2 - spread / 2;
  const y = (value: number): number => 110 - ((value - bottom) / spread) * 95;
  const places = earlier.length + 1;
  const x = (place: number): number => (places === 1 ? width - 24 : 52 + (place * (width - 76)) / (places - 1));
  const points = [
    ...earlier.map((point, place) => ({ x: x(place), y: y(point.value) })),
    ...(today === null ? [] : [{ x: x(earlier.length), y: y(today) }]),
  ];
  const ticks = niceTicks(bottom, bottom + spread);
  const labelled = labelledPlaces(places, width - 76);
  return (
    <div ref={ref}>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
        <g fontSize="12" fill="var(--chart-axis)">
          {ticks.map((tick, place) => (
            <g key={tick}>
              <path d={`M0 ${y(tick)}H${width}`} stroke="var(--line)" />
              <text x="0" y={y(tick) - 5}>
                {formatNumber(tick, 0)}
                {place === ticks.length - 1 ? ` ${unit}` : ''}
              </text>
            </g>
          ))}
          {earlier.map((point, place) =>
            labelled.has(place) ? (
              <text key={point.day} x={x(place)} y={142} textAnchor="middle">
                {formatMonth(point.day)}
              </text>
            ) : null,
          )}
          <text x={x(earlier.length)} y={142} textAnchor="middle" fontWeight="600" fill="var(--accent)">
            {todayWord}
          </text>
        </g>
        <path
          d={points.map((point, place) => `${place === 0 ? 'M' : 'L'}${point.x} ${point.y}`).join('')}
          fill="none"
          stroke="var(--chart-prior)"
          strokeWidth="1.5"
        />
        {points.slice(0, earlier.length).map((point) => (
          <circle
            key={point.x}
            cx={point.x}
            cy={point.y}
            r="4"
            fill="var(--canvas)"
            stroke="var(--chart-prior)"
            strokeWidth="1.7"
          />
        ))}
        {today === null ? null : (
          <circle
            cx={x(earlier.length)}
            cy={y(today)}
            r="5.5"
            fill="var(--accent)"
            stroke="var(--canvas)"
            strokeWidth="2"
          />
        )}
      </svg>
      <table className="sr-only">
        <caption>{label}</caption>
        <tbody>
          {earlier.map((point) => (
            <tr key={point.day}>
              <th scope="row">{formatMonth(point.day)}</th>
              <td>
                {formatNumber(point.value, decimals)} {unit}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Two or three whole numbers within the range. */
function niceTicks(low: number, high: number): number[] {
  const step = high - low > 12 ? 10 : high - low > 5 ? 5 : high - low > 2.2 ? 2 : 1;
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return ticks.slice(0, 4);
}
