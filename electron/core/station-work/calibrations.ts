/**
 * Calibrations made on this station: a technician begins one, takes readings against reference weights, and ends it with a signed record
 * that is never changed. From the beginning to the end the device is out of use for visits. Works without a line; the cloud's workflow
 * follows when there is one.
 */
import { z } from 'zod';
import type {
  AuditEntryInput,
  CalibrationObstacle,
  CalibrationPort,
  CalibrationReading,
  CalibrationRunView,
  CalibrationStanding,
  DeviceCalibrationInput,
  DeviceConfiguration,
  DeviceIdentity,
  DeviceStatus,
  Prepared,
} from '../../contract/index.ts';
import {
  VantageError,
  calibrationReadingSchema,
  deviceIdentitySchema,
  newId,
  referenceSchema,
} from '../../contract/index.ts';
import type { CallOptions, DevicesApi } from '../../../native/supervisor/devices-api.ts';
import type { Signer } from '../audit/signer.ts';
import { calibrationIntent } from '../outbox/site-request.ts';
import type { StationIdentity } from '../station.ts';
import { prepared } from '../store/prepared.ts';
import type { Store, StoreTransaction } from '../store/index.ts';
import type { Author } from '../visits/author.ts';
import {
  SCALE_PROCEDURE,
  VALID_DAYS,
  allowedErrorKg,
  errorKg,
  isCalibratable,
  judgeScale,
  missingReadings,
} from './scale-procedure.ts';
import { calibrationStatement } from './calibration-statement.ts';

type Reference = z.infer<typeof referenceSchema>;

export interface CalibrationsOptions {
  readonly store: Store;
  readonly devices: Pick<DevicesApi, 'weigh'>;
  readonly configurationOf: (deviceId: string) => DeviceConfiguration | null;
  readonly deviceStatuses: () => readonly DeviceStatus[];
  readonly station: StationIdentity;
  readonly signer: Signer;
  readonly buildId: string;
  readonly now: () => Date;
  readonly changed: () => void;
}

const draftSchema = z.object({
  identity: deviceIdentitySchema,
  divisionKg: z.number().positive(),
  reference: referenceSchema.nullable(),
  readings: z.array(calibrationReadingSchema),
});
type Draft = z.infer<typeof draftSchema>;

interface Run {
  readonly calibrationId: string;
  readonly deviceId: string;
  readonly state: 'open' | 'recorded' | 'given-up';
  readonly startedAt: string;
  readonly draft: Draft;
}

interface Row {
  readonly calibration_id: string;
  readonly device_id: string;
  readonly state: Run['state'];
  readonly started_at: string;
  readonly draft_json: string;
}

const MS_PER_DAY = 86_400_000;

export class Calibrations implements CalibrationPort {
  readonly #options: CalibrationsOptions;

  constructor(options: CalibrationsOptions) {
    this.#options = options;
  }

