/**
 * What a person can do with a visit. Each command is one durable transaction: the documents, the audit entry and, where the
 * cloud's workflows are configured, the intent land together or not at all.
 */
import type {
  ConsentLine,
  Quantity,
  Session,
  SessionStatus,
  Signature,
  StepRecord,
  WeightReading,
} from '../../contract/index.ts';
import {
  canMove,
  CONSENT_TEXT_VERSION,
  derivedId,
  isClosed,
  maySkip,
  NEEDED_CONSENTS,
  newId,
  sessionIdOf,
  VantageError,
} from '../../contract/index.ts';
import type { Actor } from '../access/access.ts';
import { sessionIntent } from '../outbox/session-request.ts';
import type { StationIdentity } from '../station.ts';
import { calibrationInForce } from '../station-work/calibration-in-force.ts';
import type { Store, StoreTransaction } from '../store/index.ts';
import { authorOf } from './author.ts';
import type { Author } from './author.ts';
import { requireLead, takeLead } from './lead.ts';
import { currentStepOf, EMPTY_STEP, protocolOf, recordOf, stepOf } from './steps.ts';

/** Strokes shorter than this are not a signature. */
const MINIMUM_SIGNATURE_POINTS = 40;

export interface ConsentInput {
  readonly agreed: readonly ConsentLine[];
  readonly language: string;
  readonly signature: Signature;
  readonly surface: 'checkin' | 'staff';
}

/**
 * Whether the patient has agreed to what a visit needs, as things stand now: an agreement can be taken back in the middle.
 */
export function hasConsent(tx: StoreTransaction, session: Session): boolean {
  const consent = session.consentId === null ? null : tx.get('consents', session.consentId);
  return consent !== null && NEEDED_CONSENTS.every((line) => consent.decisions[line]);
}

export class Visits {
  readonly #store: Store;
  readonly #station: StationIdentity;
  readonly #now: () => Date;
  readonly #buildId: string;

  /** @param buildId version of this station, for the cloud's workflows */
  constructor(store: Store, station: StationIdentity, now: () => Date, buildId: string) {
    this.#store = store;
    this.#station = station;
    this.#now = now;
    this.#buildId = buildId;
  }

  /** Checks an appointment in. Twice is the same as once, also on two stations. */
  async checkIn(appointmentId: string, author: Author | 'patient'): Promise<Session> {
    return this.#store.transaction((tx) => {
      const appointment = tx.require('appointments', appointmentId);
      if (appointment.state === 'cancelled') throw new VantageError('NOT_FOUND', 'appointment cancelled');
      const sessionId = sessionIdOf(appointmentId);
      const existing = tx.get('sessions', sessionId);
      if (existing !== null && existing.status !== 'SCHEDULED') return existing;
      const protocol = protocolOf(appointment.protocolId);
      const who = author === 'patient' ? { id: appointment.patientId, role: 'patient' } : author;
      const session = tx.put('sessions', {
        id: sessionId,
        tenantId: this.#station.tenantId,
        locationId: this.#station.locationId,
        authorId: who.id,
        appointmentId,
        patientId: appointment.patientId,
        protocolId: protocol.id,
        protocolVersion: protocol.version,
        day: appointment.day,
        status: 'CHECKED_IN',
        leadStationId: this.#station.stationId,
        checkedInAt: this.#at(),
        startedAt: null,
        pausedAt: null,
        capturedAt: null,
        endedAt: null,
        endedReason: null,
        consentId: null,
        steps: Object.fromEntries(protocol.steps.map((step) => [step.id, EMPTY_STEP])),
        reportId: null,
        endsLocally: !this.#station.workflowsConfigured,
        patientRequest: null,
        cloud: null,
      });
      this.#audit(tx, who, 'visit.checked-in', sessionId, {});
      const id = derivedId('session-start', sessionId);
      // Only where workflows are configured: a visit that ends in the clinic starts nothing later.
      if (!session.endsLocally) tx.intent(sessionIntent('session-start', id, session, this.#buildId, null));
      return session;
    });
  }

