/** Where a picture lies in its well: zoom and pan as pure values, so that two wells can share one and tests need no screen. */

/** Scale 1 = fitted; x and y move the picture's centre, in fractions of the fitted picture. */
export interface ImageView {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const FITTED: ImageView = { scale: 1, x: 0, y: 0 };
const MOST = 16;

/** Keeps at least the middle of the picture in the well. */
export function clampView(view: ImageView): ImageView {
  const scale = Math.min(MOST, Math.max(1, view.scale));
  const reach = (scale - 1) / 2;
  const keep = (value: number): number => Math.min(reach, Math.max(-reach, value));
  return { scale, x: keep(view.x), y: keep(view.y) };
}

/**
 * Zooms by `factor` so that the point under the pointer stays. `at` is relative to the well's centre, in fractions of the
 * fitted picture.
 */
export function zoomAt(view: ImageView, factor: number, at: { readonly x: number; readonly y: number }): ImageView {
  const scale = Math.min(MOST, Math.max(1, view.scale * factor));
  const ratio = scale / view.scale;
  return clampView({ scale, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio });
}

/** Moves by fractions of the fitted picture. */
export function panBy(view: ImageView, dx: number, dy: number): ImageView {
  return clampView({ ...view, x: view.x + dx, y: view.y + dy });
}