  /** Those under way, oldest first. */
  open(): readonly CalibrationRunView[] {
    return this.#rows(`state = 'open' ORDER BY started_at`).map(({ draft, calibrationId, deviceId, startedAt }) => ({
      calibrationId,
      deviceId,
      startedAt,
      identity: draft.identity,
      reference: draft.reference,
      readings: draft.readings,
      missing: missingOf(draft),
    }));
  }

  /** @throws VantageError DEVICE_BUSY while it is being calibrated */
  assertInUse(deviceId: string): void {
    if (this.#openOf(deviceId) !== null) throw new VantageError('DEVICE_BUSY', 'being calibrated');
  }

  /** @throws VantageError INPUT_INVALID: the reference's certificate has expired */
  async begin(
    deviceId: string,
    reference: Reference,
    by: Author,
  ): Promise<
    | { readonly outcome: 'begun'; readonly calibrationId: string }
    | { readonly outcome: 'NOT_AVAILABLE'; readonly reason: CalibrationObstacle }
  > {
    const { store, station, buildId, now } = this.#options;
    if (reference.expiresOn < now().toISOString().slice(0, 10)) {
      throw new VantageError('INPUT_INVALID', 'the certificate has expired', { field: 'expiresOn' });
    }
    const there = this.#identityOf(deviceId);
    if (typeof there === 'string') return { outcome: 'NOT_AVAILABLE', reason: there };
    const calibrationId = await store.transaction((tx) => {
      const open = this.#openOf(deviceId);
      const startedAt = open?.startedAt ?? this.#at();
      const id = open?.calibrationId ?? newId();
      // One that the cloud began, or that the technician begins again with another set of weights before the first reading.
      if (open?.draft.reference !== null && (open?.draft.readings.length ?? 0) > 0) return id;
      const draft = { ...there, reference, readings: open?.draft.readings ?? [] };
      this.#write({ calibrationId: id, deviceId, state: 'open', startedAt, draft });
      tx.audit(this.#entry(by, 'calibration.begun', id, { deviceId }));
      if (open === null && station.workflowsConfigured) {
        tx.intent(calibrationIntent('calibration-start', newId(), this.#start(id, deviceId, startedAt, buildId), null));
      }
      return id;
    });
    this.#options.changed();
    return { outcome: 'begun', calibrationId };
  }

  /** Waits for the scale's own "stable". @throws VantageError NOT_FOUND, SCALE_*, DEVICE_*, STATUS_CONFLICT */
  async record(
    calibrationId: string,
    { test, place, loadKg }: Pick<CalibrationReading, 'test' | 'place' | 'loadKg'>,
    signal?: AbortSignal,
  ): Promise<CalibrationReading> {
    const { deviceId, draft } = this.#requireOpen(calibrationId);
    const outcome = await this.#options.devices.weigh({ deviceId }, { signal });
    if (outcome.kind !== 'completed') throw new VantageError(outcome.code, outcome.detail);
    const { kg, at, raw } = outcome.value;
    const reading: CalibrationReading = {
      test,
      place,
      loadKg,
      kg,
      errorKg: errorKg(kg, loadKg),
      allowedKg: allowedErrorKg(loadKg, draft.divisionKg),
      at,
      raw: raw.slice(0, 200),
    };
    await this.#change(calibrationId, (now) => ({ ...now, readings: [...now.readings, reading] }));
    return reading;
  }

  /** The last reading. @throws VantageError NOT_FOUND, STATUS_CONFLICT */
  async takeBack(calibrationId: string): Promise<void> {
    await this.#change(calibrationId, (now) => ({ ...now, readings: now.readings.slice(0, -1) }));
  }

  /** @throws VantageError INPUT_INVALID where readings or the reference are missing, NOT_FOUND, STATUS_CONFLICT */
  async finish(calibrationId: string, by: Author): Promise<{ readonly verdict: 'passed' | 'failed' }> {
    const { store, station, signer, buildId, now } = this.#options;
    const verdict = await store.transaction((tx) => {
      const run = this.#requireOpen(calibrationId);
      const { identity, divisionKg, reference, readings } = run.draft;
      const missing = missingOf(run.draft);
      if (missing.length > 0 || reference === null) {
        throw new VantageError('INPUT_INVALID', missing.join(' '), { field: 'readings' });
      }
      const judged = judgeScale(readings);
      const at = now();
      const { tenantId, locationId } = station;
      const content = {
        id: calibrationId,
        tenantId,
        locationId,
        authorId: by.id,
        deviceId: run.deviceId,
        deviceKind: 'scale' as const,
        identity,
        procedure: { ...SCALE_PROCEDURE },
        reference,
        rawReadings: [...readings],
        result: { largestErrorKg: judged.largestErrorKg, largestSpreadKg: judged.largestSpreadKg },
        tolerance: { divisionKg, rule: 'OIML R 76-1:2006, 3.5.1 table 6, class III' },
        verdict: judged.verdict,
        validFrom: at.toISOString(),
        validUntil: new Date(at.getTime() + VALID_DAYS * MS_PER_DAY).toISOString(),
        supersedes: null,
      };
      tx.put('calibrations', {
        ...content,
        signature: signer.sign(calibrationStatement(content)),
        keyId: signer.keyId,
      });
      this.#write({ ...run, state: 'recorded' });
      tx.audit(
        this.#entry(by, 'calibration.recorded', calibrationId, { deviceId: run.deviceId, verdict: judged.verdict }),
      );
      if (station.workflowsConfigured) {
        const start = this.#start(calibrationId, run.deviceId, run.startedAt, buildId);
        tx.intent(calibrationIntent('calibration-measured', newId(), start, { at: at.toISOString() }));
      }
      return judged.verdict;
    });
    this.#options.changed();
    return { verdict };
  }

  /** @throws VantageError NOT_FOUND, STATUS_CONFLICT: there is a record already */
  async giveUp(calibrationId: string, by: Author): Promise<void> {
    const { store, station, buildId } = this.#options;
    await store.transaction((tx) => {
      const run = this.#requireOpen(calibrationId);
      this.#end(tx, run, by);
      if (!station.workflowsConfigured) return;
      const start = this.#start(calibrationId, run.deviceId, run.startedAt, buildId);
      tx.intent(calibrationIntent('calibration-cancelled', newId(), start, { at: this.#at() }));
    });
    this.#options.changed();
  }

  async prepare(
    { calibrationId, deviceId }: { readonly calibrationId: string; readonly deviceId: string },
    _options?: CallOptions,
  ): Promise<Prepared> {
    // Begun, or even ended, by the technician before the line was back.
    const known = this.#run(calibrationId);
    if (known !== null) return { outcome: 'ready', identity: known.draft.identity };
    const there = this.#identityOf(deviceId);
    if (typeof there === 'string') return { outcome: 'NOT_AVAILABLE', reason: there };
    const { store, station } = this.#options;
    const began = await store.transaction((tx) => {
      if (this.#openOf(deviceId) !== null) return false;
      const draft = { ...there, reference: null, readings: [] };
      this.#write({ calibrationId, deviceId, state: 'open', startedAt: this.#at(), draft });
      tx.audit(
        this.#entry({ id: station.stationId, role: 'workflow' }, 'calibration.begun', calibrationId, { deviceId }),
      );
      return true;
    });
    this.#options.changed();
    return began
      ? { outcome: 'ready', identity: there.identity }
      : { outcome: 'NOT_AVAILABLE', reason: 'DEVICE_IN_CALIBRATION' };
  }

  async standing({ calibrationId }: { readonly calibrationId: string }): Promise<CalibrationStanding> {
    const run = this.#run(calibrationId);
    if (run === null) throw new VantageError('NOT_FOUND');
    if (run.state !== 'recorded') return { state: run.state };
    const record = await this.#options.store.get('calibrations', calibrationId);
    if (record === null) throw new VantageError('NOT_FOUND');
    const { largestErrorKg } = z.looseObject({ largestErrorKg: z.number() }).parse(record.result);
    return {
      state: 'recorded',
      verdict: record.verdict,
      validUntil: record.validUntil,
      readings: record.rawReadings.length,
      largestErrorKg,
      keyId: z.string().parse(record['keyId']),
      signature: record.signature,
    };
  }

  async putBack({ calibrationId }: { readonly calibrationId: string }): Promise<{ readonly wasOpen: boolean }> {
    const { store, station } = this.#options;
    const wasOpen = await store.transaction((tx) => {
      const run = this.#run(calibrationId);
      if (run?.state !== 'open') return false;
      this.#end(tx, run, { id: station.stationId, role: 'workflow' });
      return true;
    });
    this.#options.changed();
    return { wasOpen };
  }

  /** Readings that were taken go into the trail by their number only: they led to nothing. */
  #end(tx: StoreTransaction, run: Run, by: Author): void {
    this.#write({ ...run, state: 'given-up' });
    const detail = { deviceId: run.deviceId, readings: run.draft.readings.length };
    tx.audit(this.#entry(by, 'calibration.given-up', run.calibrationId, detail));
  }

  /** What can be calibrated, or why not. */
  #identityOf(deviceId: string): Pick<Draft, 'identity' | 'divisionKg'> | CalibrationObstacle {
    const { configurationOf, deviceStatuses } = this.#options;
    const configuration = configurationOf(deviceId);
    if (configuration === null) return 'DEVICE_NOT_HERE';
    if (!isCalibratable(configuration.kind)) return 'NO_PROCEDURE';
    const identity: DeviceIdentity | null =
      deviceStatuses().find((status) => status.deviceId === deviceId)?.identity ?? null;
    if (identity?.divisionKg === undefined) return 'DEVICE_ABSENT';
    return { identity, divisionKg: identity.divisionKg };
  }

  async #change(calibrationId: string, modify: (draft: Draft) => Draft): Promise<void> {
    await this.#options.store.transaction(() => {
      const run = this.#requireOpen(calibrationId);
      this.#write({ ...run, draft: modify(run.draft) });
    });
    this.#options.changed();
  }

  #requireOpen(calibrationId: string): Run {
    const run = this.#run(calibrationId);
    if (run === null) throw new VantageError('NOT_FOUND');
    if (run.state !== 'open') throw new VantageError('STATUS_CONFLICT', run.state);
    return run;
  }

  #run(calibrationId: string): Run | null {
    return this.#rows('calibration_id = ?', calibrationId)[0] ?? null;
  }

  #openOf(deviceId: string): Run | null {
    return this.#rows(`state = 'open' AND device_id = ?`, deviceId)[0] ?? null;
  }

  /** @param where fixed text of this file */
  #rows(where: string, ...values: readonly string[]): readonly Run[] {
    const rows = prepared(this.#options.store.sqlite, `SELECT * FROM calibration_runs WHERE ${where}`).all(...values);
    return (rows as Row[]).map((row) => ({
      calibrationId: row.calibration_id,
      deviceId: row.device_id,
      state: row.state,
      startedAt: row.started_at,
      draft: draftSchema.parse(JSON.parse(row.draft_json)),
    }));
  }

  /** Within an open transaction. */
  #write({ calibrationId, deviceId, state, startedAt, draft }: Run): void {
    prepared(
      this.#options.store.sqlite,
      `INSERT INTO calibration_runs (calibration_id, device_id, state, started_at, draft_json) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (calibration_id) DO UPDATE SET state = excluded.state, draft_json = excluded.draft_json`,
    ).run(calibrationId, deviceId, state, startedAt, JSON.stringify(draft));
  }

  #start(calibrationId: string, deviceId: string, startedAt: string, buildId: string): DeviceCalibrationInput {
    const { tenantId, locationId, stationId } = this.#options.station;
    return { calibrationId, deviceId, stationId, tenantId, locationId, buildId, startedAt };
  }

  #entry(by: Author, action: string, subjectId: string, detail: AuditEntryInput['detail']): AuditEntryInput {
    return { at: this.#at(), actorId: by.id, role: by.role, action, subjectKind: 'calibration', subjectId, detail };
  }

  #at(): string {
    return this.#options.now().toISOString();
  }
}

function missingOf({ readings, identity, reference }: Draft): CalibrationRunView['missing'] {
  return [...(reference === null ? (['REFERENCE'] as const) : []), ...missingReadings(readings, identity)];
}
