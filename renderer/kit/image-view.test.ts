import { describe, expect, it } from 'vitest';
import { clampView, FITTED, panBy, zoomAt } from './image-view.ts';

describe('the view of a picture in its well', () => {
  it('keeps the point under the pointer in place while zooming', () => {
    const at = { x: 0.2, y: -0.1 };
    const zoomed = zoomAt(FITTED, 3, at);
    // The picture's point at `at` before: (at - view) / scale.
    expect((at.x - zoomed.x) / zoomed.scale).toBeCloseTo(at.x, 6);
    expect((at.y - zoomed.y) / zoomed.scale).toBeCloseTo(at.y, 6);
  });
  it('never goes below fitted nor beyond its edge', () => {
    expect(zoomAt(FITTED, 0.1, { x: 0, y: 0 })).toEqual(FITTED);
    expect(panBy(FITTED, 5, 5)).toEqual(FITTED);
    expect(panBy({ scale: 3, x: 0, y: 0 }, 9, -9)).toEqual({ scale: 3, x: 1, y: -1 });
    expect(clampView({ scale: 99, x: 0, y: 0 }).scale).toBe(16);
  });
});
