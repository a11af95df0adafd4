/** Everything that runs while a station belongs to a clinic of the cloud: the line, documents, files, the audit trail. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Problem, SyncView, Unpushed } from '../../contract/index.ts';
import { QUARANTINE_SHOWN } from '../../contract/index.ts';
import type { Log } from '../clinic-api.ts';
import { codeOf } from '../problems.ts';
import type { StationIdentity } from '../station.ts';
import type { Store } from '../store/index.ts';
import type { Vault } from '../vault/index.ts';
import { AuditPush } from './audit-push.ts';
import { BacklogReport } from './backlog-report.ts';
import { ClockTrust } from './clock-trust.ts';
import type { SyncClock } from './clock.ts';
import type { CloudAccount } from './cloud-account.ts';
import { AccountKeys } from './cloud-account.ts';
import type { Fetch, StationClient } from './cloud-client.ts';
import { createCloudClient } from './cloud-client.ts';
import { LineWatch } from './connectivity.ts';
import { arePayloadKeysDue, fetchPayloadKeys } from './payload-keys.ts';
import { rotateKey } from './key-rotation.ts';
import { isReady } from './line-state.ts';
import type { LinkedAbort } from './linked-abort.ts';
import { linkedAbort } from './linked-abort.ts';
import { isAcknowledged } from './replication/ledger.ts';
import type { Replication } from './replication/index.ts';
import { startReplication } from './replication/index.ts';
import type { SyncReader, SyncState } from './sync-reader.ts';
import type { Uploads } from './uploads/uploads-api.ts';
import { openUploads } from './uploads/uploads.ts';

export interface EnrolledSyncOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly station: StationIdentity;
  readonly account: CloudAccount;
  readonly clock: SyncClock;
  readonly random: () => number;
  readonly fetch?: Fetch | undefined;
  readonly log: Log;
  /** Pictures are on their way or being judged. */
  readonly busy: () => boolean;
  /** Something that is told here may be another; often. */
  readonly changed: () => void;
}

/** The clock is looked at, and what is due is done. */
const TICK_MS = 10_000;
const ROTATION_RETRY_MS = 10 * 60_000;

export class EnrolledSync implements Omit<SyncReader, 'changes'> {
  readonly connectivity: LineWatch;
  readonly replication: Replication;
  readonly uploads: Uploads;
  readonly audit: AuditPush;
  readonly #options: EnrolledSyncOptions;
  readonly #keys: AccountKeys;
  readonly #client: StationClient;
  readonly #trust: ClockTrust;
  readonly #backlog: BacklogReport;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  #rotateAt = 0;
  /** The cloud has other keys for its workflows than this station. */
  #keysDue = false;
  #waiting: LinkedAbort | null = null;

