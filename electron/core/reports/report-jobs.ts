/**
 * Makes the report of a finished visit: data and pictures in, one PDF in the vault, document and status in one transaction. A
 * job that was under way when core stopped is done again at the next start; the version counts up only when it lands.
 */
import { createHash } from 'node:crypto';
import type { Capture, Finding, Problem, Session } from '../../contract/index.ts';
import { countedCaptures, derivedId, VantageError } from '../../contract/index.ts';
import type { Log } from '../clinic-api.ts';
import { codeOf, problemFrom } from '../problems.ts';
import type { StationIdentity } from '../station.ts';
import type { Store } from '../store/index.ts';
import type { Vault } from '../vault/index.ts';
import { readBlob } from '../vault/index.ts';
import { requireLead } from '../visits/lead.ts';
import { ageOn, protocolOf, recordOf } from '../visits/steps.ts';
import { capturesOf } from '../visits/views.ts';
import { renderReport } from './pdf.ts';
import type { ReportInput, ReportPicture } from './report-input.ts';

const INTENDED_USE = 'measuring, not a diagnosis';
const RETRY_MS = 5_000;

export interface ReportJobsOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly station: StationIdentity;
  readonly mode: 'demonstration' | 'clinic';
  readonly now: () => Date;
  readonly log: Log;
  readonly changed: () => void;
}

export class ReportJobs {
  readonly #options: ReportJobsOptions;
  readonly #running = new Map<string, Promise<void>>();
  readonly #sessions = new Set<string>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  readonly #problems = new Map<string, Problem>();
  #closed = false;

  constructor(options: ReportJobsOptions) {
    this.#options = options;
  }

  /** Sessions whose report is being made now. */
  get inProgress(): ReadonlySet<string> {
    return this.#sessions;
  }

  /** Why the last try to make a session's report failed; null when it did not. It is tried again by itself. */
  problemOf(sessionId: string): Problem | null {
    return this.#problems.get(sessionId) ?? null;
  }

