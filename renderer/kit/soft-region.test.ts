import { describe, expect, it } from 'vitest';
import { outlineOf, placeOf } from './soft-region.ts';

const tile = (column: number, row: number, soft: boolean) => ({
  x: column / 4,
  y: row / 4,
  width: 0.25,
  height: 0.25,
  focus: soft ? 1.2 : 9,
  soft,
});

describe('soft tiles as one region', () => {
  it('outlines two neighbours as one box of six edges, the shared one gone', () => {
    expect(outlineOf([tile(0, 0, true), tile(1, 0, true), tile(2, 0, false)])).toHaveLength(6);
  });
  it('names the part of the field as seen from the eye', () => {
    const lowerLeft = [tile(0, 3, true), tile(1, 2, true), tile(3, 0, false)];
    expect(placeOf(lowerLeft, 'right')).toEqual({ half: 'lower', side: 'temporal' });
    expect(placeOf(lowerLeft, 'left')).toEqual({ half: 'lower', side: 'nasal' });
    expect(placeOf([tile(0, 0, true), tile(3, 3, true)], 'left')).toEqual({ half: null, side: null });
  });
});
