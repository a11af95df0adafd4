/**
 * Writes the anchor while the clinic works. A durable write does not wait for it: once a second it is seen whether anything was
 * written, and only then are the heads read and a small file replaced. So what the last second wrote, and nothing older, may be
 * missing without being missed; a clean stop leaves nothing out. The heads are read after their commit, hence a crash at any instant
 * leaves a file that is as far as its anchor or further, never behind it.
 */
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { AuditEntryInput, Problem } from '../../contract/index.ts';
import type { Signer } from '../audit/signer.ts';
import { anchorPath, GENERATION_KEY, headsOf, sealedAnchor } from './anchor.ts';
import type { Anchor, AnchorFinding, StoreHeads } from './anchor.ts';
import { missingChanges, problemOf } from './anchor-check.ts';
import { codeOf } from './store-problem.ts';
import { readStationValue, writeStationValue } from './station-values.ts';
import type { Store, StoreLog } from './types.ts';

/** How often it is looked whether something was written. */
const ANCHOR_LAG_MS = 1000;

export interface AnchorOptions {
  readonly store: Pick<Store, 'sqlite' | 'storeId' | 'anchored' | 'salt' | 'transaction'>;
  /** Where the store lies. */
  readonly directory: string;
  readonly masterKey: Uint8Array;
  readonly signer: Signer;
  readonly stationId: string;
  readonly now: () => Date;
  readonly log: StoreLog;
  /** Default {@link ANCHOR_LAG_MS}. */
  readonly lagMs?: number;
}

/** Who confirms a finding. */
export interface Confirmer {
  readonly staffId: string;
  readonly roles: readonly string[];
}

/**
 * Records in the audit trail what was found at opening, writes the first anchor of this run and keeps it up to date.
 * @throws VantageError DISK_FULL, DISK_FAILED
 */
export async function keepAnchor(options: AnchorOptions): Promise<AnchorKeeper> {
  const keeper = new AnchorKeeper(options);
  await keeper.start();
  return keeper;
}

export class AnchorKeeper {
  readonly #options: AnchorOptions;
  readonly #known: string | null;
  readonly #generation: string;
  readonly #changes: () => number;
  #timer: NodeJS.Timeout | null = null;
  #number: number;
  #findings: readonly AnchorFinding[];
  #heads: StoreHeads | null = null;
  #anchoredChanges = -1;
  #writing: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** Writes nothing: an opening that is refused leaves the anchor as it was. */
  constructor(options: AnchorOptions) {
    const { store } = options;
    const { anchor, found } = store.anchored;
    this.#options = options;
    this.#known = readStationValue(store.sqlite, GENERATION_KEY);
    this.#generation = this.#known ?? anchor?.generation ?? randomUUID();
    this.#number = anchor?.number ?? 0;
    this.#findings = [...(anchor?.findings ?? []), ...(found === null ? [] : [found])];
    this.#changes = changeCounter(store.sqlite);
  }

  /**
   * What was opened is open: what was found is recorded, and the first anchor of this run is written.
   * @throws VantageError DISK_FULL, DISK_FAILED
   */
  async start(): Promise<void> {
    const { store, now, stationId, log, lagMs = ANCHOR_LAG_MS } = this.#options;
    const { found } = store.anchored;
    if (found !== null) {
      log.error({ problem: problemOf(found).detail, code: found.code }, 'the store is not as it was left');
      await store.transaction((transaction) => transaction.audit(entryOf(found, store.storeId, stationId, now())));
    }
    this.#timer = setInterval(() => {
      this.flush().catch((error: unknown) => {
        // A full disk tells people by itself; the next look tries again.
        log.error({ code: codeOf(error) }, 'the anchor could not be written');
      });
    }, lagMs);
    this.#timer.unref();
    await this.flush();
    // After the anchor, so that no crash in between makes it look lost.
    if (this.#known === null) writeStationValue(store.sqlite, GENERATION_KEY, this.#generation);
  }

  /** What nobody has confirmed yet, oldest first. */
  get problems(): Problem[] {
    return this.#findings.map((finding) => problemOf(finding));
  }

  get findings(): readonly AnchorFinding[] {
    return this.#findings;
  }

  /** Somebody has read what was found and goes on with the file as it is. Does nothing where nothing is open. */
  async confirm(by: Confirmer): Promise<void> {
    const { store, now } = this.#options;
    const confirmed = this.#findings;
    if (confirmed.length === 0) return;
    await store.transaction((transaction) => {
      for (const finding of confirmed) {
        transaction.audit({
          at: now().toISOString(),
          actorId: by.staffId,
          role: by.roles.join(','),
          action: 'store.finding-confirmed',
          subjectKind: 'store',
          subjectId: store.storeId,
          detail: { code: finding.code, foundAt: finding.foundAt },
        });
      }
    });
    this.#findings = this.#findings.filter((finding) => !confirmed.includes(finding));
    this.#anchoredChanges = -1;
    await this.flush();
  }

  /** When it resolves, everything that was durable when it was called is anchored. */
  flush(): Promise<void> {
    const next = this.#writing.then(() => this.#write('open'));
    this.#writing = next.catch(() => undefined);
    return next;
  }

  /** Without another anchor: the one before stays true. */
  stop(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  /** The last anchor of this run; to be called when nothing writes any more, before the store is closed. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.stop();
    this.#anchoredChanges = -1;
    const last = this.#writing.then(() => this.#write('closed'));
    this.#writing = last.catch(() => undefined);
    await last;
  }

  async #write(state: Anchor['state']): Promise<void> {
    const { store, directory, masterKey, signer, stationId, now } = this.#options;
    // Asked before the heads are read: what comes between is anchored and then anchored again.
    const changes = this.#changes();
    if (changes === this.#anchoredChanges) return;
    const heads = headsOf(store.sqlite, this.#heads);
    const anchor: Anchor = {
      version: 1,
      number: this.#number + 1,
      storeId: store.storeId,
      stationId,
      generation: this.#generation,
      publicKey: signer.publicKey,
      writtenAt: now().toISOString(),
      state,
      salt: store.salt(),
      heads,
      findings: [...this.#findings],
    };
    await replaceFile(anchorPath(directory), sealedAnchor(anchor, masterKey, signer));
    this.#number = anchor.number;
    this.#heads = heads;
    this.#anchoredChanges = changes;
  }
}

/**
 * Without waiting for the folder: after a power cut the anchor before may be there again, which says less and nothing wrong. Without
 * blocking either: visits go on while the disk is slow.
 */
async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

function changeCounter(sqlite: Database): () => number {
  const changes = sqlite.prepare<[], number>('SELECT total_changes()').pluck();
  return () => changes.get() ?? 0;
}

function entryOf(found: AnchorFinding, storeId: string, stationId: string, at: Date): AuditEntryInput {
  const isRolledBack = found.code === 'STORE_ROLLED_BACK';
  return {
    at: at.toISOString(),
    actorId: stationId,
    role: 'station',
    action: isRolledBack ? 'store.rolled-back' : 'store.anchor-lost',
    subjectKind: 'store',
    subjectId: storeId,
    detail: isRolledBack
      ? {
          changes: missingChanges(found.missing),
          auditFrom: found.missing.audit?.from ?? null,
          auditThrough: found.missing.audit?.through ?? null,
          since: found.missing.since,
          until: found.missing.until,
          diverged: found.missing.diverged,
        }
      : { anchor: found.anchor },
  };
}
