import { describe, expect, it } from 'vitest';
import { Sessions } from './sessions.ts';

describe('sessions', () => {
  it('gives a session for a token as often as the page is opened, each with an id of its own', () => {
    const sessions = new Sessions();
    const token = sessions.issueToken('staff');
    const one = sessions.exchange('staff', token);
    const two = sessions.exchange('staff', token);
    expect(one?.screenSessionId).not.toBe(two?.screenSessionId);
    expect(sessions.screenOf('staff', one?.secret)).toEqual({
      surface: 'staff',
      screenSessionId: one?.screenSessionId,
    });
  });

  it('never lets a check-in token or cookie reach the staff surface', () => {
    const sessions = new Sessions();
    const token = sessions.issueToken('checkin');
    expect(sessions.exchange('staff', token)).toBeNull();
    const session = sessions.exchange('checkin', token);
    expect(sessions.screenOf('staff', session?.secret)).toBeNull();
    expect(sessions.screenOf('checkin', session?.secret)).not.toBeNull();
  });

  it('takes a single-use token once and not after its time', () => {
    let now = 0;
    const sessions = new Sessions(() => now);
    const once = sessions.issueToken('staff', { singleUse: true, lifetimeMs: 1000 });
    expect(sessions.exchange('staff', once)).not.toBeNull();
    expect(sessions.exchange('staff', once)).toBeNull();
    const late = sessions.issueToken('staff', { singleUse: true, lifetimeMs: 1000 });
    now = 1001;
    expect(sessions.exchange('staff', late)).toBeNull();
  });

  it('makes everybody wait after ten wrong tokens, and no longer than a minute', () => {
    let now = 1_000_000;
    const sessions = new Sessions(() => now);
    for (let attempt = 0; attempt < 10; attempt += 1) {
      expect(sessions.waitSeconds()).toBe(0);
      sessions.exchange('staff', 'wrong');
    }
    expect(sessions.waitSeconds()).toBe(60);
    now += 60_000;
    expect(sessions.waitSeconds()).toBe(0);
  });

  it('forgets a session that nobody used for half a day, and keeps one in use', () => {
    let now = 0;
    const sessions = new Sessions(() => now);
    const session = sessions.exchange('staff', sessions.issueToken('staff'));
    for (let hours = 0; hours < 48; hours += 8) {
      now = hours * 3_600_000;
      expect(sessions.screenOf('staff', session?.secret)).not.toBeNull();
    }
    now += 13 * 3_600_000;
    expect(sessions.screenOf('staff', session?.secret)).toBeNull();
  });

  it('holds a bounded number of sessions and drops the one unused for longest', () => {
    let now = 0;
    const sessions = new Sessions(() => now);
    const token = sessions.issueToken('staff');
    const made = Array.from({ length: 70 }, () => {
      now += 1;
      return sessions.exchange('staff', token);
    });
    const alive = made.filter((session) => sessions.screenOf('staff', session?.secret) !== null);
    expect(alive).toHaveLength(64);
    expect(alive).toContain(made.at(-1));
  });
});
