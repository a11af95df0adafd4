/** One run of a site's acceptance. */
import type { TemporalFailure } from '@temporalio/workflow';
import { ActivityFailure, ApplicationFailure, isCancellation, log, setHandler } from '@temporalio/workflow';
import type {
  AcceptanceResult,
  AcceptanceState,
  AcceptanceStep,
  SignedAcceptance,
  SiteAcceptanceInput,
  SiteStatus,
} from '../../../electron/contract/index.ts';
import { ACCEPTANCE_MESSAGES, stationQueueOf } from '../../../electron/contract/site-workflows.ts';
import { SELF_CHECKS, acceptanceVerdictOf } from '../../../electron/contract/station-work.ts';
import { workstationQueueOf } from '../../../electron/contract/workflows.ts';
import type { SiteNews, SiteRef } from '../../activities/site-activities.ts';
import { AtStation, STATION_AWAY } from '../station/at-station.ts';
import type { SiteMarks } from '../station/site-marks.ts';
import { showPlace, showSiteStatus, siteMarks, timingOfRun } from '../station/site-marks.ts';
import { WholeRun, firmly, requireShape } from '../whole-run.ts';
import { cancelledUpdate, getStateQuery } from './messages.ts';

export class AcceptanceRun {
  readonly #input: SiteAcceptanceInput;
  readonly #site: SiteRef;
  /** Final once the report is signed. */
  readonly #whole = new WholeRun();
  /** Whether a station may have begun. */
  #isTaken = false;
  #wasAway = false;
  #state: Omit<AcceptanceState, 'runId' | 'total'>;

