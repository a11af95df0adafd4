/** Documents on their way, in pushes of a size that the cloud answers, and the station takes over, in one go. */
import type { PushRow } from '../../../contract/index.ts';
import { SYNC_LIMITS } from '../../../contract/index.ts';
import type { State } from './states.ts';
import { rowOf } from './states.ts';
import type { Words } from './words.ts';
import { wordsOfNew } from './words.ts';

/** Bytes and rows of a push to aim at: as many verdicts are taken over in one go, in some milliseconds. */
const PUSH_BYTES = Math.min(1024 * 1024, SYNC_LIMITS.pushBytes);
export const PUSH_ROWS = Math.min(100, SYNC_LIMITS.rows);
/** A row carries its document and the one that it was made from. */
const ROW_BYTES = 2 * SYNC_LIMITS.documentBytes;

/** A document on its way. */
export interface Outgoing {
  readonly state: State;
  /** Of `state`, here. */
  readonly revision: string;
  readonly assumed: State | null;
  readonly assumedVersion: number | null;
}

export interface PackedRow extends Words {
  /** Whether no state of the cloud is known of it. */
  readonly isNew: boolean;
}

/** Each is written down when it is asked for. */
export class Packs {
  readonly #rows: readonly Outgoing[];
  readonly #tooLarge: (id: string, revision: string) => void;
  #at = 0;
  /** Written down, and too much for the pack before. */
  #over: (PackedRow & { readonly bytes: number }) | null = null;

  /** @param tooLarge told of each row that no push can carry; it is left out */
  constructor(rows: readonly Outgoing[], tooLarge: (id: string, revision: string) => void) {
    this.#rows = rows;
    this.#tooLarge = tooLarge;
  }

  get isLeft(): boolean {
    return this.#over !== null || this.#at < this.#rows.length;
  }

  /** Empty where all that was left is too large. */
  next(): readonly PackedRow[] {
    const pack: PackedRow[] = [];
    let bytes = 0;
    for (let row = this.#take(); row !== null; row = this.#take()) {
      if (pack.length > 0 && (bytes + row.bytes > PUSH_BYTES || pack.length >= PUSH_ROWS)) {
        this.#over = row;
        return pack;
      }
      pack.push(row);
      bytes += row.bytes;
    }
    return pack;
  }

  #take(): (PackedRow & { readonly bytes: number }) | null {
    const over = this.#over;
    this.#over = null;
    if (over !== null) return over;
    for (let row = this.#rows[this.#at]; row !== undefined; row = this.#rows[this.#at]) {
      this.#at += 1;
      const { state, revision, assumed, assumedVersion } = row;
      const words = assumed === null ? wordsOfNew(state, revision) : wordsOn(state, revision, assumed, assumedVersion);
      const bytes = Buffer.byteLength(words.json);
      if (bytes <= ROW_BYTES) return { ...words, isNew: assumed === null, bytes };
      this.#tooLarge(state.id, revision);
    }
    return null;
  }
}

/** Of a change of a state that the cloud is known to have. */
function wordsOn(state: State, revision: string, assumed: State, version: number | null): Words {
  const row: PushRow = { ...rowOf(state), assumed: { ...rowOf(assumed), version } };
  return { state, revision, json: JSON.stringify(row) };
}