  /** Stores the agreement with its signature. Needed lines not agreed to are stored too: then nothing may be taken. */
  async consent(sessionId: string, input: ConsentInput, author: Author | 'patient'): Promise<void> {
    const points = input.signature.strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    const named = (input.signature.typedName ?? '').trim().length > 1;
    if (points < MINIMUM_SIGNATURE_POINTS && !named) {
      throw new VantageError('INPUT_INVALID', 'signature too short', { field: 'signature' });
    }
    await this.#store.transaction((tx) => {
      const session = tx.require('sessions', sessionId);
      if (isClosed(session.status)) throw new VantageError('STATUS_CONFLICT', session.status);
      const who = author === 'patient' ? { id: session.patientId, role: 'patient' } : author;
      const consentId = newId();
      tx.put('consents', {
        id: consentId,
        tenantId: session.tenantId,
        locationId: session.locationId,
        authorId: who.id,
        patientId: session.patientId,
        sessionId,
        decisions: {
          measurements: input.agreed.includes('measurements'),
          'care-team': input.agreed.includes('care-team'),
          research: input.agreed.includes('research'),
        },
        textVersion: CONSENT_TEXT_VERSION,
        language: input.language,
        signature: input.signature,
        surface: input.surface,
        signedAt: this.#at(),
      });
      tx.update('sessions', sessionId, (current) => ({ ...current, consentId }));
      this.#audit(tx, who, 'consent.signed', sessionId, { consentId, textVersion: CONSENT_TEXT_VERSION });
    });
  }

  /** Begins, or goes on with a visit that was sent back. @throws CONSENT_MISSING, STATUS_CONFLICT. */
  async start(sessionId: string, author: Author): Promise<void> {
    await this.#change(sessionId, author, 'visit.started', (session, tx) => {
      if (session.status === 'CAPTURING') return null;
      if (!hasConsent(tx, session)) throw new VantageError('CONSENT_MISSING');
      return {
        ...this.#moved(session, 'CAPTURING'),
        startedAt: session.startedAt ?? this.#at(),
        pausedAt: null,
        capturedAt: null,
      };
    });
  }

  async pause(sessionId: string, author: Author): Promise<void> {
    await this.#change(sessionId, author, 'visit.paused', (session) => {
      if (session.pausedAt !== null || session.status !== 'CAPTURING') return null;
      requireLead(session, this.#station.stationId);
      return { ...session, pausedAt: this.#at() };
    });
  }

  async resume(sessionId: string, author: Author): Promise<void> {
    await this.#change(sessionId, author, 'visit.resumed', (session) => {
      if (session.pausedAt === null) return null;
      requireLead(session, this.#station.stationId);
      return { ...session, pausedAt: null, patientRequest: null };
    });
  }

  async answerRequest(sessionId: string, author: Author): Promise<void> {
    await this.#change(sessionId, author, 'visit.request-answered', (session) => ({
      ...session,
      patientRequest: null,
    }));
  }

  /** @throws VantageError NOT_FOUND, STATUS_CONFLICT */
  async takeOver(sessionId: string, author: Author): Promise<Session> {
    const taking = { stationId: this.#station.stationId, at: this.#at(), author };
    return this.#store.transaction((tx) => takeLead(tx, sessionId, taking));
  }

  /** The patient asks for a break or for help. */
  async ask(sessionId: string, request: 'break' | 'help'): Promise<void> {
    await this.#change(
      sessionId,
      'patient',
      'visit.request',
      (session) => {
        if (isClosed(session.status)) throw new VantageError('STATUS_CONFLICT', session.status);
        return { ...session, patientRequest: request };
      },
      { request },
    );
  }

  /** Ends early: open steps are skipped with the reason; what was taken stays. */
  async end(sessionId: string, reason: string, author: Author): Promise<void> {
    await this.#change(sessionId, author, 'visit.ended-early', (session) => {
      requireLead(session, this.#station.stationId);
      this.#requireCapturing(session);
      const protocol = protocolOf(session.protocolId);
      const steps = { ...session.steps };
      for (const step of protocol.steps) {
        const record = recordOf(session, step.id);
        if (record.state === 'todo') steps[step.id] = this.#skipped(record, reason, author);
      }
      return { ...session, steps, endedReason: reason };
    });
  }

  async cancel(sessionId: string, reason: string, author: Author): Promise<void> {
    await this.#change(sessionId, author, 'visit.cancelled', (session, tx) => {
      if (session.status === 'CANCELLED') return null;
      const next = { ...this.#moved(session, 'CANCELLED'), endedAt: this.#at(), endedReason: reason, pausedAt: null };
      const id = derivedId('session-cancelled', sessionId);
      const message = { at: next.endedAt };
      if (!session.endsLocally) tx.intent(sessionIntent('session-cancelled', id, session, this.#buildId, message));
      return next;
    });
  }

  /** Whether the step holds exactly this reading: the same request again, after an answer that was lost. */
  async holds(sessionId: string, stepId: string, reading: WeightReading): Promise<boolean> {
    const session = await this.#store.get('sessions', sessionId);
    const quantity = session === null ? null : recordOf(session, stepId).quantity;
    return quantity?.deviceId === reading.deviceId && quantity.at === reading.at && quantity.value === reading.kg;
  }

  /**
   * A reading stands for one step of one visit. @throws READING_STALE when another visit has it, STEP_NOT_NOW for a step that is
   * no measurement.
   */
  async saveWeight(sessionId: string, stepId: string, reading: WeightReading, author: Author): Promise<void> {
    const calibration = await calibrationInForce(this.#store, reading.deviceId, new Date(reading.at));
    await this.#completeStep(sessionId, stepId, author, 'step.measured', {
      value: reading.kg,
      unit: 'kg',
      error: reading.errorKg,
      source: 'device',
      deviceId: reading.deviceId,
      calibrationId: calibration?.id ?? null,
      at: reading.at,
      raw: reading.raw,
    });
  }

  /** A typed number, entered twice. @throws INPUT_INVALID with the field when they differ or are out of range. */
  async enterByHand(sessionId: string, stepId: string, value: number, again: number, author: Author): Promise<void> {
    if (value !== again) throw new VantageError('INPUT_INVALID', 'the two entries differ', { field: 'again' });
    const session = await this.#store.get('sessions', sessionId);
    if (session === null) throw new VantageError('NOT_FOUND');
    const step = stepOf(protocolOf(session.protocolId), stepId);
    if (step.type === 'picture') throw new VantageError('INPUT_INVALID', 'not a number', { field: 'value' });
    const limits =
      step.type === 'typed' ? step.quantity : { minimum: 2, maximum: 400, unit: 'kg' as const, error: 0.5 };
    if (!Number.isFinite(value) || value < limits.minimum || value > limits.maximum) {
      throw new VantageError('INPUT_INVALID', `outside ${limits.minimum}-${limits.maximum}`, { field: 'value' });
    }
    await this.#completeStep(sessionId, stepId, author, 'step.entered-by-hand', {
      value,
      unit: limits.unit,
      error: limits.error,
      source: 'by-hand',
      deviceId: null,
      calibrationId: null,
      at: this.#at(),
      raw: '',
    });
  }

  async skip(sessionId: string, stepId: string, reason: string, actor: Actor): Promise<void> {
    const author = authorOf(actor);
    await this.#change(
      sessionId,
      author,
      'step.skipped',
      (session) => {
        this.#requireCapturing(session);
        const step = stepOf(protocolOf(session.protocolId), stepId);
        if (!maySkip(step, actor.roles)) throw new VantageError('STEP_NOT_SKIPPABLE');
        const record = recordOf(session, stepId);
        if (record.state !== 'todo') throw new VantageError('STEP_NOT_NOW', stepId);
        return { ...session, steps: { ...session.steps, [stepId]: this.#skipped(record, reason, author) } };
      },
      { stepId },
    );
  }

  /** Opens a step again. What it held goes into the audit trail; captures stay where they are. */
  async undo(sessionId: string, stepId: string, author: Author): Promise<void> {
    await this.#store.transaction((tx) => {
      const session = tx.require('sessions', sessionId);
      this.#requireCapturing(session);
      stepOf(protocolOf(session.protocolId), stepId);
      const record = recordOf(session, stepId);
      if (record.state === 'todo') return;
      tx.update('sessions', sessionId, (current) => ({
        ...current,
        endedReason: null,
        steps: { ...current.steps, [stepId]: { ...EMPTY_STEP, attempts: record.attempts } },
      }));
      this.#audit(tx, author, 'step.undone', sessionId, {
        stepId,
        was: record.state,
        value: record.quantity?.value ?? null,
        captureId: record.captureId,
      });
    });
  }

  /** The try counts. A failed one needs a reason and stays marked. */
  async keep(captureId: string, reason: string | null, author: Author): Promise<void> {
    await this.#store.transaction((tx) => {
      const capture = tx.require('captures', captureId);
      const session = tx.require('sessions', capture.sessionId);
      this.#requireCapturing(session);
      if (capture.blobId === null) throw new VantageError('STEP_NOT_NOW', 'no picture yet');
      if (recordOf(session, capture.stepId).captureId === captureId) return;
      const passed = capture.judgement?.passed === true;
      if (!passed && (reason === null || reason === '')) {
        throw new VantageError('INPUT_INVALID', 'a reason is needed', { field: 'reason' });
      }
      if (!passed) {
        tx.update('captures', captureId, (current) => ({
          ...current,
          kept: { reason: reason ?? '', by: author.id, at: this.#at() },
        }));
      }
      this.#putStep(tx, session, capture.stepId, author, { state: 'done', captureId });
      this.#audit(tx, author, passed ? 'capture.kept' : 'capture.kept-despite-checks', captureId, {
        stepId: capture.stepId,
      });
    });
  }

  /** After the last step: nothing more is taken. @returns whether the report has to be made now. */
  async finish(sessionId: string, author: Author): Promise<boolean> {
    let toReport = false;
    await this.#change(sessionId, author, 'visit.captured', (session, tx) => {
      if (session.status === 'ANALYSING') {
        toReport = true;
        return null;
      }
      if (session.status === 'REVIEW' || session.status === 'COMPLETED') return null;
      this.#requireCapturing(session);
      const open = currentStepOf(protocolOf(session.protocolId), session);
      if (open !== null) throw new VantageError('STEP_NOT_NOW', `open: ${open.id}`);
      toReport = true;
      const at = this.#at();
      const id = derivedId('session-captured', sessionId, at);
      if (!session.endsLocally) tx.intent(sessionIntent('session-captured', id, session, this.#buildId, { at }));
      return { ...this.#moved(session, 'ANALYSING'), capturedAt: at, pausedAt: null };
    });
    return toReport;
  }

  async #completeStep(
    sessionId: string,
    stepId: string,
    author: Author,
    action: string,
    quantity: Quantity,
  ): Promise<void> {
    await this.#store.transaction((tx) => {
      const session = tx.require('sessions', sessionId);
      this.#requireCapturing(session);
      if (!hasConsent(tx, session)) throw new VantageError('CONSENT_MISSING');
      const record = recordOf(session, stepId);
      const step = stepOf(protocolOf(session.protocolId), stepId);
      const fits = quantity.source === 'device' ? step.type === 'weight' : step.type !== 'picture';
      if (!fits) throw new VantageError('STEP_NOT_NOW', `${stepId} is not measured so`);
      if (record.state !== 'todo') {
        // The same reading again: a repeated request after a lost answer, not a second measurement.
        if (record.quantity?.at === quantity.at && record.quantity.value === quantity.value) return;
        throw new VantageError('STEP_NOT_NOW', stepId);
      }
      this.#requireUnused(tx, session, quantity);
      this.#putStep(tx, session, stepId, author, { state: 'done', quantity });
      this.#audit(tx, author, action, sessionId, { stepId, value: quantity.value, unit: quantity.unit });
    });
  }

  #putStep(tx: StoreTransaction, session: Session, stepId: string, author: Author, changes: Partial<StepRecord>): void {
    tx.update('sessions', session.id, (current) => ({
      ...current,
      steps: {
        ...current.steps,
        [stepId]: {
          ...recordOf(current, stepId),
          ...changes,
          skippedReason: null,
          doneAt: this.#at(),
          doneBy: author.id,
        },
      },
    }));
  }

  #skipped(record: StepRecord, reason: string, author: Author): StepRecord {
    return { ...record, state: 'skipped', skippedReason: reason, doneAt: this.#at(), doneBy: author.id };
  }

  async #change(
    sessionId: string,
    author: Author | 'patient',
    action: string,
    next: (session: Session, tx: StoreTransaction) => Session | null,
    detail: Record<string, string> = {},
  ): Promise<void> {
    await this.#store.transaction((tx) => {
      const session = tx.require('sessions', sessionId);
      const changed = next(session, tx);
      if (changed === null) return;
      tx.update('sessions', sessionId, () => changed);
      const who = author === 'patient' ? { id: session.patientId, role: 'patient' } : author;
      this.#audit(tx, who, action, sessionId, { ...detail, from: session.status, to: changed.status });
    });
  }

  /** @throws VantageError LED_ELSEWHERE; STATUS_CONFLICT when the visit may not go there */
  #moved(session: Session, to: SessionStatus): Session {
    requireLead(session, this.#station.stationId);
    if (!canMove(session.status, to)) throw new VantageError('STATUS_CONFLICT', `${session.status} -> ${to}`);
    return { ...session, status: to };
  }

  #requireCapturing(session: Session): void {
    if (session.status !== 'CAPTURING') throw new VantageError('STATUS_CONFLICT', `is ${session.status}`);
    if (session.pausedAt !== null) throw new VantageError('STATUS_CONFLICT', 'paused');
  }

  /** What a device measured once belongs to one person: the same reading in two visits would be somebody else's weight. */
  #requireUnused(tx: StoreTransaction, session: Session, quantity: Quantity): void {
    if (quantity.source !== 'device') return;
    const taken = tx
      .find('sessions', { selector: { day: session.day } })
      .filter((other) => other.id !== session.id)
      .flatMap((other) => Object.values(other.steps))
      .some((record) => record.quantity?.deviceId === quantity.deviceId && record.quantity.at === quantity.at);
    if (taken) throw new VantageError('READING_STALE', 'saved in another visit already');
  }

  #audit(
    tx: StoreTransaction,
    author: Author,
    action: string,
    subjectId: string,
    detail: Record<string, string | number | boolean | null>,
  ): void {
    const subjectKind = action.split('.')[0] ?? 'visit';
    tx.audit({ at: this.#at(), actorId: author.id, role: author.role, action, subjectKind, subjectId, detail });
  }

  #at(): string {
    return this.#now().toISOString();
  }
}