  constructor(input: SiteAcceptanceInput) {
    this.#input = input;
    this.#site = { subjectId: input.runId, tenantId: input.tenantId, locationId: input.locationId };
    this.#state = {
      siteStatus: 'TESTING',
      step: 'beginning',
      stationId: input.stationId,
      check: null,
      done: 0,
      stationAwaySince: null,
      reason: null,
    };
    showPlace(input, 'TESTING');
  }

  /** @throws ApplicationFailure, CancelledFailure */
  async run(): Promise<AcceptanceResult> {
    setHandler(getStateQuery, () => this.#snapshot());
    setHandler(cancelledUpdate, () => this.#whole.cancelInClinic(), {
      validator: (message) => requireShape(ACCEPTANCE_MESSAGES, 'cancelled', message),
    });
    const timing = await timingOfRun();
    const marks = siteMarks(timing);
    const station = new AtStation({
      timing,
      queue: () => this.#queue(),
      away: async (since) => this.#away(since, marks),
    });
    return this.#whole.run(
      async () => {
        const signed = await this.#steps(station, marks);
        return firmly(async () => this.#recorded(signed, marks));
      },
      async (error) => this.#ended(error, station, marks),
    );
  }

  async #steps(station: AtStation, marks: SiteMarks): Promise<SignedAcceptance> {
    const { runId, startedAt } = this.#input;
    await firmly(async () => marks.tell.tellOfSite(this.#news('AcceptanceStarted', { startedAt })));
    this.#at('taking-up');
    this.#isTaken = true;
    const { stationId } = await station.ask(async (at) => at.takeUpAcceptance({ runId, startedAt }));
    this.#state = { ...this.#state, stationId };
    for (const check of SELF_CHECKS) {
      this.#at('checking', { check });
      await station.ask(async (at) => at.runCheck({ runId, check }));
      this.#state = { ...this.#state, done: this.#state.done + 1 };
    }
    this.#at('concluding', { check: null });
    return station.ask(async (at) => at.concludeAcceptance({ runId }));
  }

  async #recorded(signed: SignedAcceptance, marks: SiteMarks): Promise<AcceptanceResult> {
    this.#whole.settle();
    this.#at('recording');
    const { report, sha256 } = signed;
    // Of what was found, not of what is said about it.
    const verdict = acceptanceVerdictOf(report.checks);
    const { isKnownKey } = await marks.tell.recordAcceptance({ site: this.#site, signed });
    const siteStatus = verdict === 'passed' ? 'READY' : 'NOT_READY';
    this.#show(siteStatus);
    await marks.tell.tellOfSite(
      this.#news(
        siteStatus === 'READY' ? 'SiteAccepted' : 'SiteNotAccepted',
        { verdict, sha256, stationId: report.stationId, isKnownKey },
        siteStatus === 'READY' ? null : 'A site’s acceptance did not pass, or could not be completed.',
      ),
    );
    return this.#result(siteStatus, verdict, sha256);
  }

  async #ended(error: TemporalFailure, station: AtStation, marks: SiteMarks): Promise<AcceptanceResult> {
    const isCancelled = isCancellation(error);
    const isAway = error instanceof ApplicationFailure && error.type === STATION_AWAY;
    const reason = isCancelled
      ? this.#whole.cancelledInClinic
        ? 'CANCELLED_IN_CLINIC'
        : 'CANCELLED_BY_OPERATOR'
      : isAway
        ? 'STATION_AWAY'
        : 'STEP_FAILED';
    const wasFinal = this.#whole.isFinal;
    this.#whole.settle();
    this.#state = { ...this.#state, reason };
    this.#show('NOT_READY');
    try {
      if (!wasFinal && !isAway && this.#isTaken && this.#state.stationId !== null) {
        this.#at('giving-up', { check: null });
        await station.ask(async (at) => at.giveUpAcceptance({ runId: this.#input.runId }));
      }
      await marks.tell.tellOfSite(
        this.#news(
          'AcceptanceEnded',
          { reason },
          isCancelled ? null : 'A site’s acceptance could not be made: look at the station.',
        ),
      );
    } catch (untold) {
      if (!(untold instanceof ActivityFailure || untold instanceof ApplicationFailure)) throw untold;
      log.error('how an acceptance ended could not be told', { runId: this.#input.runId, reason });
    }
    if (reason === 'CANCELLED_IN_CLINIC' || reason === 'STATION_AWAY') return this.#result('NOT_READY', null, null);
    this.#at('ended');
    if (isCancelled) throw error;
    throw ApplicationFailure.create({
      message: 'an acceptance failed: STEP_FAILED',
      type: 'STEP_FAILED',
      nonRetryable: true,
      cause: error,
    });
  }

  /** Told once: how often it comes and goes is in the history. */
  async #away(since: string | null, marks: SiteMarks): Promise<void> {
    this.#state = { ...this.#state, stationAwaySince: since };
    if (since === null || this.#wasAway) return;
    this.#wasAway = true;
    await firmly(async () =>
      marks.tell.tellOfSite(
        this.#news('StationAway', { since }, 'A station does not answer: its acceptance waits for it.'),
      ),
    );
  }

  #queue(): string {
    const { stationId } = this.#state;
    return stationId === null ? workstationQueueOf(this.#input.locationId) : stationQueueOf(stationId);
  }

  #at(step: AcceptanceStep, changes: Partial<Pick<AcceptanceState, 'check'>> = {}): void {
    this.#state = { ...this.#state, ...changes, step };
  }

  #show(siteStatus: SiteStatus): void {
    if (this.#state.siteStatus === siteStatus) return;
    this.#state = { ...this.#state, siteStatus };
    showSiteStatus(siteStatus);
  }

  #snapshot(): AcceptanceState {
    return { runId: this.#input.runId, total: SELF_CHECKS.length, ...this.#state };
  }

  #news(type: string, data: SiteNews['data'], alert: string | null = null): SiteNews {
    return {
      site: this.#site,
      type,
      data,
      alert: alert === null ? null : { kind: 'site-acceptance', severity: 'warn', text: alert },
    };
  }

  #result(
    siteStatus: AcceptanceResult['siteStatus'],
    verdict: AcceptanceResult['verdict'],
    reportSha256: string | null,
  ): AcceptanceResult {
    this.#at('ended');
    const { reason } = this.#state;
    return {
      runId: this.#input.runId,
      siteStatus,
      verdict,
      reportSha256,
      reason: reason as AcceptanceResult['reason'],
      endedAt: new Date().toISOString(),
    };
  }
}
