import { describe, expect, it } from 'vitest';
import { afterConfirm, idleStage, secondsToReset, ticketOf, WELCOME } from './flow.ts';

describe('a check-in screen that nobody touches', () => {
  it('asks at 30 s and goes back to the start at 50 s while somebody is checking in', () => {
    for (const place of ['code', 'name', 'match', 'consent'] as const) {
      expect([29, 30, 49, 50].map((seconds) => idleStage(place, seconds))).toEqual(['used', 'ask', 'ask', 'reset']);
    }
    expect(secondsToReset(31)).toBe(19);
  });

  it('keeps the visit on the screen and dims the start', () => {
    expect(idleStage('progress', 4000)).toBe('used');
    expect([59, 60].map((seconds) => idleStage('welcome', seconds))).toEqual(['used', 'dim']);
  });

  it('gives somebody who reads the whole text more time, and the same 20 s to answer', () => {
    expect([119, 120, 139, 140].map((seconds) => idleStage('consent', seconds, true))).toEqual([
      'used',
      'ask',
      'ask',
      'reset',
    ]);
    expect(secondsToReset(120, true)).toBe(20);
  });
});

describe('the way through check-in', () => {
  it('goes to the agreement only when it is missing', () => {
    expect(afterConfirm('t', { givenName: 'Amara', needsConsent: true }).at).toBe('consent');
    expect(afterConfirm('t', { givenName: 'Amara', needsConsent: false }).at).toBe('progress');
  });

  it('has a ticket to give back from the moment somebody was found', () => {
    expect(ticketOf(WELCOME)).toBeNull();
    expect(ticketOf({ at: 'consent', givenName: 'Amara', ticket: 't' })).toBe('t');
  });
});
