/** Binary regions: the largest connected one of a mask. */

/** 1 = inside. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** The largest 4-connected region of 1s and its number of pixels; an empty mask gives an empty mask and 0. */
export function largestRegion(mask: Mask): { readonly mask: Mask; readonly area: number } {
  const { width, height } = mask;
  const labels = new Int32Array(width * height);
  const stack = new Int32Array(width * height);
  let best = 0;
  let bestArea = 0;
  let label = 0;
  for (let start = 0; start < labels.length; start += 1) {
    if (mask.data[start] === 0 || labels[start] !== 0) continue;
    label += 1;
    let area = 0;
    let depth = 0;
    stack[depth++] = start;
    labels[start] = label;
    while (depth > 0) {
      const at = stack[--depth]!;
      area += 1;
      const x = at % width;
      if (x > 0) depth = visit(at - 1, depth);
      if (x < width - 1) depth = visit(at + 1, depth);
      if (at >= width) depth = visit(at - width, depth);
      if (at < labels.length - width) depth = visit(at + width, depth);
    }
    if (area > bestArea) {
      bestArea = area;
      best = label;
    }
  }
  const data = new Uint8Array(width * height);
  if (bestArea > 0) for (let at = 0; at < data.length; at += 1) data[at] = labels[at] === best ? 1 : 0;
  return { mask: { width, height, data }, area: bestArea };

  function visit(at: number, depth: number): number {
    if (mask.data[at] === 0 || labels[at] !== 0) return depth;
    labels[at] = label;
    stack[depth] = at;
    return depth + 1;
  }
}
