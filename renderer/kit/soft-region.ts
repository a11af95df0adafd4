/** Soft tiles as one region: its outline, and where it lies as seen from the eye. Pure. */
import type { Tile } from '../../electron/contract/judgement.ts';

/** An edge of the region in fractions of the picture. */
export interface Edge {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/** The outer edges of the union of the soft tiles: those that no other soft tile shares. */
export function outlineOf(tiles: readonly Tile[]): readonly Edge[] {
  const edges = new Map<string, Edge>();
  for (const tile of tiles.filter((each) => each.soft)) {
    const left = tile.x;
    const right = tile.x + tile.width;
    const top = tile.y;
    const bottom = tile.y + tile.height;
    for (const edge of [
      { x1: left, y1: top, x2: right, y2: top },
      { x1: left, y1: bottom, x2: right, y2: bottom },
      { x1: left, y1: top, x2: left, y2: bottom },
      { x1: right, y1: top, x2: right, y2: bottom },
    ]) {
      const key = [edge.x1, edge.y1, edge.x2, edge.y2].map(thousandths).join(' ');
      if (edges.has(key)) edges.delete(key);
      else edges.set(key, edge);
    }
  }
  return [...edges.values()];
}

function thousandths(value: number): number {
  return Math.round(value * 1000);
}

export type Half = 'upper' | 'lower' | null;
export type Side = 'temporal' | 'nasal' | null;

/**
 * Where all soft tiles lie relative to the middle of the field. Temporal is on the viewer's left for the right eye and on
 * the viewer's right for the left eye. Null = on both sides.
 */
export function placeOf(
  tiles: readonly Tile[],
  eye: 'right' | 'left',
  centre: { readonly x: number; readonly y: number } = { x: 0.5, y: 0.5 },
): { readonly half: Half; readonly side: Side } {
  const soft = tiles.filter((tile) => tile.soft);
  const middles = soft.map((tile) => ({
    x: tile.x + tile.width / 2 - centre.x,
    y: tile.y + tile.height / 2 - centre.y,
  }));
  const every = (test: (middle: { x: number; y: number }) => boolean): boolean =>
    middles.length > 0 && middles.every(test);
  const half: Half = every((middle) => middle.y < 0.02)
    ? 'upper'
    : every((middle) => middle.y > -0.02)
      ? 'lower'
      : null;
  const left = every((middle) => middle.x < 0.02);
  const right = every((middle) => middle.x > -0.02);
  const side: Side = left === right ? null : left === (eye === 'right') ? 'temporal' : 'nasal';
  return { half, side };
}
