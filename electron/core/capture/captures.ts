/**
 * Device -> vault -> verdict -> document, as one recoverable job. What has happened is always in the document before the next
 * thing is done, so that after a kill at any instant the job is taken up where it stood: a shutter that may have been released
 * is never released again, bytes that are on the disk are never fetched again, a picture is judged until it has a verdict.
 *
 *   requested -> taking -> on-disk -> judged
 *                  |-> uncertain -> (recover) -> on-disk | failed
 *                  |-> failed
 */
import type { Capture, CaptureState, DeviceStatus, Problem, ProblemCode } from '../../contract/index.ts';
import { captureIdOf, VantageError } from '../../contract/index.ts';
import type { CapturedObject, Outcome } from '../../../native/driver/driver.ts';
import type { InferenceApi } from '../../../native/inference/inference-api.ts';
import type { CaptureEvent, DevicesApi } from '../../../native/supervisor/devices-api.ts';
import type { Log } from '../clinic-api.ts';
import { PICTURE_BYTES } from '../../contract/storage.ts';
import { codeOf, problemFrom } from '../problems.ts';
import type { StationIdentity } from '../station.ts';
import type { Store, StoreTransaction } from '../store/index.ts';
import type { Vault } from '../vault/index.ts';
import type { Author } from '../visits/author.ts';
import { hasConsent } from '../visits/visits.ts';
import { deviceFor } from '../visits/views.ts';
import { attemptsLeft, isUnderWay, protocolOf, recordOf, stepOf } from '../visits/steps.ts';
import type { CaptureActivity } from './capture-activity.ts';
import { CaptureJudging } from './capture-judging.ts';
import { traceOfChange } from './capture-trace.ts';

/** A capture that had not reached the shutter when core stopped is still done if it was asked for this recently. */
const STILL_WANTED_MS = 60_000;
/** Why a picture could not be checked at the time, and can be once that is over. */
const PASSING_PROBLEMS: readonly ProblemCode[] = ['ANALYSIS_RESTARTED', 'ANALYSIS_UNAVAILABLE', 'DISK_FULL'];

export interface CapturesOptions {
  readonly store: Store;
  readonly vault: Vault;
  readonly devices: DevicesApi;
  readonly inference: InferenceApi;
  readonly station: StationIdentity;
  readonly activity: CaptureActivity;
  readonly deviceStatuses: () => readonly DeviceStatus[];
  /** Degrees of field of a fundus camera, from its device record. */
  readonly fieldAngleOf: (deviceId: string) => number | null;
  readonly now: () => Date;
  readonly log: Log;
}

export class Captures {
  readonly #options: CapturesOptions;
  readonly #judging: CaptureJudging;
  /** Jobs under way, by capture id. One at a time per capture. */
  readonly #jobs = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();
  #closed = false;

  constructor(options: CapturesOptions) {
    this.#options = options;
    this.#judging = new CaptureJudging(options);
  }

