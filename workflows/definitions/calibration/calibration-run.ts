/** One run of a device's calibration. */
import type { TemporalFailure } from '@temporalio/workflow';
import { ActivityFailure, ApplicationFailure, condition, isCancellation, log, setHandler } from '@temporalio/workflow';
import type {
  CalibrationFailure,
  CalibrationResult,
  CalibrationStanding,
  CalibrationState,
  CalibrationStep,
  DeviceCalibrationInput,
  MessageAnswer,
} from '../../../electron/contract/index.ts';
import {
  CALIBRATION_FAILURES,
  CALIBRATION_MESSAGES,
  stationQueueOf,
} from '../../../electron/contract/site-workflows.ts';
import type { SiteNews, SiteRef } from '../../activities/site-activities.ts';
import { AtStation } from '../station/at-station.ts';
import type { SiteMarks } from '../station/site-marks.ts';
import { showPlace, siteMarks, timingOfRun } from '../station/site-marks.ts';
import type { Timing } from '../timing.ts';
import { ACCEPTED, TOO_LATE, WholeRun, firmly, requireShape } from '../whole-run.ts';
import { cancelledUpdate, getStateQuery, measuredUpdate } from './messages.ts';

type Recorded = Extract<CalibrationStanding, { state: 'recorded' }>;

