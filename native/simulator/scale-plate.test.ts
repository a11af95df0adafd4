import { describe, expect, it } from 'vitest';
import { personKg, ScalePlate } from './scale-plate.ts';

const plateOf = (seed: number): ScalePlate => new ScalePlate({ seed, capacityKg: 200, divisionKg: 0.05 });

/** Ten readings a second after a step onto the plate. */
function stepOn(seed: number, kg: number, count: number, atMs = 0): { kg: number; state: string }[] {
  const plate = plateOf(seed);
  plate.put(kg, atMs);
  return Array.from({ length: count }, (_, index) => plate.read(atMs + index * 100));
}

describe('the plate of a simulated scale', () => {
  it('swings past the weight, settles within three seconds, and stays within a division for nearly all seeds', () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const readings = stepOn(seed, 72.4, 60);
      expect(Math.max(...readings.map((reading) => reading.kg))).toBeGreaterThan(75);
      expect(readings.slice(0, 8).every((reading) => reading.state === 'dynamic')).toBe(true);
      expect(readings.slice(10, 32).some((reading) => reading.state === 'stable')).toBe(true);
      const stable = readings.filter((reading) => reading.state === 'stable');
      for (const { kg } of stable) expect(Math.abs(kg - 72.4)).toBeLessThanOrEqual(0.1);
      const later = readings.slice(35).filter((reading) => reading.state === 'stable').length;
      expect(later).toBeGreaterThanOrEqual(22);
    }
  });

  it('reads the same for the same seed at any time of day', () => {
    expect(stepOn(4, 72.4, 40)).toEqual(stepOn(4, 72.4, 40, 1_795_000_000_123));
    expect(stepOn(4, 72.4, 40)).not.toEqual(stepOn(5, 72.4, 40));
  });

  it('never settles under a restless person', () => {
    const plate = plateOf(2);
    plate.setRestless(true);
    plate.put(70, 0);
    for (let tick = 0; tick < 300; tick += 1) expect(plate.read(tick * 100).state).toBe('dynamic');
  });

  it('has its people near 72.4 kg', () => {
    for (let seed = 0; seed < 200; seed += 1) expect(Math.abs(personKg(seed) - 72.4)).toBeLessThan(1.5);
  });

  it('says overload, underload and zero', () => {
    const plate = plateOf(1);
    plate.put(205, 0);
    expect(plate.read(5000).state).toBe('overload');
    plate.put(-10, 10_000);
    expect(plate.read(15_000).state).toBe('underload');
    plate.put(2, 20_000);
    expect(plate.zeroRange(25_000)).toBe('within');
    plate.setZero(25_000);
    expect(plate.read(25_000)).toEqual({ kg: 0, state: 'stable' });
    plate.put(72, 30_000);
    expect(plate.zeroRange(35_000)).toBe('above');
  });
});