  /**
   * Begins the next try of a picture step. Asking again while one is under way gives that one.
   * @throws VantageError STATUS_CONFLICT, STEP_NOT_NOW, RETAKES_USED_UP, DEVICE_*, DISK_FULL.
   */
  async take(
    sessionId: string,
    stepId: string,
    author: Author,
    senior: boolean,
  ): Promise<{ captureId: string; attempt: number }> {
    const { store, vault, station, deviceStatuses, fieldAngleOf } = this.#options;
    await vault.assertRoom(PICTURE_BYTES);
    const capture = await store.transaction((tx) => {
      const session = tx.require('sessions', sessionId);
      if (session.status !== 'CAPTURING' || session.pausedAt !== null)
        throw new VantageError('STATUS_CONFLICT', session.status);
      if (!hasConsent(tx, session)) throw new VantageError('CONSENT_MISSING');
      const step = stepOf(protocolOf(session.protocolId), stepId);
      if (step.type !== 'picture') throw new VantageError('STEP_NOT_NOW', 'not a picture step');
      if (recordOf(session, stepId).state !== 'todo') throw new VantageError('STEP_NOT_NOW', stepId);
      const tries = tx.find('captures', { selector: { sessionId, stepId } }).toSorted((a, b) => a.attempt - b.attempt);
      const running = tries.find((candidate) => isUnderWay(candidate));
      if (running !== undefined) return running;
      if (attemptsLeft(step, tries) === 0 && !senior) throw new VantageError('RETAKES_USED_UP', stepId);
      const device = requireReady(deviceFor(deviceStatuses(), step.deviceKind));
      const attempt = (tries.at(-1)?.attempt ?? 0) + 1;
      const made = tx.put('captures', {
        ...emptyCapture,
        id: captureIdOf(sessionId, stepId, attempt),
        tenantId: station.tenantId,
        locationId: station.locationId,
        authorId: author.id,
        sessionId,
        patientId: session.patientId,
        stepId,
        attempt,
        settings: { subject: step.subject },
        deviceId: device.deviceId,
        device: device.identity,
        fieldAngleDegrees: fieldAngleOf(device.deviceId),
        simulated: device.simulated,
        requestedAt: this.#at(),
      });
      tx.update('sessions', sessionId, (current) => ({
        ...current,
        steps: { ...current.steps, [stepId]: { ...recordOf(current, stepId), attempts: attempt } },
      }));
      tx.audit({
        at: this.#at(),
        actorId: author.id,
        role: author.role,
        action: 'capture.requested',
        subjectKind: 'capture',
        subjectId: made.id,
        // More tries than the protocol allows: a senior's decision.
        detail: { stepId, attempt, beyondRetakes: attemptsLeft(step, tries) === 0 },
      });
      return made;
    });
    this.#run(capture.id);
    return { captureId: capture.id, attempt: capture.attempt };
  }

  /** Stops waiting. If the shutter may have been released, the picture is still looked for. */
  async cancel(captureId: string): Promise<void> {
    const job = this.#jobs.get(captureId);
    if (job !== undefined) {
      job.abort.abort(new VantageError('CANCELLED'));
      return;
    }
    // A person gives up on a picture whose camera does not come back. The next try starts from what is on the card then.
    await this.#options.store.update('captures', captureId, (current) =>
      current.state === 'uncertain'
        ? { ...current, state: 'failed' as const, problem: this.#problem('CANCELLED') }
        : null,
    );
  }

