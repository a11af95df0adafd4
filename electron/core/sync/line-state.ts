/** What is known of the line to the cloud, and how each outcome of a request changes it. Pure. */
import type { Problem, ProblemCode } from '../../contract/index.ts';
import type { LineResult } from './cloud-client.ts';

/**
 * `captive`: somebody else answers. `degraded`: the cloud answers slowly, or every third request fails. None of them is an error: the
 * clinic works in all of them.
 */
export type LineState = 'offline' | 'captive' | 'degraded' | 'online';

export interface Line {
  readonly state: LineState;
  /** When this state began: ms since 1970. */
  readonly since: number;
  readonly lastContactAt: number | null;
  /** Of the last small question. */
  readonly roundTripMs: number | null;
  /** Since when it has been away, one way or the other; null while it is not, and before the first contact. */
  readonly awaySince: number | null;
  /** How long the line had been away before it came back; null where it has not been away. */
  readonly awayMs: number | null;
  /** The cloud answers and does not take this station. */
  readonly problem: Problem | null;
  /** Whether the last requests got an answer, oldest first, at most `REMEMBERED`. */
  readonly outcomes: readonly boolean[];
  /** Of the last small questions, in ms, at most `ROUND_TRIPS`. */
  readonly roundTrips: readonly number[];
}

/** Outcomes that are looked back on; of fewer than `ENOUGH` nothing is said. */
const REMEMBERED = 9;
const ENOUGH = 3;
/** From this share of failures on a line is called bad, and up to this one good again: between the two it stays what it is. */
const BAD_SHARE = 1 / 3;
const GOOD_SHARE = 1 / 6;
/** One failure may be anything; so many in a row are a line that is away. */
const FAILURES_UNTIL_OFFLINE = 2;
const ROUND_TRIPS = 5;
/** Slower than this, in the median, people notice. */
const SLOW_MS = 2000;

export function lineAtStart(now: number): Line {
  return {
    state: 'offline',
    since: now,
    lastContactAt: null,
    roundTripMs: null,
    awaySince: null,
    awayMs: null,
    problem: null,
    outcomes: [],
    roundTrips: [],
  };
}

/** @param now ms since 1970 */
export function lineAfter(line: Line, result: LineResult, now: number): Line {
  switch (result.kind) {
    case 'answered':
      return answered(line, now, result.roundTripMs, result.accepted ? null : line.problem);
    case 'refused':
      return answered(line, now, null, problemAt(line.problem, result.code, result.detail, now));
    case 'busy': {
      // It is there, and that is all that can be said.
      const next = { ...line, outcomes: remembered(line.outcomes, false), lastContactAt: now };
      return inState(next, line, 'degraded', now);
    }
    case 'failed':
      return failed(line, result.code, now);
    default:
      return result satisfies never;
  }
}

/** Whether it makes sense to send anything. */
export function isReady({ state, problem }: Pick<Line, 'state' | 'problem'>): boolean {
  return (state === 'online' || state === 'degraded') && problem === null;
}

/** The connections are new, or the computer was asleep: what was before says nothing about them. */
export function lineForgotten(line: Line): Line {
  return { ...line, outcomes: [], roundTrips: [] };
}

function answered(line: Line, now: number, roundTripMs: number | null, problem: Problem | null): Line {
  const wasAway = line.state === 'offline' || line.state === 'captive';
  // Failures from before it came back are over.
  const outcomes = remembered(wasAway ? [] : line.outcomes, true);
  const roundTrips = roundTripMs === null ? line.roundTrips : [...line.roundTrips, roundTripMs].slice(-ROUND_TRIPS);
  const next: Line = {
    ...line,
    outcomes,
    roundTrips,
    problem,
    lastContactAt: now,
    roundTripMs: roundTripMs ?? line.roundTripMs,
  };
  return inState(next, line, isBad(outcomes, line.state) || isSlow(roundTrips) ? 'degraded' : 'online', now);
}

function failed(line: Line, code: ProblemCode, now: number): Line {
  const next = { ...line, outcomes: remembered(line.outcomes, false) };
  if (code === 'CLOUD_CAPTIVE') return inState(next, line, 'captive', now);
  if (line.state === 'offline') return next;
  const last = next.outcomes.slice(-FAILURES_UNTIL_OFFLINE);
  if (last.length === FAILURES_UNTIL_OFFLINE && !last.includes(true)) return inState(next, line, 'offline', now);
  // A page of the network that is gone may be a network that is gone.
  if (line.state === 'captive') return next;
  return inState(next, line, isBad(next.outcomes, line.state) ? 'degraded' : line.state, now);
}

function inState(next: Line, former: Line, state: LineState, now: number): Line {
  if (state === former.state) return next;
  const moved = { ...next, state, since: now };
  if (state === 'offline' || state === 'captive') {
    // Before the first contact nobody knows since when.
    return { ...moved, awaySince: former.awaySince ?? (former.lastContactAt === null ? null : now) };
  }
  return former.awaySince === null ? moved : { ...moved, awaySince: null, awayMs: now - former.awaySince };
}

function remembered(outcomes: readonly boolean[], outcome: boolean): readonly boolean[] {
  return [...outcomes, outcome].slice(-REMEMBERED);
}

function isBad(outcomes: readonly boolean[], state: LineState): boolean {
  const share = outcomes.filter((outcome) => !outcome).length / Math.max(1, outcomes.length);
  return outcomes.length >= ENOUGH && (share >= BAD_SHARE || (state === 'degraded' && share > GOOD_SHARE));
}

function isSlow(roundTrips: readonly number[]): boolean {
  const sorted = roundTrips.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return roundTrips.length >= ENOUGH && median > SLOW_MS;
}

/** The same problem keeps the time since which it has been there. */
function problemAt(former: Problem | null, code: ProblemCode, detail: string, now: number): Problem {
  return former?.code === code ? former : { code, detail, at: new Date(now).toISOString() };
}
