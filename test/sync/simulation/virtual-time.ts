/**
 * One thread of virtual time for everything that is simulated. One event fires; then everything that follows from it runs to its
 * end, real work included (the database answers, a hash is computed); only then does the next event fire. So a run depends on its
 * seed alone, however fast the machine is.
 */
import { syncBuiltinESMExports } from 'node:module';
import timers from 'node:timers/promises';
import type { SyncClock } from '../../../electron/core/sync/clock.ts';

interface Event {
  readonly at: number;
  /** Of two at the same time the one that was asked for first. */
  readonly order: number;
  readonly fire: () => void;
  cancelled: boolean;
}

/** Turns of the event loop without anything under way after which nothing more follows from an event. */
const QUIET_TURNS = 3;

export class VirtualTime {
  /** ms since the beginning. */
  #now = 0;
  #order = 0;
  #fired = 0;
  /** A binary heap. */
  readonly #events: Event[] = [];
  #underWay = 0;
  #wake: (() => void) | null = null;

  get now(): number {
    return this.#now;
  }

  get fired(): number {
    return this.#fired;
  }

  /** Calls `fire` after `ms`. @returns what calls it off */
  after(ms: number, fire: () => void): () => void {
    const event = { at: this.#now + Math.max(0, ms), order: (this.#order += 1), fire, cancelled: false };
    this.#push(event);
    return () => {
      event.cancelled = true;
    };
  }

  /** Real work that virtual time waits for. */
  async real<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      if (this.#underWay === 0) this.#wake?.();
    }
  }

  /** Until nothing follows any more from what has happened so far. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
      await new Promise<void>((resolve) => void setImmediate(resolve));
      if (this.#underWay === 0) continue;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = null;
      quiet = -1;
    }
  }

  /** Fires events until `isOver` holds between two of them, or the time has come. @returns whether it held */
  async run(until: number, isOver: () => boolean = () => false): Promise<boolean> {
    await this.settle();
    while (!isOver()) {
      const next = this.#next();
      if (next === null || next.at > until) {
        this.#now = Math.max(this.#now, until);
        return false;
      }
      this.#pop();
      this.#now = next.at;
      this.#fired += 1;
      next.fire();
      await this.settle();
    }
    return true;
  }

  #next(): Event | null {
    while (this.#events[0]?.cancelled === true) this.#pop();
    return this.#events[0] ?? null;
  }

  #push(event: Event): void {
    const heap = this.#events;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, heap[parent] as Event)) break;
      heap[index] = heap[parent] as Event;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child] as Event)) child += 1;
      const smaller = heap[child];
      if (smaller === undefined || !isBefore(smaller, last)) break;
      heap[index] = smaller;
      index = child;
    }
    heap[index] = last;
  }
}

function isBefore(left: Event, right: Event): boolean {
  return left.at === right.at ? left.order < right.order : left.at < right.at;
}

/** The clock of one run of one station: its wall clock may be wrong, and nothing wakes any more once the station is dead. */
export class StationClock implements SyncClock {
  readonly #time: VirtualTime;
  readonly #wall: () => number;
  #dead = false;

  constructor(time: VirtualTime, wall: () => number) {
    this.#time = time;
    this.#wall = wall;
  }

  now(): number {
    return this.#wall();
  }

  monotonic(): number {
    return this.#time.now;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const cancel = this.#time.after(ms, () => {
        signal?.removeEventListener('abort', aborted);
        if (!this.#dead) resolve();
      });
      function aborted(): void {
        cancel();
        reject(signal?.reason as Error);
      }
      signal?.addEventListener('abort', aborted, { once: true });
    });
  }

  kill(): void {
    this.#dead = true;
  }
}

/**
 * Counts as real work, for as long as `time` runs, what goes on without being an event of its own: Web Crypto, which works on other
 * threads, and waits for the event loop's next turn.
 * @returns what ends it
 */
export function countRealWork(time: VirtualTime): () => void {
  const { subtle } = globalThis.crypto;
  const names = ['digest', 'sign', 'verify', 'importKey', 'exportKey', 'generateKey', 'encrypt', 'decrypt'] as const;
  for (const name of names) {
    const original = Reflect.get(subtle, name).bind(subtle) as (...values: unknown[]) => Promise<unknown>;
    Object.defineProperty(subtle, name, {
      configurable: true,
      value: (...values: unknown[]) => time.real(() => original(...values)),
    });
  }
  const nextTurn = timers.setImmediate;
  timers.setImmediate = async (...values) => time.real(() => nextTurn(...values));
  syncBuiltinESMExports();
  return () => {
    for (const name of names) Reflect.deleteProperty(subtle, name);
    timers.setImmediate = nextTurn;
    syncBuiltinESMExports();
  };
}