  /** Looks again on the camera, or judges again; never releases the shutter. */
  async retry(captureId: string): Promise<void> {
    const capture = await this.#options.store.get('captures', captureId);
    if (capture === null) throw new VantageError('NOT_FOUND');
    if (capture.blobId !== null && capture.judgement === null) {
      await this.#patch(captureId, { state: 'on-disk', problem: null });
    } else if (capture.state === 'uncertain') {
      requireReady(this.#options.deviceStatuses().find((status) => status.deviceId === capture.deviceId) ?? null);
    }
    this.#run(captureId);
  }

  /**
   * Takes up everything that is not finished: at start, and whenever a process or a device has come back. `analysisBack`:
   * pictures that could not be checked because the checking process was away, or the disk was full, are tried again.
   */
  async resumeAll(analysisBack = false): Promise<void> {
    const { store } = this.#options;
    const open = await store.find('captures', {
      selector: { state: { $in: ['requested', 'taking', 'uncertain', 'on-disk'] } },
    });
    for (const capture of open) {
      const waits = capture.problem !== null && PASSING_PROBLEMS.includes(capture.problem.code);
      if (capture.state !== 'on-disk' || capture.problem === null) this.#run(capture.id);
      else if (analysisBack && waits) await this.retry(capture.id);
    }
    await this.#releaseOwed();
  }

  /** Whether a picture is on its way or being judged. */
  get isBusy(): boolean {
    return this.#jobs.size > 0;
  }

  /** Waits for jobs to reach a safe point; used when the station stops. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#jobs.values()) job.abort.abort(new VantageError('CANCELLED'));
    await Promise.allSettled([...this.#jobs.values()].map((job) => job.done));
  }

  #run(captureId: string): void {
    if (this.#closed || this.#jobs.has(captureId)) return;
    const abort = new AbortController();
    const done = this.#advance(captureId, abort.signal)
      .catch((error: unknown) => {
        this.#options.log.error({ captureId, code: codeOf(error) }, 'capture job stopped');
        return this.#stop(captureId, problemFrom(error, this.#options.now()));
      })
      .catch((error: unknown) => {
        this.#options.log.error({ captureId, code: codeOf(error) }, 'capture state could not be written');
      })
      .finally(() => {
        this.#jobs.delete(captureId);
        this.#options.activity.transferring(captureId, null);
      });
    this.#jobs.set(captureId, { abort, done });
  }

  /** One state after the other until the document stands still. */
  async #advance(captureId: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const capture = await this.#options.store.get('captures', captureId);
      if (capture === null || this.#closed) return;
      switch (capture.state) {
        case 'requested':
          if (!(await this.#shoot(capture, signal))) return;
          break;
        case 'taking':
          // Found at start: core stopped after the shutter may have been released.
          await this.#patch(captureId, { state: 'uncertain', problem: this.#problem('CAMERA_REPLY_LOST') });
          break;
        case 'uncertain':
          if (!(await this.#lookForIt(capture, signal))) return;
          break;
        case 'on-disk':
          if (capture.problem !== null) return;
          await this.#judging.judge(capture, signal);
          return;
        case 'judged':
        case 'failed':
        case 'purged':
          return;
      }
    }
  }

  /** @returns whether there is more to do now. */
  async #shoot(capture: Capture, signal: AbortSignal): Promise<boolean> {
    const { devices, now } = this.#options;
    if (now().getTime() - Date.parse(capture.requestedAt) > STILL_WANTED_MS) {
      await this.#fail(capture.id, 'CANCELLED', 'not begun before the program stopped');
      return false;
    }
    const before = await devices.lastToken(cameraOf(capture), { signal });
    if (before.kind !== 'completed') {
      await this.#fail(capture.id, before.code, before.detail);
      return false;
    }
    const tokenBefore = before.value.token;
    return this.#receive(capture, signal, async (grant) => {
      if (!(await this.#mayBeTaken(capture.id, tokenBefore))) return null;
      return devices.capture({ ...cameraOf(capture), settings: capture.settings, grant }, { signal });
    });
  }

  /** The last look before the shutter: a visit that was ended, paused or not agreed to any more gets no picture. */
  async #mayBeTaken(captureId: string, tokenBefore: string | null): Promise<boolean> {
    return this.#options.store.transaction((tx) => {
      const session = tx.require('sessions', tx.require('captures', captureId).sessionId);
      const wanted = session.status === 'CAPTURING' && session.pausedAt === null && hasConsent(tx, session);
      tx.update('captures', captureId, (current) =>
        wanted
          ? { ...current, state: 'taking' as const, triggered: true, tokenBefore }
          : { ...current, state: 'failed' as const, problem: this.#problem('CANCELLED', 'the visit does not go on') },
      );
      return wanted;
    });
  }

  /** After a lost reply: what is newer on the camera than what was there before? */
  async #lookForIt(capture: Capture, signal: AbortSignal): Promise<boolean> {
    const { devices, deviceStatuses } = this.#options;
    const status = deviceStatuses().find((candidate) => candidate.deviceId === capture.deviceId);
    // Nothing is asked of a camera that isn't there; `resumeAll` comes back when it is.
    if (status === undefined || (status.state !== 'ready' && status.state !== 'busy')) return false;
    return this.#receive(capture, signal, (grant) =>
      devices.recover({ ...cameraOf(capture), since: capture.tokenBefore, grant }, { signal }),
    );
  }

  async #receive(
    capture: Capture,
    signal: AbortSignal,
    ask: (grant: { path: string; key: string }) => Promise<AsyncIterable<CaptureEvent> | null>,
  ): Promise<boolean> {
    const { vault, activity } = this.#options;
    const pending = await vault.grantWrite({ subject: capture.id, expectedBytes: PICTURE_BYTES });
    let outcome: Outcome<CapturedObject | null>;
    try {
      const events = await ask(pending.grant);
      if (events === null) {
        await vault.abandon(pending.pendingId);
        return false;
      }
      outcome = await this.#follow(capture.id, events);
    } catch (error) {
      // The devices process went away or we stopped waiting: the shutter may have been released.
      outcome = { kind: 'ambiguous', code: codeOf(error), detail: '', evidence: '' };
    } finally {
      activity.transferring(capture.id, null);
    }
    if (outcome.kind === 'completed' && outcome.value !== null) {
      await this.#keepBytes(capture, pending.pendingId, outcome.value);
      return true;
    }
    await vault.abandon(pending.pendingId);
    if (outcome.kind === 'completed') {
      await this.#fail(capture.id, 'CAMERA_NO_PICTURE');
      return false;
    }
    if (outcome.kind === 'ambiguous' || outcome.kind === 'broken') {
      const problem = signal.aborted ? this.#problem('CANCELLED') : this.#problem(outcome.code, outcome.detail);
      await this.#patch(capture.id, { state: 'uncertain', problem });
      // Look at once if the camera is still there; otherwise resumeAll does when it is back.
      return outcome.kind === 'ambiguous' && !signal.aborted && capture.state !== 'uncertain';
    }
    // Refused or retryable while recovering says nothing about the picture: it stays uncertain.
    if (capture.state === 'uncertain')
      await this.#patch(capture.id, { problem: this.#problem(outcome.code, outcome.detail) });
    else await this.#fail(capture.id, outcome.code, outcome.detail);
    return false;
  }

  /** No picture was taken: the next try may release the shutter. */
  async #fail(captureId: string, code: ProblemCode, detail = ''): Promise<void> {
    await this.#patch(captureId, { state: 'failed', problem: this.#problem(code, detail) });
  }

  async #follow(captureId: string, events: AsyncIterable<CaptureEvent>): Promise<Outcome<CapturedObject | null>> {
    for await (const event of events) {
      if (event.type === 'outcome') return event.outcome;
      if (event.phase === 'receiving') {
        this.#options.activity.transferring(captureId, { received: event.received, total: event.total });
      }
    }
    throw new VantageError('DEVICE_LOST', 'events ended without an outcome');
  }

  /** Durable first (rename, folder, row and document in one transaction), then the camera may forget the picture. */
  async #keepBytes(capture: Capture, pendingId: string, object: CapturedObject): Promise<void> {
    const { store, vault } = this.#options;
    const blob = await vault.prepareCommit(pendingId, object);
    const at = this.#at();
    const kept = await store.transaction((tx) => {
      if (capture.state === 'uncertain' && isAnothers(tx, capture, object.token)) {
        tx.update('captures', capture.id, (current) => ({
          ...current,
          state: 'failed' as const,
          problem: this.#problem('CAMERA_NO_PICTURE', 'what is on the camera belongs to another capture'),
        }));
        return false;
      }
      const row = vault.insertRow(blob);
      tx.update('captures', capture.id, (current) => ({
        ...current,
        state: 'on-disk' as const,
        problem: null,
        token: object.token,
        takenAt: current.takenAt ?? at,
        deviceTakenAt: object.takenAt,
        deviceSettings: { ...object.settings },
        blobId: row.blobId,
        sha256: object.sha256,
        size: object.size,
        mediaType: object.mediaType,
        onDiskAt: at,
      }));
      tx.audit({
        at,
        actorId: capture.authorId,
        role: 'station',
        action: 'capture.stored',
        subjectKind: 'capture',
        subjectId: capture.id,
        detail: { sha256: object.sha256, size: object.size },
      });
      return true;
    });
    if (kept) await this.#release(capture, object.token);
    else await vault.abandon(pendingId);
  }

  async #release(capture: Capture, token: string): Promise<void> {
    const captureId = capture.id;
    const outcome = await this.#options.devices
      .release({ ...cameraOf(capture), token })
      .catch((error: unknown) => ({ kind: 'broken' as const, code: codeOf(error) }));
    if (outcome.kind === 'completed') await this.#patch(captureId, { releasedAt: this.#at() });
    else this.#options.log.info({ captureId, code: outcome.code }, 'picture stays on the camera for now');
  }

  /** Pictures that are safe here and still on a camera's card, because it went away before it could be told. */
  async #releaseOwed(): Promise<void> {
    const { store, deviceStatuses } = this.#options;
    const ready = new Set(
      deviceStatuses()
        .filter((status) => status.state === 'ready')
        .map((status) => status.deviceId),
    );
    if (ready.size === 0) return;
    const owed = await store.find('captures', {
      selector: { state: { $in: ['on-disk', 'judged'] }, releasedAt: null },
    });
    for (const capture of owed) {
      if (capture.token !== null && ready.has(capture.deviceId) && !this.#jobs.has(capture.id)) {
        await this.#release(capture, capture.token);
      }
    }
  }

  /** Something unexpected: bytes that are on the disk stay; without them a released shutter leaves the picture to be looked for. */
  async #stop(captureId: string, problem: Problem): Promise<void> {
    await this.#options.store.update(
      'captures',
      captureId,
      (current) => {
        if (current.state === 'judged' || current.state === 'purged') return null;
        // A checking process that stopped is no property of the picture; a damaged picture is.
        const damaged = problem.code === 'IMAGE_DAMAGED' || problem.code === 'IMAGE_UNSUPPORTED';
        const withoutBytes: CaptureState = current.triggered ? 'uncertain' : 'failed';
        const withBytes: CaptureState = damaged ? 'failed' : 'on-disk';
        return { ...current, state: current.blobId === null ? withoutBytes : withBytes, problem };
      },
      (next, current) => traceOfChange(next, current, this.#at()),
    );
  }

  async #patch(captureId: string, changes: Partial<Capture>): Promise<void> {
    await this.#options.store.update(
      'captures',
      captureId,
      (current) => ({ ...current, ...changes }),
      (next, current) => traceOfChange(next, current, this.#at()),
    );
  }

  #problem(code: ProblemCode, detail = ''): Problem {
    return { code, detail: detail.slice(0, 500), at: this.#at() };
  }

  #at(): string {
    return this.#options.now().toISOString();
  }
}

