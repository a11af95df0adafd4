/** The files that are being sent: what is known of each meanwhile, and what becomes of what stops them. */
import type { Problem } from '../../../contract/index.ts';
import { VantageError } from '../../../contract/index.ts';
import { codeOf } from '../../problems.ts';
import { openBlob } from '../../vault/blob-file.ts';
import { Pace } from './pace.ts';
import type { SpeedMeter } from './pace.ts';
import type { Asked } from './receipts.ts';
import { PartSize, sendFile } from './send-file.ts';
import { positionOf } from './tus.ts';
import type { Position, TusOptions } from './tus.ts';
import { setHeld, setSent, setStored, uploadOf } from './upload-rows.ts';
import type { UploadRow } from './upload-rows.ts';
import type { UploadsOptions } from './uploads-api.ts';

/** How far it has come is written down each time so many bytes more are there: for people only, the cloud knows it better. */
const WRITE_BYTES = 8 * 1024 * 1024;
/** While pictures are on their way: enough to go on, not enough to be felt. */
const BUSY_LIMIT = 1024 * 1024;
const REST_MS = 60_000;
const LOCKED_MS = 2000;
const MAX_DETAIL = 200;

export interface FileSenderOptions extends UploadsOptions {
  readonly meter: SpeedMeter;
  /** Bytes per second; null: none. */
  readonly limit: () => number | null;
  /** Receipts of this file, and of others. */
  readonly ask: (sha256: string) => Promise<Asked>;
  readonly isNext: (sha256: string) => Promise<boolean>;
  /** The cloud acknowledged something. */
  readonly went: () => void;
  /** A row's state is another. */
  readonly changed: () => void;
}

interface Underway {
  reached: number;
  /** As in its row. */
  written: number;
}

export class FileSender {
  readonly #options: FileSenderOptions;
  readonly #pace: Pace;
  readonly #parts: PartSize;
  readonly #underway = new Map<string, Underway>();
  /** As the cloud said since this start. `isSure` false: the line was cut since. */
  readonly #positions = new Map<string, { readonly at: Position; readonly isSure: boolean }>();
  /** Monotonic ms until which a file is left alone. */
  readonly #resting = new Map<string, number>();

  constructor(options: FileSenderOptions) {
    this.#options = options;
    this.#pace = new Pace(options.clock, () => this.#limit());
    this.#parts = new PartSize(options.clock);
  }

