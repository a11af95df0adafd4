/**
 * A picture in its dark well: fitted, zoomed by wheel, pinch and keys, with an overlay and the soft tiles hatched as one
 * region. No filters but the green channel that a reviewer asks for, no rounded corners, no mirroring.
 */
import type { PointerEvent, ReactNode, WheelEvent } from 'react';
import { useId, useRef, useState } from 'react';
import type { Judgement } from '../../electron/contract/judgement.ts';
import { formatNumber } from './format.ts';
import type { ImageView } from './image-view.ts';
import { FITTED, panBy, zoomAt } from './image-view.ts';
import { useKeys } from './keys.tsx';
import { SimulatedTag } from './simulated.tsx';
import { outlineOf } from './soft-region.ts';
import type { Size } from './use-size.ts';
import { useSize } from './use-size.ts';

export interface ImageWellProps {
  /** Path of the picture; null while it is opened. */
  readonly src: string | null;
  /** Shown until the picture itself is there. */
  readonly preview?: string | null;
  readonly alt: string;
  /** Width / height of the picture; null while nobody has measured it: then the picture itself says. */
  readonly aspect: number | null;
  readonly overlay?: { readonly src: string; readonly opacity: number } | null;
  /** Draws its soft tiles where `showTiles`. */
  readonly judgement?: Pick<Judgement, 'tiles' | 'field'> | null;
  readonly showTiles?: boolean;
  readonly simulated?: boolean;
  /** To share one view between wells; otherwise the well keeps its own. */
  readonly view?: ImageView;
  readonly onViewChange?: (view: ImageView) => void;
  /** Room kept free around the fitted picture, px. */
  readonly margin?: number;
  /** Registers + - 0 and the arrow keys for this well. */
  readonly keys?: boolean;
  /** The green channel alone, as grey: vessels and bleeding show best in it. Only where somebody has asked for it. */
  readonly redFree?: boolean;
  /** Drawn over the picture in its own box: moves and grows with it. */
  readonly drawn?: ReactNode;
  /** Drawn over the picture, in the well's corner. */
  readonly children?: ReactNode;
}

export function ImageWell(props: ImageWellProps): ReactNode {
  const { src, preview = null, alt, aspect, overlay = null, judgement = null, margin = 20 } = props;
  const [ref, size] = useSize<HTMLDivElement>();
  const [ownView, setOwnView] = useState<ImageView>(FITTED);
  const [loaded, setLoaded] = useState<string | null>(null);
  const view = props.view ?? ownView;
  const setView = props.onViewChange ?? setOwnView;
  const [natural, setNatural] = useState<{ readonly src: string | null; readonly aspect: number } | null>(null);
  const ofPicture = natural?.src === src ? natural.aspect : null;
  const fitted = fit(size, aspect ?? ofPicture ?? 1, margin);
  const gestures = useGestures(view, setView, fitted, ref);
  useKeys(
    props.keys === true
      ? [
          { key: '+', label: 'Zoom', run: () => setView(zoomAt(view, 1.5, { x: 0, y: 0 })) },
          { key: '-', label: 'Zoom out', run: () => setView(zoomAt(view, 1 / 1.5, { x: 0, y: 0 })) },
          { key: '0', label: 'Fit', run: () => setView(FITTED) },
        ]
      : [],
  );
  const filterId = useId();
  const filter = props.redFree === true ? { filter: `url("#${filterId}")` } : {};
  const transform = `translate(${view.x * fitted.width}px, ${view.y * fitted.height}px) scale(${view.scale})`;
  return (
    <div ref={ref} className="well h-full w-full touch-none" {...gestures}>
      {props.redFree === true ? <GreenChannel id={filterId} /> : null}
      <div
        className="absolute mix-blend-lighten"
        style={{
          left: (size.width - fitted.width) / 2,
          top: (size.height - fitted.height) / 2,
          width: fitted.width,
          height: fitted.height,
          transform,
        }}
      >
        {preview !== null && loaded !== src ? (
          <img
            className="absolute inset-0 size-full object-contain"
            src={preview}
            alt=""
            draggable={false}
            style={filter}
          />
        ) : null}
        {src === null ? null : (
          <img
            className="absolute inset-0 size-full object-contain"
            src={src}
            alt={alt}
            draggable={false}
            style={filter}
            onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => {
              setLoaded(src);
              if (naturalHeight > 0) setNatural({ src, aspect: naturalWidth / naturalHeight });
            }}
          />
        )}
        {overlay === null ? null : (
          <img
            className="absolute inset-0 size-full object-contain"
            src={overlay.src}
            alt=""
            draggable={false}
            style={{ opacity: overlay.opacity }}
          />
        )}
        {props.drawn}
        {judgement !== null && props.showTiles === true ? (
          <SoftRegion judgement={judgement} width={fitted.width} height={fitted.height} />
        ) : null}
      </div>
      {props.simulated === true ? (
        <span className="absolute start-7 bottom-5">
          <SimulatedTag />
        </span>
      ) : null}
      {props.children}
    </div>
  );
}

