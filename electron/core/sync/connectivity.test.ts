import { describe, expect, it } from 'vitest';
import { VantageError } from '../../contract/index.ts';
import type { LineResult } from './cloud-client.ts';
import { LineWatch } from './connectivity.ts';
import type { Line, LineState } from './line-state.ts';
import { isReady, lineAfter, lineAtStart } from './line-state.ts';
import { ManualClock } from './testing/manual-clock.ts';

const ok: LineResult = { kind: 'answered', accepted: true, roundTripMs: 40 };
const slow: LineResult = { kind: 'answered', accepted: true, roundTripMs: 3000 };
const work: LineResult = { kind: 'answered', accepted: true, roundTripMs: null };
const question: LineResult = { kind: 'answered', accepted: false, roundTripMs: 40 };
const lost: LineResult = { kind: 'failed', code: 'CLOUD_UNREACHABLE', timedOut: true };
const page: LineResult = { kind: 'failed', code: 'CLOUD_CAPTIVE', timedOut: false };
const busy: LineResult = { kind: 'busy', waitSeconds: null };
const refused: LineResult = { kind: 'refused', code: 'STATION_REFUSED', detail: '' };

function after(...results: readonly LineResult[]): Line {
  let line = lineAtStart(0);
  for (const [index, result] of results.entries()) line = lineAfter(line, result, (index + 1) * 1000);
  return line;
}

describe('what is known of the line', () => {
  it.each<[string, readonly LineResult[], LineState, number]>([
    ['nothing yet', [], 'offline', 0],
    ['no answer', [lost, lost, lost], 'offline', 0],
    ['an answer', [ok], 'online', 1000],
    ['answers', [ok, ok, ok], 'online', 1000],
    ['one failure after many answers', [ok, ok, ok, ok, ok, lost], 'online', 1000],
    ['one failure after few answers', [ok, ok, lost], 'degraded', 3000],
    ['two failures in a row', [ok, ok, ok, ok, lost, lost], 'offline', 6000],
    ['every third failing', [ok, ok, lost, ok, ok, lost, ok], 'degraded', 3000],
    ['failing seldom again', [ok, ok, lost, ok, ok, ok, ok], 'online', 6000],
    ['back after being away: the past is over', [ok, lost, lost, ok], 'online', 4000],
    ['answers that are slow', [slow, slow, slow], 'degraded', 3000],
    ['one slow answer', [ok, slow, ok], 'online', 1000],
    ['slow work says nothing', [ok, work, work, work], 'online', 1000],
    ['a page of the network, at once', [ok, page], 'captive', 2000],
    ['no answer behind a page', [page, lost], 'offline', 2000],
    ['a page, then an answer', [page, ok], 'online', 2000],
    ['a busy cloud', [ok, busy], 'degraded', 2000],
    ['a busy cloud is there', [ok, lost, lost, busy], 'degraded', 4000],
    ['a refusal is an answer', [refused], 'online', 1000],
  ])('%s', (_what, results, state, since) => {
    expect(after(...results)).toMatchObject({ state, since });
  });

  it('is how long it had been away, once it is back', () => {
    expect(after(ok).awayMs).toBeNull();
    expect(after(ok, lost, lost, lost, ok).awayMs).toBe(2000);
    expect(after(ok, lost, lost, page, lost, page, ok, ok).awayMs).toBe(4000);
    expect(after(page, lost, ok).awayMs).toBeNull();
  });

  it('counts only answers of the cloud as contact', () => {
    expect(after(ok, lost, lost, page).lastContactAt).toBe(1000);
    expect(after(ok, busy).lastContactAt).toBe(2000);
  });

  it('keeps why the cloud does not take the station until it does, and since when', () => {
    const line = after(ok, refused, refused, question);
    expect(line.problem).toMatchObject({ code: 'STATION_REFUSED', at: new Date(2000).toISOString() });
    expect([line.state, isReady(line)]).toEqual(['online', false]);
    expect(isReady(after(ok, refused, lost, lost))).toBe(false);
    expect(isReady(after(ok, refused, ok))).toBe(true);
  });
});

/** A line whose every question comes to what `answer` says. */
function watch(answer: () => LineResult) {
  const clock = new ManualClock();
  const asked: number[] = [];
  let reconnected = 0;
  const line: LineWatch = new LineWatch({
    clock,
    random: () => 0.5,
    reconnect: () => (reconnected += 1),
    probe: async () => {
      asked.push(clock.monotonic());
      const result = answer();
      line.observe(result);
      if (result.kind !== 'answered') throw new VantageError('CLOUD_UNREACHABLE');
    },
  });
  line.start();
  return { clock, asked, line, reconnected: () => reconnected };
}

describe('following the line', () => {
  it('asks ever less often while nobody answers, and at least once a minute', async () => {
    const { clock, asked, line } = watch(() => lost);
    await clock.advance(300_000);
    expect(asked).toEqual([0, 1000, 3000, 7000, 15_000, 31_000, 63_000, 123_000, 183_000, 243_000]);
    await line.close();
  });

  it('asks a quiet line every half minute, and one that just answered not at all', async () => {
    const { clock, asked, line } = watch(() => ok);
    await clock.advance(0);
    await clock.advance(20_000);
    line.observe(work);
    await clock.advance(20_000);
    expect(asked).toEqual([0]);
    await clock.advance(10_000);
    expect(asked).toEqual([0, 50_000]);
    await line.close();
  });

  it('asks one in use once a minute, so that clock and round trip are known', async () => {
    const { clock, asked, line } = watch(() => ok);
    for (let second = 0; second < 150; second += 10) {
      await clock.advance(10_000);
      line.observe(work);
    }
    expect(asked).toEqual([0, 60_000, 120_000]);
    await line.close();
  });

  it('asks soon whether a request that failed means that the line is away', async () => {
    let result: LineResult = ok;
    const { clock, asked, line } = watch(() => result);
    await clock.advance(5000);
    result = lost;
    line.observe(lost);
    expect(line.state).toBe('online');
    await clock.advance(1000);
    expect([asked, line.state]).toEqual([[0, 6000], 'offline']);
    await line.close();
  });

  it('asks at once, over new connections, when a person wants to know', async () => {
    let result: LineResult = lost;
    const { clock, asked, line, reconnected } = watch(() => result);
    await clock.advance(40_000);
    const before = asked.length;
    result = ok;
    line.tryNow();
    await clock.advance(0);
    expect([asked.length - before, line.state, reconnected()]).toEqual([1, 'online', 1]);
    await line.close();
  });

  it('lets those wait who have something to send, and tells of changes only', async () => {
    let result: LineResult = lost;
    const { clock, line } = watch(() => result);
    await clock.advance(0);
    const states: string[] = [];
    line.changes(() => states.push(`${line.state} ${line.problem?.code ?? ''}`));
    const ready = line.ready(new AbortController().signal).then(() => states.push('go'));
    result = refused;
    await clock.advance(2000);
    expect(states).toEqual(['online STATION_REFUSED']);
    result = ok;
    await clock.advance(600_000);
    await ready;
    expect(states).toEqual(['online STATION_REFUSED', 'online ', 'go']);
    await line.ready(new AbortController().signal);
    const giving = new AbortController();
    result = lost;
    line.observe(lost);
    line.observe(lost);
    const waiting = line.ready(giving.signal);
    const reason = new Error('closing');
    giving.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await line.close();
  });
});