const emptyCapture = {
  state: 'requested' as const,
  calibrationId: null,
  tokenBefore: null,
  triggered: false,
  token: null,
  takenAt: null,
  deviceTakenAt: null,
  deviceSettings: {},
  blobId: null,
  sha256: null,
  size: null,
  mediaType: null,
  onDiskAt: null,
  releasedAt: null,
  judgement: null,
  judgedAt: null,
  thumbnailBlobId: null,
  overlayBlobId: null,
  kept: null,
  problem: null,
};

/** The camera that a capture was begun with, and no other that has taken its place since. */
function cameraOf(capture: Capture): { readonly deviceId: string; readonly serial?: string } {
  return { deviceId: capture.deviceId, ...(capture.device === null ? {} : { serial: capture.device.serial }) };
}

/** Whether a picture on the camera has been stored for another capture, and only its removal from the card was missed. */
function isAnothers(tx: StoreTransaction, capture: Capture, token: string): boolean {
  return tx
    .find('captures', { selector: { deviceId: capture.deviceId, token } })
    .some((other) => other.id !== capture.id && other.device?.serial === capture.device?.serial);
}

function requireReady(device: DeviceStatus | null): DeviceStatus {
  if (device === null) throw new VantageError('DEVICE_ABSENT', 'none configured');
  if (device.state === 'ready' || device.state === 'uncalibrated') return device;
  if (device.state === 'quarantined') throw new VantageError('DEVICE_QUARANTINED');
  if (device.state === 'busy') throw new VantageError('DEVICE_BUSY');
  throw new VantageError(device.problem?.code ?? 'DEVICE_ABSENT', device.state);
}
