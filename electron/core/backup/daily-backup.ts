/** Begins a backup when the last one is a day old, and says so when it did not come about. */
import type { Problem } from '../../contract/index.ts';
import type { BackupInfo } from './manifest.ts';

const DAY_MS = 86_400_000;
/** The first minutes of a day belong to the people who wait. */
const FIRST_LOOK_MS = 10 * 60_000;
const LOOK_EVERY_MS = 60 * 60_000;

export interface DailyBackupOptions {
  /** Newest first. */
  readonly list: () => Promise<readonly BackupInfo[]>;
  /** Begins one; returns at once. Does nothing where one is being made. */
  readonly begin: () => void;
  readonly now: () => Date;
  /** `problem` is another. */
  readonly changed: () => void;
  /** Until the first look; default ten minutes. */
  readonly firstLookMs?: number;
}

export class DailyBackup {
  readonly #options: DailyBackupOptions;
  readonly #first: NodeJS.Timeout;
  readonly #timer: NodeJS.Timeout;
  #begunAt: string | null = null;
  #problem: Problem | null = null;

  constructor(options: DailyBackupOptions) {
    this.#options = options;
    const look = (): void => void this.look();
    this.#first = setTimeout(look, options.firstLookMs ?? FIRST_LOOK_MS).unref();
    this.#timer = setInterval(look, LOOK_EVERY_MS).unref();
  }

  /** BACKUP_LATE where one was begun and an hour later there still is none. */
  get problem(): Problem | null {
    return this.#problem;
  }

  /** Never rejects: a folder that can't be read has no backup. */
  async look(): Promise<void> {
    const { list, begin, now, changed } = this.#options;
    const nowMs = now().getTime();
    // One from a time that has not come was made under a wrong clock: nobody waits for that time.
    const last = (await list().catch(() => [])).find(({ madeAt }) => Date.parse(madeAt) <= nowMs);
    const isDue = last === undefined || nowMs - Date.parse(last.madeAt) >= DAY_MS;
    const before = this.#problem;
    if (!isDue) {
      this.#begunAt = null;
      this.#problem = null;
    } else {
      if (this.#begunAt !== null) {
        const detail = last === undefined ? 'there is no backup' : `the last backup is of ${last.madeAt}`;
        this.#problem = { code: 'BACKUP_LATE', detail, at: this.#begunAt };
      }
      this.#begunAt ??= now().toISOString();
      begin();
    }
    if ((before === null) !== (this.#problem === null)) changed();
  }

  stop(): void {
    clearTimeout(this.#first);
    clearInterval(this.#timer);
  }
}
