/**
 * The station tries itself out. Each run is kept from its beginning: what a check found is found again where it is asked for twice, also
 * after a restart, and the report is signed once.
 */
import type {
  AcceptanceReport,
  AuditEntryInput,
  CheckResult,
  DeviceConfiguration,
  DeviceStatus,
  SelfCheck,
  SelfTestPort,
  SignedAcceptance,
  TakenUp,
} from '../../contract/index.ts';
import { SELF_CHECKS, VantageError, acceptanceVerdictOf, canonical, newId } from '../../contract/index.ts';
import { createHash } from 'node:crypto';
import type { InferenceApi } from '../../../native/inference/inference-api.ts';
import type { CallOptions } from '../../../native/supervisor/devices-api.ts';
import type { Signer } from '../audit/signer.ts';
import { acceptanceIntent } from '../outbox/site-request.ts';
import type { StationIdentity } from '../station.ts';
import type { Store } from '../store/index.ts';
import type { Sync } from '../sync/index.ts';
import type { Vault } from '../vault/index.ts';
import type { Author } from '../visits/author.ts';
import type { AcceptanceRun } from './acceptance-runs.ts';
import { lastRuns, readRun, writeRun } from './acceptance-runs.ts';
import { calibrationInForce } from './calibration-in-force.ts';
import { checkDevices } from './checks/device-check.ts';
import { checkInference } from './checks/inference-check.ts';
import { checkNetwork } from './checks/network-check.ts';
import type { Finding } from './checks/outcome.ts';
import { checkStorage } from './checks/storage-check.ts';

export interface SelfTestOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly inference: Pick<InferenceApi, 'verify'>;
  readonly sync: Pick<Sync, 'isEnrolled' | 'state'>;
  readonly configurations: () => readonly DeviceConfiguration[];
  readonly deviceStatuses: () => readonly DeviceStatus[];
  readonly station: StationIdentity;
  readonly signer: Signer;
  readonly buildId: string;
  readonly now: () => Date;
  readonly changed: () => void;
}

const SHOWN = 20;

export class SelfTest implements SelfTestPort {
  readonly #options: SelfTestOptions;
  /** Checks under way, by run and check: one that is asked for again while it goes on is the same. */
  readonly #underWay = new Map<string, Promise<CheckResult>>();

  constructor(options: SelfTestOptions) {
    this.#options = options;
  }

