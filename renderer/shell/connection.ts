/** The line between this screen and the station, whatever carries it. Knows whether it is there; sends nothing while it isn't. */
import type { ClientContext, ClientLink } from '@orpc/client';
import type { Problem } from '../../electron/contract/problems.ts';
import { VantageError } from '../../electron/contract/problems.ts';
import type { RecoveryOffer, RecoveryRequest, StationWork } from '../../electron/contract/recovery.ts';

/** What the host offers while the clinic's data can't be opened. */
export interface Recovery {
  readonly offer: RecoveryOffer;
  /** Never rejects. After a restore or an unlocking has begun the line is being opened again. */
  readonly recover: (
    request: RecoveryRequest,
  ) => Promise<{ readonly copiedTo: string | null; readonly problem: Problem | null }>;
}

/** What a person has just asked for, after which the clinic is opened. */
export type Asked = Exclude<RecoveryRequest['do'], 'copy' | 'cancel'>;

export type ConnectionState =
  | { readonly phase: 'connecting'; readonly work: StationWork | null; readonly asked: Asked | null }
  /** `generation` counts the lines there have been; streams subscribe anew at each. */
  | { readonly phase: 'open'; readonly generation: number }
  /** It comes back by itself. */
  | {
      readonly phase: 'away';
      readonly since: number;
      readonly problem: Problem;
      readonly work: StationWork | null;
      readonly asked: Asked | null;
    }
  /** It does not come back without a person. */
  | {
      readonly phase: 'stopped';
      readonly problem: Problem;
      readonly retry: (() => void) | null;
      readonly recovery: Recovery | null;
    };

/** Told of each line and its end by the transports; asked by the client and the screens. */
export class Connection {
  #state: ConnectionState = { phase: 'connecting', work: null, asked: null };
  /** What the station is closed for, or is about to be. */
  #work: StationWork | null = null;
  #asked: Asked | null = null;
  #link: ClientLink<ClientContext> | null = null;
  #generation = 0;
  #cancel: () => Promise<Problem | null> = async () => null;
  readonly #listeners = new Set<() => void>();

  get state(): ConnectionState {
    return this.#state;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The link of the open line. Throws CONNECTION_LOST: a command is never kept back to be sent later by surprise. */
  link(): ClientLink<ClientContext> {
    if (this.#link !== null) return this.#link;
    throw new VantageError(this.#state.phase === 'away' ? this.#state.problem.code : 'CONNECTION_LOST');
  }

  opened(link: ClientLink<ClientContext>): void {
    this.#generation += 1;
    this.#link = link;
    this.#work = null;
    this.#asked = null;
    this.#change({ phase: 'open', generation: this.#generation });
  }

  lost(problem: Problem): void {
    this.#link = null;
    if (this.#state.phase === 'stopped') return;
    const since = this.#state.phase === 'away' ? this.#state.since : Date.now();
    this.#change({ phase: 'away', since, problem, work: this.#work, asked: this.#asked });
  }

  stopped(problem: Problem, retry: (() => void) | null, recovery: Recovery | null = null): void {
    this.#link = null;
    this.#work = null;
    this.#asked = null;
    this.#change({ phase: 'stopped', problem, retry, recovery });
  }

  /** How far the work has come for which no line can be opened now; null: there is none. */
  working(work: StationWork | null): void {
    this.#work = work;
    if (this.#state.phase === 'away' || this.#state.phase === 'connecting') this.#change({ ...this.#state, work });
  }

  /** The transport's way to stop the work that is under way. */
  cancelsWith(cancel: () => Promise<Problem | null>): void {
    this.#cancel = cancel;
  }

  /** Asks the station to stop what it is closed for. @returns why it was not; never rejects. */
  readonly cancelWork = (): Promise<Problem | null> => this.#cancel();

  /** From stopped, when a person has asked for another try. @param asked what that begins with. */
  retrying(asked: Asked | null = null): void {
    this.#asked = asked;
    this.#change({ phase: 'connecting', work: this.#work, asked });
  }

  /** Resolves at the next open line with its generation; at once when one is open that is newer than `after`. */
  async opening(after: number, signal: AbortSignal): Promise<number> {
    for (;;) {
      if (signal.aborted) throw signal.reason;
      if (this.#state.phase === 'open' && this.#state.generation > after) return this.#state.generation;
      await new Promise<void>((resolve) => {
        const done = (): void => {
          stop();
          signal.removeEventListener('abort', done);
          resolve();
        };
        const stop = this.subscribe(done);
        signal.addEventListener('abort', done, { once: true });
      });
    }
  }

  #change(state: ConnectionState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }
}
