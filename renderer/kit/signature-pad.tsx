/** A pad to sign on with finger, pen or mouse: strokes in fractions of the pad, ms since the first touch; palms are ignored. */
import type { PointerEvent, ReactNode } from 'react';
import { useRef, useState } from 'react';
import type { Signature } from '../../electron/contract/documents.ts';

export type Strokes = Signature['strokes'];

/** A signature of fewer points is a touch by accident. */
export const LEAST_SIGNATURE_POINTS = 40;
/** What the contract takes at most. */
const MOST_STROKES = 200;
const MOST_POINTS = 5000;

export function pointsOf(strokes: Strokes): number {
  return strokes.reduce((sum, stroke) => sum + stroke.length, 0);
}

export function SignaturePad({
  strokes,
  onChange,
  label,
  height = 240,
}: {
  readonly strokes: Strokes;
  readonly onChange: (strokes: Strokes) => void;
  readonly label: string;
  readonly height?: number;
}): ReactNode {
  const pad = useRef<HTMLDivElement>(null);
  const started = useRef<number | null>(null);
  const [pointer, setPointer] = useState<number | null>(null);
  const [width, setWidth] = useState(1000);

  const point = (event: PointerEvent): [number, number, number] | null => {
    const box = pad.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return null;
    started.current ??= event.timeStamp;
    return [
      clamp((event.clientX - box.left) / box.width),
      clamp((event.clientY - box.top) / box.height),
      Math.round(event.timeStamp - started.current),
    ];
  };
  const down = (event: PointerEvent): void => {
    // One finger signs; a second one or a palm beside it is left alone.
    if (pointer !== null || !event.isPrimary || strokes.length >= MOST_STROKES) return;
    const box = pad.current?.getBoundingClientRect();
    if (box !== undefined) setWidth(box.width);
    const at = point(event);
    if (at === null) return;
    pad.current?.setPointerCapture(event.pointerId);
    setPointer(event.pointerId);
    onChange([...strokes, [at]]);
  };
  const move = (event: PointerEvent): void => {
    if (event.pointerId !== pointer) return;
    const last = strokes.at(-1);
    const at = point(event);
    if (last === undefined || at === null || last.length >= MOST_POINTS) return;
    onChange([...strokes.slice(0, -1), [...last, at]]);
  };
  const up = (event: PointerEvent): void => {
    if (event.pointerId === pointer) setPointer(null);
  };

  return (
    <div
      ref={pad}
      className="signature-pad"
      role="application"
      aria-label={label}
      style={{ height }}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
    >
      <SignatureDrawing strokes={strokes} width={width} height={height} />
    </div>
  );
}

/** Strokes drawn as smooth lines in a box of the given size. */
export function SignatureDrawing({
  strokes,
  width,
  height,
}: {
  strokes: Strokes;
  width: number;
  height: number;
}): ReactNode {
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden>
      {strokes
        .map((stroke, place) => ({ stroke, place }))
        .map(({ stroke, place }) => (
          <path
            key={place}
            d={pathOf(stroke.map(([x, y]) => [x * width, y * height] as const))}
            fill="none"
            stroke="var(--ink)"
            strokeWidth="3"
            strokeLinecap="round"
            strokeLinejoin="round"
          />
        ))}
    </svg>
  );
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/** Through the middles of the points, so that the line has no corners. */
function pathOf(points: readonly (readonly [number, number])[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let path = `M${first[0]} ${first[1]}`;
  let previous = first;
  for (const next of rest) {
    path += `Q${previous[0]} ${previous[1]} ${(previous[0] + next[0]) / 2} ${(previous[1] + next[1]) / 2}`;
    previous = next;
  }
  return `${path}L${previous[0]} ${previous[1]}`;
}
