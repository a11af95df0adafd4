import { describe, expect, it } from 'vitest';
import { PROTOCOLS } from '../../electron/contract/protocols.ts';
import type { VisitView } from '../../electron/contract/views.ts';
import { markOf, openAfter, stationsOf, stepsOf } from './visit-steps.ts';

const protocol = PROTOCOLS['wellness-imaging-short']!;
const visit = { protocol, steps: [] } as unknown as VisitView;

describe('the steps of a visit', () => {
  it('shows four body photographs as one station', () => {
    expect(stationsOf(visit).map((station) => [station.id, station.parts.length])).toEqual([
      ['weight', 1],
      ['height', 1],
      ['body', 4],
      ['retina-right', 1],
      ['retina-left', 1],
    ]);
  });
  it('draws a step that the station has said nothing about as to do', () => {
    expect(stepsOf(visit).every((each) => each.view.mark === 'todo')).toBe(true);
  });
  it('lets care win, and calls a group done only when all of it is', () => {
    expect(markOf(['done', 'care', 'now'])).toBe('care');
    expect(markOf(['done', 'todo'])).toBe('todo');
    expect(markOf(['done', 'skipped'])).toBe('done');
    expect(markOf(['skipped', 'skipped'])).toBe('skipped');
  });
  it('goes from the last step back to one that was left open', () => {
    expect(openAfter(visit, 'retina-left')?.step.id).toBe('weight');
    expect(openAfter(visit, 'weight')?.step.id).toBe('height');
  });
});
