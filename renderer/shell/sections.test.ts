import { describe, expect, it } from 'vitest';
import { hasView } from './sections.tsx';

describe('the place that is open after somebody else unlocked', () => {
  it('stays where their role has it', () => {
    expect(hasView(['clinician'], '/review/5f0c')).toBe(true);
    expect(hasView(['facilitator'], '/visit/5f0c/report')).toBe(true);
    expect(hasView(['technician'], '/storage')).toBe(true);
    expect(hasView(['operator'], '/sync')).toBe(true);
    expect(hasView(['operator', 'admin'], '/desk/5f0c')).toBe(true);
  });

  it('is not theirs where their role has it not', () => {
    const paths = ['/review', '/review/5f0c', '/visit/5f0c', '/visit/5f0c/report', '/desk/5f0c'];
    expect(paths.filter((path) => hasView(['technician'], path))).toEqual([]);
    expect(hasView(['facilitator'], '/storage')).toBe(false);
    expect(hasView(['facilitator', 'clinician'], '/sync')).toBe(false);
  });

  it('is everybody’s where it belongs to nobody', () => {
    expect(['/', '/help'].every((path) => hasView(['technician'], path))).toBe(true);
  });
});