  /** Newest first. */
  runs(): readonly AcceptanceRun[] {
    return lastRuns(this.#options.store.sqlite, SHOWN);
  }

  /** Null: there is none, of this run or yet. */
  reportOf(runId: string): SignedAcceptance | null {
    return readRun(this.#options.store.sqlite, runId)?.signed ?? null;
  }

  /** A person asks for it; the cloud's workflow comes for it, or, where there is none, it is made by `make`. */
  async begin(by: Author): Promise<{ readonly runId: string }> {
    const { store, station, buildId } = this.#options;
    const runId = newId();
    const startedAt = this.#at();
    await store.transaction((tx) => {
      writeRun(tx.sqlite, { runId, state: 'asked', startedAt, endedAt: null, checks: [], signed: null });
      tx.audit(this.#entry(by, 'acceptance.begun', runId));
      if (station.workflowsConfigured) {
        const { tenantId, locationId, stationId } = station;
        const start = { runId, tenantId, locationId, stationId, buildId, startedAt };
        tx.intent(acceptanceIntent('acceptance-start', newId(), start, null));
      }
    });
    this.#options.changed();
    return { runId };
  }

  /** The whole of it, here alone. @throws as `check` and `conclude` */
  async make(runId: string, signal?: AbortSignal): Promise<SignedAcceptance> {
    const run = this.#require(runId);
    await this.takeUp({ runId, startedAt: run.startedAt });
    for (const check of SELF_CHECKS) await this.check({ runId, check }, { signal });
    return this.conclude({ runId });
  }

  /** @throws VantageError NOT_FOUND, STATUS_CONFLICT: it is over */
  async cancel(runId: string, by: Author): Promise<void> {
    const { store, station, buildId } = this.#options;
    await store.transaction((tx) => {
      const run = readRun(tx.sqlite, runId);
      if (run === null) throw new VantageError('NOT_FOUND');
      if (run.state !== 'asked' && run.state !== 'open') throw new VantageError('STATUS_CONFLICT', run.state);
      const at = this.#at();
      writeRun(tx.sqlite, { ...run, state: 'given-up', endedAt: at });
      tx.audit(this.#entry(by, 'acceptance.cancelled', runId));
      if (station.workflowsConfigured) {
        const { tenantId, locationId, stationId } = station;
        const start = { runId, tenantId, locationId, stationId, buildId, startedAt: run.startedAt };
        tx.intent(acceptanceIntent('acceptance-cancelled', newId(), start, { at }));
      }
    });
    this.#options.changed();
  }

  async takeUp({ runId, startedAt }: { readonly runId: string; readonly startedAt: string }): Promise<TakenUp> {
    const { store, station, buildId } = this.#options;
    await store.transaction(({ sqlite }) => {
      const run = readRun(sqlite, runId);
      if (run === null) {
        writeRun(sqlite, { runId, state: 'open', startedAt, endedAt: null, checks: [], signed: null });
      } else if (run.state === 'asked') writeRun(sqlite, { ...run, state: 'open' });
    });
    this.#options.changed();
    return { stationId: station.stationId, buildId };
  }

  async check(
    { runId, check }: { readonly runId: string; readonly check: SelfCheck },
    options?: CallOptions,
  ): Promise<CheckResult> {
    const known = this.#requireOpen(runId).checks.find((one) => one.check === check);
    if (known !== undefined) return known;
    const key = `${runId} ${check}`;
    const running =
      this.#underWay.get(key) ?? this.#make(runId, check, options?.signal).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, running);
    return running;
  }

  async conclude({ runId }: { readonly runId: string }): Promise<SignedAcceptance> {
    const { store, station, signer, buildId } = this.#options;
    const signed = await store.transaction((tx) => {
      const run = readRun(tx.sqlite, runId);
      if (run === null) throw new VantageError('NOT_FOUND');
      if (run.signed !== null) return run.signed;
      if (run.state !== 'open') throw new VantageError('STATUS_CONFLICT', run.state);
      const { tenantId, locationId, stationId } = station;
      const concludedAt = this.#at();
      const report: AcceptanceReport = {
        type: 'vantage-site-acceptance',
        version: 1,
        runId,
        tenantId,
        locationId,
        stationId,
        buildId,
        startedAt: run.startedAt,
        concludedAt,
        verdict: acceptanceVerdictOf(run.checks),
        checks: [...run.checks],
      };
      const { publicKey, keyId } = signer;
      const sha256 = createHash('sha256').update(canonical(report)).digest('hex');
      const made = { report, sha256, publicKey, keyId, signature: signer.sign(report) };
      writeRun(tx.sqlite, { ...run, state: 'concluded', endedAt: concludedAt, signed: made });
      const by = { id: stationId, role: 'station' };
      tx.audit({ ...this.#entry(by, 'acceptance.signed', runId), detail: { verdict: report.verdict, sha256 } });
      return made;
    });
    this.#options.changed();
    return signed;
  }

  async giveUp({ runId }: { readonly runId: string }): Promise<{ readonly over: true }> {
    const { store } = this.#options;
    await store.transaction(({ sqlite }) => {
      const run = readRun(sqlite, runId);
      if (run === null || (run.state !== 'asked' && run.state !== 'open')) return;
      writeRun(sqlite, { ...run, state: 'given-up', endedAt: this.#at() });
    });
    this.#options.changed();
    return { over: true };
  }

  async #make(runId: string, check: SelfCheck, signal: AbortSignal | undefined): Promise<CheckResult> {
    const startedAt = this.#at();
    const finding = await this.#find(check, signal);
    signal?.throwIfAborted();
    const result: CheckResult = { check, ...finding, startedAt, endedAt: this.#at() };
    await this.#options.store.transaction(({ sqlite }) => {
      const run = this.#requireOpen(runId);
      writeRun(sqlite, { ...run, checks: [...run.checks.filter((one) => one.check !== check), result] });
    });
    this.#options.changed();
    return result;
  }

  async #find(check: SelfCheck, signal: AbortSignal | undefined): Promise<Finding> {
    const { store, vault, inference, sync, configurations, deviceStatuses, now } = this.#options;
    switch (check) {
      case 'storage':
        return checkStorage({ store, vault }, signal);
      case 'network':
        return checkNetwork(sync);
      case 'inference':
        return checkInference(inference, signal);
      case 'devices':
        return checkDevices({
          configurations: configurations(),
          statuses: deviceStatuses(),
          isCalibrated: async (deviceId) => (await calibrationInForce(store, deviceId, now())) !== null,
        });
      default:
        return check satisfies never;
    }
  }

  #require(runId: string): AcceptanceRun {
    const run = readRun(this.#options.store.sqlite, runId);
    if (run === null) throw new VantageError('NOT_FOUND');
    return run;
  }

  #requireOpen(runId: string): AcceptanceRun {
    const run = readRun(this.#options.store.sqlite, runId);
    if (run?.state !== 'open') throw new VantageError('STATUS_CONFLICT', run?.state ?? 'not taken up');
    return run;
  }

  #entry(by: Author, action: string, subjectId: string): AuditEntryInput {
    return {
      at: this.#at(),
      actorId: by.id,
      role: by.role,
      action,
      subjectKind: 'acceptance',
      subjectId,
      detail: {},
    };
  }

  #at(): string {
    return this.#options.now().toISOString();
  }
}
