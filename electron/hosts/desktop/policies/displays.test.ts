import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DisplayFacts } from './displays.ts';
import { placeWindows } from './displays.ts';

const display = (id: number, x: number, touchSupport: DisplayFacts['touchSupport'] = 'unknown'): DisplayFacts => ({
  id,
  bounds: { x, y: 0, width: 1920, height: 1080 },
  workArea: { x, y: 40, width: 1920, height: 1040 },
  touchSupport,
});
const KIOSK = { windowed: false, checkinOnOneDisplay: false };

describe('windows on displays', () => {
  it('one display has the facilitator alone', () => {
    expect(placeWindows([display(7, 0)], 7, KIOSK)).toEqual([
      { surface: 'staff', displayId: 7, bounds: { x: 0, y: 0, width: 1920, height: 1080 }, kiosk: true },
    ]);
  });

  it('the second display has check-in, whatever order the system lists them in', () => {
    for (const list of [
      [display(1, 0), display(2, 1920)],
      [display(2, 1920), display(1, 0)],
    ])
      expect(placeWindows(list, 1, KIOSK).map(({ surface, displayId }) => [surface, displayId])).toEqual([
        ['staff', 1],
        ['checkin', 2],
      ]);
  });

  it('of several others a touch display is taken for check-in', () => {
    const [, checkin] = placeWindows([display(1, 0), display(2, 1920), display(3, 3840, 'available')], 1, KIOSK);
    expect(checkin?.displayId).toBe(3);
  });

  it('windowed leaves the system its bars', () => {
    const [staff] = placeWindows([display(1, 0)], 1, { ...KIOSK, windowed: true });
    expect(staff).toMatchObject({ kiosk: false, bounds: { y: 40, height: 1040 } });
  });

  it('check-in can be asked for on the only display, and then nothing covers it', () => {
    const placed = placeWindows([display(1, 0)], 1, { windowed: false, checkinOnOneDisplay: true });
    expect(placed.map(({ surface, kiosk }) => [surface, kiosk])).toEqual([
      ['staff', false],
      ['checkin', false],
    ]);
  });

  it('no display at all, as while a dock is changed, still has the facilitator', () => {
    expect(placeWindows([], 1, KIOSK).map(({ surface }) => surface)).toEqual(['staff']);
  });

  it('any set of displays: one staff window, at most one check-in, never both kiosk on one display, independent of order', () => {
    const displays = fc.uniqueArray(
      fc.record({
        id: fc.integer({ min: 1, max: 99 }),
        x: fc.integer({ min: -4000, max: 4000 }),
        touch: fc.constantFrom('available' as const, 'unavailable' as const, 'unknown' as const),
      }),
      { selector: ({ id }) => id, maxLength: 6 },
    );
    fc.assert(
      fc.property(displays, fc.boolean(), fc.boolean(), (list, windowed, checkinOnOneDisplay) => {
        const facts = list.map(({ id, x, touch }) => display(id, x, touch));
        const primaryId = facts[0]?.id ?? 0;
        const placed = placeWindows(facts, primaryId, { windowed, checkinOnOneDisplay });
        expect(placed.filter(({ surface }) => surface === 'staff')).toHaveLength(1);
        expect(placed.filter(({ surface }) => surface === 'checkin').length).toBeLessThanOrEqual(1);
        const kiosks = placed.filter(({ kiosk }) => kiosk).map(({ displayId }) => displayId);
        expect(new Set(kiosks).size).toBe(kiosks.length);
        expect(placeWindows(facts.toReversed(), primaryId, { windowed, checkinOnOneDisplay })).toEqual(placed);
      }),
    );
  });
});