/** The green channel as it was stored: no linearisation, so that its numbers are those of the picture. */
function GreenChannel({ id }: { id: string }): ReactNode {
  return (
    <svg className="absolute size-0" aria-hidden>
      <filter id={id} colorInterpolationFilters="sRGB">
        <feColorMatrix type="matrix" values="0 1 0 0 0  0 1 0 0 0  0 1 0 0 0  0 0 0 1 0" />
      </filter>
    </svg>
  );
}

function fit(size: Size, aspect: number, margin: number): Size {
  const width = Math.max(0, Math.min(size.width - 2 * margin, (size.height - 2 * margin) * aspect));
  return { width, height: width / aspect };
}

/** Soft tiles hatched, outlined as one region within the round field, each with its focus value. */
function SoftRegion({
  judgement,
  width,
  height,
}: {
  judgement: Pick<Judgement, 'tiles' | 'field'>;
  width: number;
  height: number;
}): ReactNode {
  const id = useId();
  const { tiles, field } = judgement;
  const soft = tiles.filter((tile) => tile.soft);
  const outline = outlineOf(tiles)
    .map((edge) => `M${edge.x1 * width} ${edge.y1 * height}L${edge.x2 * width} ${edge.y2 * height}`)
    .join('');
  const circle = field === null ? null : { cx: field.x * width, cy: field.y * height, r: field.radius * width };
  const box = (tile: (typeof soft)[number]) => ({
    x: tile.x * width,
    y: tile.y * height,
    width: tile.width * width,
    height: tile.height * height,
  });
  return (
    <svg className="absolute inset-0 size-full object-contain" viewBox={`0 0 ${width} ${height}`} aria-hidden>
      <defs>
        <pattern id={`${id}h`} width="10" height="10" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path d="M0 0V10" stroke="var(--soft-tile)" strokeWidth="1.5" opacity=".5" />
        </pattern>
        {circle === null ? null : (
          <clipPath id={`${id}f`}>
            <circle {...circle} />
          </clipPath>
        )}
        <clipPath id={`${id}t`}>
          {soft.map((tile) => (
            <rect key={`${tile.x} ${tile.y}`} {...box(tile)} />
          ))}
        </clipPath>
      </defs>
      <g {...(circle === null ? {} : { clipPath: `url(#${id}f)` })}>
        {soft.map((tile) => (
          <rect key={`${tile.x} ${tile.y}`} {...box(tile)} fill={`url(#${id}h)`} />
        ))}
        <path d={outline} fill="none" stroke="var(--soft-tile)" strokeWidth="2.5" strokeLinecap="square" />
      </g>
      {circle === null ? null : (
        <circle {...circle} fill="none" stroke="var(--soft-tile)" strokeWidth="2.5" clipPath={`url(#${id}t)`} />
      )}
      {soft.map((tile) => {
        const middle = { x: (tile.x + tile.width / 2) * width, y: (tile.y + tile.height / 2) * height };
        if (tile.focus === null || tile.width * width < 60) return null;
        if (circle !== null && Math.hypot(middle.x - circle.cx, middle.y - circle.cy) > circle.r - 16) return null;
        return (
          <g key={`${tile.x} ${tile.y}`}>
            <rect x={middle.x - 23} y={middle.y - 13} width="46" height="26" rx="4" fill="var(--well)" />
            <text
              x={middle.x}
              y={middle.y + 5.5}
              fontSize="15"
              fontWeight="600"
              textAnchor="middle"
              fill="var(--soft-tile)"
            >
              {formatNumber(tile.focus, 1)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

interface Gestures {
  readonly onWheel: (event: WheelEvent) => void;
  readonly onPointerDown: (event: PointerEvent) => void;
  readonly onPointerMove: (event: PointerEvent) => void;
  readonly onPointerUp: (event: PointerEvent) => void;
  readonly onPointerCancel: (event: PointerEvent) => void;
}

function useGestures(
  view: ImageView,
  setView: (view: ImageView) => void,
  fitted: Size,
  ref: { readonly current: HTMLDivElement | null },
): Gestures {
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const place = (event: { clientX: number; clientY: number }): { x: number; y: number } => {
    const box = ref.current?.getBoundingClientRect();
    if (box === undefined || fitted.width === 0) return { x: 0, y: 0 };
    return {
      x: (event.clientX - box.left - box.width / 2) / fitted.width,
      y: (event.clientY - box.top - box.height / 2) / fitted.height,
    };
  };
  const end = (event: PointerEvent): void => {
    pointers.current.delete(event.pointerId);
  };
  return {
    onWheel: (event) => setView(zoomAt(view, Math.exp(-event.deltaY / 400), place(event))),
    onPointerDown: (event) => {
      if ((event.target as Element).closest('button') !== null) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      pointers.current.set(event.pointerId, place(event));
    },
    onPointerMove: (event) => {
      const before = pointers.current.get(event.pointerId);
      if (before === undefined) return;
      const now = place(event);
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
      pointers.current.set(event.pointerId, now);
      if (other === undefined) {
        setView(panBy(view, now.x - before.x, now.y - before.y));
        return;
      }
      const distance = (a: { x: number; y: number }): number => Math.hypot(a.x - other.x, a.y - other.y);
      const middle = { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 };
      if (distance(before) > 0) setView(zoomAt(view, distance(now) / distance(before), middle));
    },
    onPointerUp: end,
    onPointerCancel: end,
  };
}
