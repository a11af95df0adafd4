import { describe, expect, it } from 'vitest';
import { PROTOCOLS } from '../../electron/contract/protocols.ts';
import { doneOf, groupOf, stationMarksOf } from './day-words.ts';

const protocolId = 'wellness-imaging-short';
const steps = (done: number) =>
  (PROTOCOLS[protocolId]?.steps ?? []).map(({ id, title }, place) => ({
    stepId: id,
    title,
    mark: place < done ? ('done' as const) : place === done ? ('now' as const) : ('todo' as const),
  }));

describe('a row of the day', () => {
  it('has a visit that was sent back among those that need somebody, not among those that are done', () => {
    expect(groupOf({ status: 'REQUIRES_REVIEW' })).toBe('back');
    expect(groupOf({ status: 'REVIEW' })).toBe('done');
  });

  it('counts its steps as the words beside it do: four body photographs are one', () => {
    expect(stationMarksOf({ protocolId, steps: steps(0) })).toEqual(['now', 'todo', 'todo', 'todo', 'todo']);
    const inTheBody = stationMarksOf({ protocolId, steps: steps(4) });
    expect(inTheBody).toEqual(['done', 'done', 'now', 'todo', 'todo']);
    expect(doneOf(inTheBody)).toBe(2);
    expect(doneOf(stationMarksOf({ protocolId, steps: steps(8) }))).toBe(5);
  });

  it('shows the steps of a protocol that this version does not have one by one', () => {
    expect(stationMarksOf({ protocolId: 'of-tomorrow', steps: steps(1) })).toHaveLength(8);
  });
});