  constructor(options: EnrolledSyncOptions) {
    const { store, vault, station, account, clock, random, fetch, log, changed } = options;
    this.#options = options;
    const { stationId } = station;
    this.#keys = new AccountKeys({ store, stationId, now: () => clock.now() }, account);
    this.#trust = new ClockTrust({
      clock,
      sqlite: store.sqlite,
      changed,
      jumped: (byMs) => {
        log.warn({ bySeconds: Math.round(byMs / 1000) }, 'the clock was set, or this computer was asleep');
        // After a sleep nothing that was open is worth waiting for.
        this.#client.reconnect();
        this.connectivity.tryNow();
      },
    });
    this.#client = createCloudClient({
      address: account.address,
      stationId,
      keys: this.#keys,
      clock,
      ...(fetch !== undefined && { fetch }),
      observe: (result) => this.connectivity.observe(result),
      timeSeen: (time) => this.#trust.take(time),
      signedIn: ({ payloadKeyIds }) => {
        this.#keysDue = arePayloadKeysDue(store.sqlite, payloadKeyIds);
        if (this.#keysDue) this.#waiting?.abort(null);
      },
    });
    this.connectivity = new LineWatch({
      clock,
      random,
      probe: async (signal) => this.#client.probe(signal),
      reconnect: () => this.#client.reconnect(),
    });
    this.#backlog = new BacklogReport(this.#client, clock);
    const ready = async (signal: AbortSignal): Promise<void> => this.connectivity.ready(signal);
    this.replication = startReplication({
      store,
      cloud: this.#client,
      scope: { tenantId: station.tenantId, locationId: station.locationId },
      clock,
      random,
      ready,
      log,
    });
    this.uploads = openUploads({
      store,
      vault,
      cloud: this.#client,
      clock,
      random,
      log,
      stationId,
      ready,
      busy: options.busy,
      documents: {
        isAcknowledged: (collection, id) => isAcknowledged(store.sqlite, collection, id),
        changes: (listener) => this.replication.changes(listener),
      },
    });
    this.audit = new AuditPush({ sqlite: store.sqlite, client: this.#client, clock, random, ready, log, changed });
    this.connectivity.changes(() => {
      if (isReady(this.connectivity)) {
        this.replication.tryNow();
        this.uploads.tryNow();
        this.#waiting?.abort(null);
      }
      changed();
    });
    this.replication.changes(changed);
    this.uploads.changes(changed);
    this.connectivity.start();
    this.audit.start();
    this.#done = this.#tick();
  }

  /** What people have to know, apart from single files: why nothing goes, the clock, the trail. */
  get problems(): readonly Problem[] {
    const { problem, state, since } = this.connectivity;
    const captive: Problem = { code: 'CLOUD_CAPTIVE', detail: '', at: new Date(since).toISOString() };
    return [problem, state === 'captive' ? captive : null, this.#trust.problem, this.audit.problem].filter(
      (each) => each !== null,
    );
  }

  async state(): Promise<SyncState> {
    const { onlyOnDevice: _onlyOnDevice, ...steps } = this.uploads.steps();
    return {
      line: this.#line(),
      clock: {
        state: this.#trust.state,
        offsetMs: this.#trust.offset?.offsetMs ?? null,
        measuredAt: instantOf(this.#trust.offset?.measuredAt ?? null),
      },
      steps,
      unpushed: this.#unpushed(),
      collections: [...this.replication.perCollection()],
      quarantined: [...this.replication.quarantined(QUARANTINE_SHOWN)],
      bandwidth: this.uploads.bandwidth(),
      needs: [...this.problems.map((problem) => ({ problem, artefact: null })), ...this.uploads.needs()],
    };
  }

  async page(query: Parameters<SyncReader['page']>[0]): ReturnType<SyncReader['page']> {
    return this.uploads.page(query);
  }

  tryNow(): void {
    this.connectivity.tryNow();
    this.replication.tryNow();
    this.uploads.tryNow();
    this.audit.tryNow();
    this.#rotateAt = 0;
    this.#waiting?.abort(null);
  }

  async resend(artefact: Parameters<SyncReader['resend']>[0]): Promise<void> {
    await this.uploads.resend(artefact);
  }

  async setBandwidth(limitBytesPerSecond: number | null): Promise<void> {
    await this.uploads.setBandwidth(limitBytesPerSecond);
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error('closed'));
    await Promise.all([
      this.connectivity.close(),
      this.audit.close(),
      this.replication.close(),
      this.uploads.close(),
      this.#done,
    ]);
    await this.#client.close();
  }

  #unpushed(): Unpushed {
    const files = this.uploads.unsent();
    const oldestDocument = this.replication.oldestUnpushedAt();
    const oldest = [
      oldestDocument === null ? null : new Date(oldestDocument).toISOString(),
      this.audit.oldestUnsentAt(),
      files.oldestAt,
    ].filter((at) => at !== null);
    return {
      documents: this.replication.unpushed(),
      auditEntries: this.audit.unsent(),
      files: files.files,
      oldestAt: oldest.toSorted()[0] ?? null,
    };
  }

  #line(): SyncView['line'] {
    const { state, since, awayMs, lastContactAt, roundTripMs, problem } = this.connectivity;
    return {
      state,
      since: instantOf(since),
      offlineBeforeSeconds: awayMs === null ? null : Math.max(0, awayMs / 1000),
      lastContactAt: instantOf(lastContactAt),
      roundTripMs,
      host: new URL(this.#options.account.address).hostname,
      problem,
    };
  }

  async #tick(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#closing;
    // Whoever made this has it in hand before anything is told.
    await turn();
    while (!signal.aborted) {
      this.#trust.look();
      if (isReady(this.connectivity) && clock.monotonic() >= this.#rotateAt) await this.#rotateWhereDue(signal);
      if (this.#keysDue && isReady(this.connectivity)) await this.#fetchKeys(signal);
      // A cloud that does not take it, or is away just now, hears of it later; the line itself is watched elsewhere.
      if (isReady(this.connectivity)) await this.#backlog.tell(this.#unpushed(), signal).catch(() => null);
      this.#waiting = linkedAbort(signal);
      await clock.sleep(TICK_MS, this.#waiting.signal).catch(() => null);
      this.#waiting.release();
    }
  }

  /** What fails is asked for again with the next turn. */
  async #fetchKeys(signal: AbortSignal): Promise<void> {
    const { store, station, clock, log } = this.#options;
    try {
      const about = { stationId: station.stationId, now: clock.now() };
      const keyIds = await fetchPayloadKeys(store, this.#client, about, signal);
      this.#keysDue = false;
      this.#options.changed();
      log.info({ keyIds }, 'the cloud has given the keys for its workflows');
    } catch (error) {
      if (!signal.aborted) log.warn({ code: codeOf(error) }, 'the keys for the workflows were not given; asking again');
    }
  }

  async #rotateWhereDue(signal: AbortSignal): Promise<void> {
    if (!this.#keys.isRotationDue) return;
    const { station, clock, log } = this.#options;
    this.#rotateAt = clock.monotonic() + ROTATION_RETRY_MS;
    try {
      await rotateKey(station.stationId, this.#keys, this.#client, signal);
      log.info({}, 'the cloud knows this station by a new key');
    } catch (error) {
      if (!signal.aborted) log.warn({ code: codeOf(error) }, 'the new key did not get to the cloud; going on later');
    }
  }
}

function instantOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