  /** Begins, or does nothing when it is being made already. A failed job is tried again by itself. */
  make(sessionId: string): void {
    if (this.#closed || this.#running.has(sessionId)) return;
    this.#sessions.add(sessionId);
    this.#options.changed();
    const job = this.#make(sessionId)
      .then(() => void this.#problems.delete(sessionId))
      .catch((error: unknown) => {
        this.#problems.set(sessionId, problemFrom(error, this.#options.now()));
        this.#options.log.error({ sessionId, code: codeOf(error) }, 'report could not be made; trying again');
        this.#retryLater(sessionId);
      })
      .finally(() => {
        this.#running.delete(sessionId);
        this.#sessions.delete(sessionId);
        this.#options.changed();
      });
    this.#running.set(sessionId, job);
  }

  /** Takes up reports that were wanted when core stopped. */
  async resumeAll(): Promise<void> {
    for (const session of await this.#options.store.find('sessions', { selector: { status: 'ANALYSING' } }))
      this.make(session.id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#retries.values()) clearTimeout(timer);
    await Promise.allSettled(this.#running.values());
  }

  #retryLater(sessionId: string): void {
    if (this.#closed) return;
    clearTimeout(this.#retries.get(sessionId));
    this.#retries.set(
      sessionId,
      setTimeout(() => this.make(sessionId), RETRY_MS),
    );
  }

  async #make(sessionId: string): Promise<void> {
    const { store, vault } = this.#options;
    const session = await store.get('sessions', sessionId);
    // The station that leads the visit makes its report.
    if (session === null || session.status !== 'ANALYSING' || session.leadStationId !== this.#options.station.stationId)
      return;
    const version = (await store.count('reports', { selector: { sessionId } })) + 1;
    const input = await this.#input(session, version);
    const rendered = await renderReport(input);
    const sha256 = createHash('sha256').update(rendered.bytes).digest('hex');
    const blob = await vault.prepareBytes(rendered.bytes, 'application/pdf', input.reportId);
    await store.transaction((tx) => {
      const current = tx.require('sessions', sessionId);
      if (current.status !== 'ANALYSING') throw new VantageError('STATUS_CONFLICT', current.status);
      requireLead(current, this.#options.station.stationId);
      const { blobId, size } = vault.insertRow(blob);
      tx.put('reports', {
        id: input.reportId,
        tenantId: session.tenantId,
        locationId: session.locationId,
        authorId: session.authorId,
        sessionId,
        patientId: session.patientId,
        version,
        blobId,
        sha256,
        size,
        pages: rendered.pages,
        madeAt: input.madeAt,
        review: null,
      });
      tx.update('sessions', sessionId, (latest) => ({
        ...latest,
        status: 'REVIEW' as const,
        reportId: input.reportId,
      }));
      tx.audit({
        at: input.madeAt,
        actorId: session.authorId,
        role: 'station',
        action: 'report.made',
        subjectKind: 'report',
        subjectId: input.reportId,
        detail: { version, sha256 },
      });
    });
  }

  async #input(session: Session, version: number): Promise<ReportInput> {
    const { store, station, mode, now } = this.#options;
    const patient = await store.get('patients', session.patientId);
    if (patient === null) throw new VantageError('NOT_FOUND', 'patient');
    const protocol = protocolOf(session.protocolId);
    const captures = await capturesOf(store, session.id);
    const counted = countedCaptures(session, captures);
    const findings = await store.find('findings', { selector: { sessionId: session.id } });
    const names = new Map((await store.find('staff', {})).map((person) => [person.id, person.name]));
    const devices = new Map((await store.find('devices', {})).map((device) => [device.id, device.configuration.name]));
    const pictures: ReportPicture[] = [];
    for (const capture of counted) {
      const title = protocol.steps.find((step) => step.id === capture.stepId)?.title ?? capture.stepId;
      pictures.push(await this.#picture(capture, title, captures, names));
    }
    return {
      reportId: derivedId('report', session.id, version),
      sessionId: session.id,
      version,
      madeAt: now().toISOString(),
      timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      mark: markOf(mode, counted),
      clinic: { name: station.clinicName, location: station.locationName, station: station.stationName },
      patient: {
        number: patient.number,
        givenName: patient.givenName,
        familyName: patient.familyName,
        birthDate: patient.birthDate,
        age: ageOn(patient.birthDate, session.day),
      },
      visit: {
        protocolTitle: protocol.title,
        protocolVersion: session.protocolVersion,
        startedAt: session.startedAt,
        capturedAt: session.capturedAt,
        endedReason: session.endedReason,
      },
      quantities: protocol.steps.flatMap((step) => {
        const record = recordOf(session, step.id);
        if (record.quantity === null) return [];
        const deviceName = record.quantity.deviceId === null ? null : (devices.get(record.quantity.deviceId) ?? null);
        return [
          { title: step.title, quantity: record.quantity, deviceName, takenBy: names.get(record.doneBy ?? '') ?? '' },
        ];
      }),
      pictures,
      findings: findings
        .filter((finding) => counted.some((capture) => capture.id === finding.captureId))
        .toSorted((a, b) => (a.eye < b.eye ? 1 : -1))
        .map((finding) => reportFinding(finding)),
      skipped: protocol.steps.flatMap((step) => {
        const record = recordOf(session, step.id);
        return record.state === 'skipped' ? [{ title: step.title, reason: record.skippedReason ?? '' }] : [];
      }),
    };
  }

  async #picture(
    capture: Capture,
    title: string,
    captures: readonly Capture[],
    names: ReadonlyMap<string, string>,
  ): Promise<ReportPicture> {
    return {
      captureId: capture.id,
      stepId: capture.stepId,
      title,
      subject: capture.settings.subject,
      image: await this.#bytes(capture.thumbnailBlobId),
      overlay: await this.#bytes(capture.overlayBlobId),
      field: capture.judgement?.field ?? null,
      passed: capture.judgement?.passed === true,
      checks: capture.judgement?.checks ?? [],
      kept: capture.kept === null ? null : { reason: capture.kept.reason, byName: names.get(capture.kept.by) ?? '' },
      simulated: capture.simulated,
      takenAt: capture.takenAt,
      takenBy: names.get(capture.authorId) ?? '',
      attempt: capture.attempt,
      attempts: captures.filter((other) => other.stepId === capture.stepId).length,
      device: capture.device,
      settings: capture.deviceSettings,
      fieldAngleDegrees: capture.fieldAngleDegrees,
      sha256: capture.sha256 ?? '',
      size: capture.size ?? 0,
    };
  }

  /** Null also for a picture whose file is damaged: the report says that it can't be shown, and is made all the same. */
  async #bytes(blobId: string | null): Promise<Uint8Array | null> {
    if (blobId === null) return null;
    try {
      return await readBlob(this.#options.vault.grantRead(blobId));
    } catch (error) {
      if (codeOf(error) !== 'BLOB_DAMAGED') throw error;
      this.#options.log.error({ blobId }, 'a picture of a report is damaged');
      return null;
    }
  }
}

function reportFinding(finding: Finding): ReportInput['findings'][number] {
  return {
    title: 'Vessel map',
    eye: finding.eye,
    values: finding.values,
    provenance: finding.provenance,
    inputSha256: finding.inputSha256,
    intendedUse: INTENDED_USE,
  };
}

/** A demonstration may have real devices: then it is not their pictures that are simulated, but the clinic is no clinic. */
function markOf(mode: ReportJobsOptions['mode'], captures: readonly Capture[]): ReportInput['mark'] {
  if (captures.some((capture) => capture.simulated)) return 'simulated';
  return mode === 'demonstration' ? 'demonstration' : null;
}
