/**
 * Deletes pictures from this station when its policy says so: of closed visits only, and only when the cloud has verified its
 * copy of every file that would go. One transaction per visit takes the documents' names for the files, the vault's rows with
 * their keys, and writes the audit entry; only then are the files removed. A crash in between leaves nothing half.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  BlobUse,
  Capture,
  RetentionItem,
  RetentionPolicy,
  RetentionPreview,
  RetentionResult,
} from '../../contract/index.ts';
import { DEFAULT_RETENTION, isClosed, retentionPolicySchema, VantageError } from '../../contract/index.ts';
import type { Log } from '../clinic-api.ts';
import type { Store, StoreTransaction } from '../store/index.ts';
import { readStationValue, writeStationValue } from '../store/station-values.ts';
import type { NameWatch, Vault } from '../vault/index.ts';
import { isUnderWay } from '../visits/steps.ts';
import { blobUses } from './blob-uses.ts';

export interface RetentionOptions {
  readonly store: Store;
  readonly vault: Vault;
  /**
   * When the cloud said that it holds this content, having hashed the stored bytes again; null: it has not. An instant, ISO 8601.
   */
  readonly verifiedAt: (sha256: string) => string | null;
  readonly now: () => Date;
  readonly log: Log;
}

/** Who set the policy, or wanted it carried out. */
export interface RetentionActor {
  readonly id: string;
  readonly role: string;
}

const POLICY_KEY = 'retention-policy';
const BLOB_ID = /^[0-9a-f]{64}$/;
const DAY_MS = 86_400_000;
const STATION: RetentionActor = { id: 'station', role: 'station' };

/** What a visit's documents name and the policy lets go. */
interface Plan {
  readonly item: RetentionItem;
  readonly going: readonly { readonly captureId: string; readonly blobIds: readonly string[] }[];
}

/** Taken from as visits are purged. */
type Uses = Map<string, readonly BlobUse[]>;

type Verdict = Plan | keyof RetentionPreview['kept'] | 'nothing';