export class CalibrationRun {
  readonly #input: DeviceCalibrationInput;
  readonly #site: SiteRef;
  /** Final once the record is made. */
  readonly #whole = new WholeRun();
  #measured = false;
  #wasAway = false;
  /** Puts the device back in use; registered before it is taken out. */
  #undo: (() => Promise<unknown>) | null = null;
  #state: Omit<CalibrationState, 'calibrationId' | 'deviceId'> = {
    step: 'beginning',
    stationAwaySince: null,
    reason: null,
  };

  constructor(input: DeviceCalibrationInput) {
    this.#input = input;
    this.#site = { subjectId: input.calibrationId, tenantId: input.tenantId, locationId: input.locationId };
    showPlace(input, null);
  }

  /** @throws ApplicationFailure, CancelledFailure */
  async run(): Promise<CalibrationResult> {
    const { calibrationId, deviceId, stationId } = this.#input;
    setHandler(getStateQuery, () => ({ calibrationId, deviceId, ...this.#state }));
    setHandler(measuredUpdate, () => this.#heardMeasured(), {
      validator: (message) => requireShape(CALIBRATION_MESSAGES, 'measured', message),
    });
    setHandler(cancelledUpdate, () => this.#whole.cancelInClinic(this.#measured), {
      validator: (message) => requireShape(CALIBRATION_MESSAGES, 'cancelled', message),
    });
    const timing = await timingOfRun();
    const marks = siteMarks(timing);
    const queue = stationQueueOf(stationId);
    const station = new AtStation({ timing, queue: () => queue, away: async (since) => this.#away(since, marks) });
    return this.#whole.run(
      async () => this.#steps(station, marks, timing),
      async (error) => this.#ended(error, marks),
    );
  }

  async #steps(station: AtStation, marks: SiteMarks, timing: Timing): Promise<CalibrationResult> {
    const { calibrationId, deviceId, startedAt } = this.#input;
    await firmly(async () => marks.tell.tellOfSite(this.#news('CalibrationStarted', { deviceId, startedAt })));
    this.#at('preparing');
    this.#undo = async () => station.ask(async (at) => at.putBackCalibration({ calibrationId }));
    const prepared = await station.ask(async (at) => at.prepareCalibration({ calibrationId, deviceId }));
    if (prepared.outcome === 'NOT_AVAILABLE') return await this.#notAvailable(prepared.reason, marks);
    this.#at('measuring');
    if (!(await condition(() => this.#measured, timing.measureWait))) throw failure('NOT_MEASURED');
    this.#at('reading');
    const standing = await station.ask(async (at) => at.readCalibration({ calibrationId }));
    if (standing.state !== 'recorded') throw failure('NOT_MEASURED');
    this.#whole.settle();
    this.#undo = null;
    return firmly(async () => this.#recorded(standing, marks));
  }

  async #notAvailable(
    reason: Extract<CalibrationResult['reason'], string>,
    marks: SiteMarks,
  ): Promise<CalibrationResult> {
    this.#whole.settle();
    this.#undo = null;
    return firmly(async () => {
      await marks.tell.tellOfSite(
        this.#news(
          'CalibrationNotAvailable',
          { deviceId: this.#input.deviceId, reason },
          'A device can not be calibrated.',
        ),
      );
      return this.#result('NOT_AVAILABLE', reason);
    });
  }

  async #recorded(record: Recorded, marks: SiteMarks): Promise<CalibrationResult> {
    this.#at('recording');
    const { verdict, validUntil, readings, largestErrorKg, signature, keyId } = record;
    try {
      await marks.look.findCalibration({ site: this.#site, signature });
    } catch (error) {
      if (error instanceof ActivityFailure) throw failure('NOT_ARRIVED', error);
      throw error;
    }
    const isPassed = verdict === 'passed';
    await marks.tell.tellOfSite(
      this.#news(
        isPassed ? 'CalibrationPassed' : 'CalibrationFailed',
        { deviceId: this.#input.deviceId, validUntil, readings, largestErrorKg, keyId },
        isPassed ? null : 'A device did not pass its calibration.',
      ),
    );
    return this.#result(isPassed ? 'PASSED' : 'FAILED', null);
  }

  async #ended(error: TemporalFailure, marks: SiteMarks): Promise<CalibrationResult> {
    this.#whole.settle();
    const isCancelled = isCancellation(error);
    const failed = isCancelled ? null : failureOf(error);
    const reason = failed?.type ?? (this.#whole.cancelledInClinic ? 'CANCELLED_IN_CLINIC' : 'CANCELLED_BY_OPERATOR');
    this.#state = { ...this.#state, reason };
    let isBack = true;
    try {
      if (this.#undo !== null) {
        this.#at('putting-back');
        await this.#undo();
      }
    } catch (refused) {
      if (!(refused instanceof ActivityFailure || refused instanceof ApplicationFailure)) throw refused;
      isBack = false;
    }
    try {
      await marks.tell.tellOfSite(
        this.#news(
          'CalibrationEnded',
          { deviceId: this.#input.deviceId, reason, isBack },
          isBack && isCancelled ? null : 'A calibration was not completed: look at the device.',
        ),
      );
    } catch (untold) {
      if (!(untold instanceof ActivityFailure)) throw untold;
      log.error('how a calibration ended could not be told', { calibrationId: this.#input.calibrationId, reason });
    }
    if (failed === null && this.#whole.cancelledInClinic) return this.#result('CANCELLED', 'CANCELLED_IN_CLINIC');
    this.#at('ended');
    throw failed ?? error;
  }

  /** Told once: how often it comes and goes is in the history. */
  async #away(since: string | null, marks: SiteMarks): Promise<void> {
    this.#state = { ...this.#state, stationAwaySince: since };
    if (since === null || this.#wasAway) return;
    this.#wasAway = true;
    await firmly(async () =>
      marks.tell.tellOfSite(
        this.#news('StationAway', { since }, 'A station does not answer: a calibration waits for it.'),
      ),
    );
  }

  #heardMeasured(): MessageAnswer {
    if (this.#measured) return ACCEPTED;
    if (this.#whole.isFinal || this.#whole.cancelledInClinic) return TOO_LATE;
    this.#measured = true;
    return ACCEPTED;
  }

  #at(step: CalibrationStep): void {
    this.#state = { ...this.#state, step };
  }

  #news(type: string, data: SiteNews['data'], alert: string | null = null): SiteNews {
    return {
      site: this.#site,
      type,
      data,
      alert: alert === null ? null : { kind: 'calibration', severity: 'warn', text: alert },
    };
  }

  #result(outcome: CalibrationResult['outcome'], reason: CalibrationResult['reason']): CalibrationResult {
    this.#state = { ...this.#state, step: 'ended', reason };
    return { calibrationId: this.#input.calibrationId, outcome, reason, endedAt: new Date().toISOString() };
  }
}

function failure(type: CalibrationFailure, cause?: Error): ApplicationFailure {
  return ApplicationFailure.create({
    message: `a calibration failed: ${type}`,
    type,
    nonRetryable: true,
    ...(cause !== undefined && { cause }),
  });
}

function failureOf(error: TemporalFailure): ApplicationFailure {
  const isOurs =
    error instanceof ApplicationFailure && (CALIBRATION_FAILURES as readonly string[]).includes(error.type ?? '');
  return isOurs ? error : failure('STEP_FAILED', error);
}
