/** What the clinic does with its trail beyond writing it: signs how far it has come, verifies it, gives out copies of a period. */
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import type { z } from 'zod';
import type { AuditEntry, AuditEntryInput, AuditReport } from '../../contract/index.ts';
import { auditReportSchema, VantageError } from '../../contract/index.ts';
import { syncFolder } from '../store/durable-file.ts';
import { readStationValue, writeStationValue } from '../store/station-values.ts';
import { codeOf } from '../store/store-problem.ts';
import { asDiskProblem } from '../vault/disk-problem.ts';
import { exportAudit } from './audit-export.ts';
import type { ExportResult } from './audit-export.ts';
import { auditHead, Checkpoints, lastCheckpoint } from './checkpoints.ts';
import type { Checkpoint } from './checkpoints.ts';
import { signerOf } from './signer.ts';
import type { Signer } from './signer.ts';
import { verifyTrail } from './verify-trail.ts';

/** Under which the last verification is kept. */
const VERIFIED_KEY = 'audit-verified';
const UNFINISHED = '.tmp';

/** Who asks. */
interface Author {
  readonly id: string;
  readonly role: string;
}

interface Work {
  readonly signal?: AbortSignal;
  readonly progress?: (done: number, total: number) => void;
}

/** What this needs of the store, which lies above. */
interface TrailStore {
  readonly sqlite: Database;
  transaction<T>(run: () => T): Promise<T>;
  readonly audit: {
    append(...entries: AuditEntryInput[]): Promise<void>;
    onAppended(listener: (entry: AuditEntry) => void): void;
  };
}

export interface TrailKeeperOptions {
  readonly store: TrailStore;
  readonly station: {
    readonly tenantId: string;
    readonly locationId: string;
    readonly stationId: string;
    /** PKCS #8, PEM. */
    readonly privateKey: string;
  };
  /** Where copies go; made where it is missing. */
  readonly exportsFolder: string;
  readonly now: () => Date;
}

const verifiedSchema = auditReportSchema.pick({
  ok: true,
  entries: true,
  firstBad: true,
  sealedThrough: true,
  verifiedAt: true,
});

export interface AuditExport extends ExportResult {
  /** Name within `folder`. */
  readonly fileName: string;
  /** Where it lies on this machine. */
  readonly folder: string;
  readonly keyId: string;
}

export class TrailKeeper {
  readonly #options: TrailKeeperOptions;
  readonly #signer: Signer;
  readonly #checkpoints: Checkpoints;

  constructor(options: TrailKeeperOptions) {
    this.#options = options;
    const { store, station, now } = options;
    this.#signer = signerOf(station.privateKey);
    this.#checkpoints = new Checkpoints({ store, signer: this.#signer, stationId: station.stationId, now });
  }

  /** SHA-256 of the station's public key, for comparing with a copy's. */
  get keyId(): string {
    return this.#signer.keyId;
  }

  head(): ReturnType<typeof auditHead> {
    return auditHead(this.#options.store.sqlite);
  }

  lastCheckpoint(): Checkpoint | null {
    return lastCheckpoint(this.#options.store.sqlite);
  }

  /** What the last verification found; null before the first. */
  lastVerified(): z.infer<typeof verifiedSchema> | null {
    const text = readStationValue(this.#options.store.sqlite, VERIFIED_KEY);
    return text === null ? null : verifiedSchema.parse(JSON.parse(text));
  }

  /** Removes copies that a kill left half made; before anything else is done here. @returns how many there were. */
  async sweep(): Promise<number> {
    const { exportsFolder: folder } = this.#options;
    const names = await readdir(folder).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return [];
      throw asDiskProblem(error);
    });
    const unfinished = names.filter((name) => name.endsWith(UNFINISHED));
    for (const name of unfinished) await rm(join(folder, name), { force: true });
    return unfinished.length;
  }

  /** To be called every minute. */
  daily(): Promise<void> {
    return this.#checkpoints.daily();
  }

  /** Signs what came since the last checkpoint; the last thing before the store is closed. */
  async close(): Promise<void> {
    await this.#checkpoints.make('closed');
  }

  /** Verifies the whole trail. That it was verified, by whom and with what result is an entry of its own. */
  async verify(author: Author, work: Work = {}): Promise<AuditReport> {
    const { store, now } = this.#options;
    const report = await verifyTrail(store.sqlite, { publicKey: this.#signer.publicKey, now, ...work });
    writeStationValue(store.sqlite, VERIFIED_KEY, JSON.stringify(verifiedSchema.parse(report)));
    const { ok, entries, firstBad } = report;
    await this.#append(author, 'audit.verified', { ok, entries, firstBad });
    return report;
  }

  /**
   * Writes a period into a file, whole or not at all. The asking is in the trail before the copy is made.
   * @param from ISO 8601 instant, inclusive. @param to exclusive.
   * @throws VantageError INPUT_INVALID for a period that is none, DISK_FULL, DISK_FAILED; the signal's reason.
   */
  async export(
    author: Author,
    period: { readonly from: string; readonly to: string },
    work: Work = {},
  ): Promise<AuditExport> {
    const { from, to } = period;
    if (from >= to) throw new VantageError('INPUT_INVALID', 'the period ends before it begins', { field: 'to' });
    await this.#append(author, 'audit.exported', { from, to });
    await this.#checkpoints.make('exported');
    try {
      return await this.#write(from, to, work);
    } catch (error) {
      await this.#append(author, 'audit.export-stopped', { from, to });
      throw asDiskProblem(error);
    }
  }

  async #write(from: string, to: string, work: Work): Promise<AuditExport> {
    const { store, station, exportsFolder: folder, now } = this.#options;
    const madeAt = now().toISOString();
    const fileName = `audit-${from.slice(0, 10)}-to-${to.slice(0, 10)}-made-${madeAt.replaceAll(/[-:]|\.\d+/g, '')}.jsonl`;
    const path = join(folder, fileName);
    const temporary = `${path}${UNFINISHED}`;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(temporary, 'wx', 0o600);
    try {
      const result = await exportAudit(
        { sqlite: store.sqlite, signer: this.#signer, station, from, to, madeAt, ...work },
        async (text) => {
          await file.appendFile(text, 'utf8');
        },
      );
      await file.sync();
      await file.close();
      await rename(temporary, path);
      syncFolder(folder);
      return { ...result, fileName, folder, keyId: this.keyId };
    } catch (error) {
      await file.close();
      await rm(temporary, { force: true });
      throw error;
    }
  }

  #append(author: Author, action: string, detail: AuditEntryInput['detail']): Promise<void> {
    const { store, station, now } = this.#options;
    return store.audit.append({
      at: now().toISOString(),
      actorId: author.id,
      role: author.role,
      action,
      subjectKind: 'audit',
      subjectId: station.stationId,
      detail,
    });
  }
}