  /** Contents that nobody else is to begin with now. */
  taken(): string[] {
    const now = this.#options.clock.monotonic();
    for (const [sha256, until] of this.#resting) if (until <= now) this.#resting.delete(sha256);
    return [...this.#underway.keys(), ...this.#resting.keys()];
  }

  /** Contents of which the cloud has said where they stand. */
  asked(): string[] {
    return [...new Set([...this.taken(), ...this.#positions.keys()])];
  }

  take(sha256: string): void {
    this.#underway.set(sha256, { reached: 0, written: 0 });
  }

  /** Bytes that are in the cloud, of what is being sent. */
  reached(): ReadonlyMap<string, number> {
    return new Map([...this.#underway].map(([sha256, { reached }]) => [sha256, reached]));
  }

  /** Bytes in the cloud that no row knows of yet. */
  unwritten(): number {
    return [...this.#underway.values()].reduce((sum, { reached, written }) => sum + reached - written, 0);
  }

  /** How long one may wait, at most `mostMs`, before a file has rested. */
  idleMs(mostMs: number): number {
    const now = this.#options.clock.monotonic();
    return Math.max(1, Math.min(mostMs, ...[...this.#resting.values()].map((until) => until - now)));
  }

  restNoMore(sha256: string): void {
    this.#resting.delete(sha256);
  }

  /**
   * @param sha256 taken before.
   * @throws what the line throws; what is about this file alone is seen to here.
   */
  async send(sha256: string, signal: AbortSignal): Promise<'stored' | 'later'> {
    try {
      return await this.#send(sha256, signal);
    } catch (error) {
      const known = this.#positions.get(sha256);
      if (known !== undefined) this.#positions.set(sha256, { ...known, isSure: false });
      if (signal.aborted || !(await this.#seenTo(sha256, error))) throw error;
      return 'later';
    } finally {
      await this.#write(sha256).catch((error: unknown) => {
        this.#options.log.warn({ code: codeOf(error) }, 'how far a file was sent could not be written down');
      });
      this.#underway.delete(sha256);
      this.#options.changed();
    }
  }

  async #send(sha256: string, signal: AbortSignal): Promise<'stored' | 'later'> {
    const { store, vault, cloud } = this.#options;
    const from = await this.#whereItStands(sha256, signal);
    const row = this.#rowOf(sha256);
    if (row === null || from === null) return 'later';
    const blob = vault.find(sha256);
    if (blob === null) throw new VantageError('BLOB_DAMAGED', 'its row is missing');
    // Before all of it is sent again: is it ours that changed?
    if (row.state === 'differs' && from.offset === 0) await vault.verify(blob.blobId, this.#reading(signal));
    const reader = await openBlob(vault.grantRead(blob.blobId));
    try {
      if (reader.size !== row.size)
        throw new VantageError('BLOB_DAMAGED', `${reader.size} bytes instead of ${row.size}`);
      this.#underway.set(sha256, { reached: from.offset, written: row.sent });
      const isWhole = await sendFile({
        tus: { cloud, signal },
        parts: this.#parts,
        file: row,
        reader,
        from,
        limit: () => this.#limit(),
        mayGoOn: async (bytes) => {
          if (this.#rowOf(sha256) === null || !(await this.#options.isNext(sha256))) return false;
          await this.#pace.take(bytes, signal);
          return true;
        },
        reached: (position, acknowledged) => this.#reached(sha256, position, acknowledged),
      });
      if (!isWhole) return 'later';
    } finally {
      await reader.close();
    }
    const at = this.#at();
    await store.transaction((tx) => setStored(tx.sqlite, sha256, at));
    this.#positions.delete(sha256);
    return 'stored';
  }

  /** null: there is nothing to be sent any more. */
  async #whereItStands(sha256: string, signal: AbortSignal): Promise<Position | null> {
    const known = this.#positions.get(sha256);
    if (known?.isSure === true) return known.at;
    const row = this.#rowOf(sha256);
    if (known !== undefined && known.at.uploadId !== null && row !== null) {
      const tus: TusOptions = { cloud: this.#options.cloud, signal, timeoutMs: this.#parts.timeoutMs };
      const position = await positionOf(tus, known.at.uploadId, row.size);
      if (typeof position !== 'string') return this.#believe(sha256, position);
    }
    this.#positions.delete(sha256);
    const { positions } = await this.#options.ask(sha256);
    for (const [each, position] of positions) if (!this.#underway.has(each)) this.#believe(each, position);
    const position = positions.get(sha256);
    return position === undefined ? null : this.#believe(sha256, position);
  }

  #believe(sha256: string, at: Position): Position {
    this.#positions.set(sha256, { at, isSure: true });
    return at;
  }

  async #reached(sha256: string, position: Position, acknowledged: number): Promise<void> {
    this.#believe(sha256, position);
    const underway = this.#underway.get(sha256);
    if (underway !== undefined) underway.reached = position.offset;
    if (acknowledged > 0) {
      this.#options.meter.acknowledged(acknowledged);
      this.#options.went();
    }
    if (underway !== undefined && Math.abs(underway.reached - underway.written) >= WRITE_BYTES)
      await this.#write(sha256);
  }

  async #write(sha256: string): Promise<void> {
    const underway = this.#underway.get(sha256);
    if (underway === undefined || underway.reached === underway.written) return;
    const { reached } = underway;
    await this.#options.store.transaction((tx) => {
      if (this.#rowOf(sha256) !== null) setSent(tx.sqlite, sha256, reached);
    });
    underway.written = reached;
  }

  /** @returns whether it is about this file alone, and the others may go on. */
  async #seenTo(sha256: string, error: unknown): Promise<boolean> {
    const code = codeOf(error);
    switch (code) {
      case 'BLOB_DAMAGED':
      case 'KEY_WRONG':
      case 'FILE_TOO_LARGE':
      case 'INTERNAL': {
        const detail = error instanceof VantageError ? error.detail.slice(0, MAX_DETAIL) : '';
        await this.#hold(sha256, { code, detail, at: this.#at() });
        return true;
      }
      case 'STATUS_CONFLICT': {
        const seconds = error instanceof VantageError ? error.extra.waitSeconds : undefined;
        this.#rest(sha256, seconds === undefined ? LOCKED_MS : seconds * 1000);
        return true;
      }
      // Erased since: its row says so.
      case 'NOT_FOUND':
      case 'DISK_FAILED':
        this.#options.log.error({ code }, 'a file cannot be read now; it is tried again');
        this.#rest(sha256, REST_MS);
        return true;
      default:
        return false;
    }
  }

  async #hold(sha256: string, problem: Problem): Promise<void> {
    const { store, log } = this.#options;
    this.#positions.delete(sha256);
    await store.transaction((tx) => setHeld(tx.sqlite, sha256, problem));
    log.error({ sha256, code: problem.code }, 'a file is not sent until somebody has seen to it');
  }

  #rest(sha256: string, ms: number): void {
    this.#resting.set(sha256, this.#options.clock.monotonic() + ms);
  }

  /** null: it is not to be sent (any more). */
  #rowOf(sha256: string): UploadRow | null {
    const row = uploadOf(this.#options.store.sqlite, sha256);
    return row !== null && (row.state === 'waiting' || row.state === 'differs') ? row : null;
  }

  #limit(): number | null {
    const limit = this.#options.limit();
    if (this.#options.busy?.() !== true) return limit;
    return Math.min(limit ?? BUSY_LIMIT, BUSY_LIMIT);
  }

  /** Reading is as polite as sending. */
  #reading(signal: AbortSignal): (bytes: number) => Promise<void> {
    return async () => {
      signal.throwIfAborted();
      await this.#options.clock.sleep(0, signal);
    };
  }

  #at(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }
}