export class Retention {
  readonly #options: RetentionOptions;
  #running: Promise<RetentionResult> | null = null;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** {@link DEFAULT_RETENTION} until somebody sets another. */
  policy(): RetentionPolicy {
    const value = readStationValue(this.#options.store.sqlite, POLICY_KEY);
    return value === null ? DEFAULT_RETENTION : retentionPolicySchema.parse(JSON.parse(value));
  }

  /** Takes effect with the next run. @throws VantageError INPUT_INVALID. */
  async setPolicy(policy: RetentionPolicy, actor: RetentionActor): Promise<void> {
    const parsed = retentionPolicySchema.safeParse(policy);
    if (!parsed.success) throw new VantageError('INPUT_INVALID', 'retention policy', { field: 'keepDays' });
    const before = this.policy();
    await this.#options.store.transaction((tx) => {
      writeStationValue(tx.sqlite, POLICY_KEY, JSON.stringify(parsed.data));
      tx.audit({
        at: this.#at(),
        actorId: actor.id,
        role: actor.role,
        action: 'retention.policy-set',
        subjectKind: 'station',
        subjectId: 'station',
        detail: {
          keepDays: parsed.data.keepDays,
          keepThumbnails: parsed.data.keepThumbnails,
          keepDaysBefore: before.keepDays,
          keepThumbnailsBefore: before.keepThumbnails,
        },
      });
    });
  }

  /** What a run would delete now. Changes nothing. */
  async preview(): Promise<RetentionPreview> {
    const { store } = this.#options;
    const uses = await this.#usesOfAll();
    const due: RetentionItem[] = [];
    const kept = { notDueYet: 0, notVerified: 0, policyOff: 0 };
    const policy = this.policy();
    for (const sessionId of await this.#closedVisits()) {
      const verdict = await store.transaction((tx) => this.#judge(tx, sessionId, policy, uses));
      if (typeof verdict === 'object') due.push(verdict.item);
      else if (verdict !== 'nothing') kept[verdict] += 1;
      await nextTurn();
    }
    return { at: this.#at(), policy, due: due.toSorted((a, b) => (a.closedAt < b.closedAt ? -1 : 1)), kept };
  }

  /**
   * Deletes what is due, visit by visit. Asked again while it runs, one gets that run's result.
   * @param signal ends it between two visits.
   * @throws VantageError DISK_FULL, DISK_FAILED; what was deleted before stays deleted, whole visits only.
   */
  run(actor: RetentionActor = STATION, signal?: AbortSignal): Promise<RetentionResult> {
    this.#running ??= this.#run(actor, signal).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(actor: RetentionActor, signal: AbortSignal | undefined): Promise<RetentionResult> {
    const { store, vault, log } = this.#options;
    const policy = this.policy();
    let visits = 0;
    let pictures = 0;
    const removed = { files: 0, bytes: 0 };
    const watch = vault.watchNames();
    try {
      const sessionIds = policy.keepDays === null ? [] : await this.#closedVisits();
      const uses = sessionIds.length === 0 ? new Map() : await this.#usesOfAll();
      for (const sessionId of sessionIds) {
        await nextTurn();
        if (signal?.aborted === true) break;
        const done = await store.transaction((tx) => {
          const verdict = this.#judge(tx, sessionId, policy, uses);
          return typeof verdict === 'object' ? this.#purge(tx, verdict, uses, watch, actor) : null;
        });
        if (done === null) continue;
        visits += 1;
        pictures += done;
        const gone = await vault.removeErased();
        removed.files += gone.files;
        removed.bytes += gone.bytes;
      }
    } finally {
      watch.stop();
    }
    const result = { at: this.#at(), visits, pictures, ...removed };
    if (visits > 0) log.info(result, 'pictures were deleted by the retention policy');
    return result;
  }

  /** Why a visit keeps its pictures, or what goes. Asked again in the transaction that deletes. */
  #judge(tx: StoreTransaction, sessionId: string, policy: RetentionPolicy, uses: Uses): Verdict {
    const { vault, verifiedAt, now } = this.#options;
    const session = tx.get('sessions', sessionId);
    if (session === null || !isClosed(session.status)) return 'nothing';
    const captures = tx.find('captures', { selector: { sessionId } });
    const going = captures.flatMap((capture) => {
      if (capture.blobId === null) return [];
      return [{ captureId: capture.id, blobIds: blobIdsOf(capture, policy) }];
    });
    if (going.length === 0) return 'nothing';
    if (policy.keepDays === null) return 'policyOff';
    const closedAt = session.endedAt ?? session.updatedAt;
    const isDue = now().getTime() - Date.parse(closedAt) >= policy.keepDays * DAY_MS;
    // A picture that is being judged, or looked for on its camera, is not done with.
    if (!isDue || captures.some(isUnderWay)) return 'notDueYet';
    const rows = going.flatMap(({ blobIds }) => blobIds).map((blobId) => vault.stat(blobId));
    if (rows.some((row) => row === null || verifiedAt(row.sha256) === null)) return 'notVerified';
    const own = new Map<string, number>();
    for (const row of rows) {
      const isShared = uses.get(row?.blobId ?? '')?.some((use) => use.sessionId !== sessionId) ?? false;
      if (row !== null && !isShared) own.set(row.blobId, row.size);
    }
    const bytes = [...own.values()].reduce((sum, size) => sum + size, 0);
    return { item: { sessionId, closedAt, pictures: going.length, bytes }, going };
  }

  /** @returns how many pictures went. */
  #purge(tx: StoreTransaction, { item, going }: Plan, uses: Uses, watch: NameWatch, actor: RetentionActor): number {
    const { vault } = this.#options;
    const at = this.#at();
    const unnamed = new Set<string>();
    for (const { captureId, blobIds } of going) {
      const gone = new Set(blobIds);
      const without = (blobId: string | null): string | null => (blobId === null || gone.has(blobId) ? null : blobId);
      tx.update('captures', captureId, (current) => ({
        ...current,
        state: 'purged' as const,
        blobId: null,
        thumbnailBlobId: without(current.thumbnailBlobId),
        overlayBlobId: without(current.overlayBlobId),
        purgedAt: at,
      }));
      const findings = tx.find('findings', { selector: { captureId } });
      for (const finding of findings) {
        tx.update('findings', finding.id, (current) => ({ ...current, overlayBlobId: without(current.overlayBlobId) }));
      }
      const documents = new Set([captureId, ...findings.map(({ id }) => id)]);
      for (const blobId of blobIds) {
        const left = (uses.get(blobId) ?? []).filter((use) => !documents.has(use.id));
        uses.set(blobId, left);
        if (left.length === 0) unnamed.add(blobId);
        else unnamed.delete(blobId);
      }
    }
    const erased = vault.eraseRows(unnamed, watch);
    tx.audit({
      at,
      actorId: actor.id,
      role: actor.role,
      action: 'retention.purged',
      subjectKind: 'session',
      subjectId: item.sessionId,
      detail: {
        pictures: going.length,
        files: erased.length,
        bytes: erased.reduce((sum, { size }) => sum + size, 0),
        closedAt: item.closedAt,
      },
    });
    return going.length;
  }

  async #closedVisits(): Promise<string[]> {
    const sessions = await this.#options.store.find('sessions', {
      selector: { status: { $in: ['COMPLETED', 'CANCELLED'] } },
    });
    return sessions.map(({ id }) => id);
  }

  async #usesOfAll(): Promise<Uses> {
    const { store, vault } = this.#options;
    return new Map(await blobUses(store, (value) => BLOB_ID.test(value) && vault.stat(value) !== null));
  }

  #at(): string {
    return this.#options.now().toISOString();
  }
}

function blobIdsOf(capture: Capture, { keepThumbnails }: RetentionPolicy): string[] {
  const small = keepThumbnails ? [] : [capture.thumbnailBlobId, capture.overlayBlobId];
  return [capture.blobId, ...small].filter((blobId) => blobId !== null);
}
