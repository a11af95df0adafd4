/** The staff router's parts for those who keep devices and the station in order, thin over `StationWork`. */
import type { AcceptanceRunView, CalibrationRunView } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import type { ClinicParts } from '../clinic-parts.ts';
import type { AcceptanceRun } from '../station-work/acceptance-runs.ts';
import { reportFile } from '../station-work/report-file.ts';
import { authorOf } from '../visits/author.ts';
import type { CallContext } from './guard.ts';
import { actorOf } from './guard.ts';
import type { StaffImplementer } from './staff-implementer.ts';

const OK = { ok: true } as const;

type Stream = <T>(
  context: CallContext,
  signal: AbortSignal | undefined,
  path: string,
  compute: () => T,
) => AsyncGenerator<T, void, void>;

/** @param stream of the staff router: ends when the reader goes away, and with NOT_SIGNED_IN when the screen locks. */
export function createCalibrationRouter(
  os: StaffImplementer['calibration'],
  { stationWork: { calibrations } }: Pick<ClinicParts, 'stationWork'>,
  stream: Stream,
) {
  return {
    watch: os.watch.handler(({ context, signal }) =>
      stream<CalibrationRunView[]>(context, signal, 'calibration.watch', () => [...calibrations.open()]),
    ),
    begin: os.begin.handler(({ context, input }) =>
      calibrations.begin(input.deviceId, input.reference, authorOf(actorOf(context))),
    ),
    record: os.record.handler(({ input, signal }) => calibrations.record(input.calibrationId, input, signal)),
    takeBack: os.takeBack.handler(async ({ input }) => {
      await calibrations.takeBack(input.calibrationId);
      return OK;
    }),
    finish: os.finish.handler(({ context, input }) =>
      calibrations.finish(input.calibrationId, authorOf(actorOf(context))),
    ),
    giveUp: os.giveUp.handler(async ({ context, input }) => {
      await calibrations.giveUp(input.calibrationId, authorOf(actorOf(context)));
      return OK;
    }),
  };
}

/** @param stream as above */
export function createAcceptanceRouter(
  os: StaffImplementer['acceptance'],
  { stationWork, audit }: Pick<ClinicParts, 'stationWork' | 'audit'>,
  stream: Stream,
) {
  const { selfTest } = stationWork;
  return {
    watch: os.watch.handler(({ context, signal }) =>
      stream<AcceptanceRunView[]>(context, signal, 'acceptance.watch', () => selfTest.runs().map(viewOf)),
    ),
    begin: os.begin.handler(({ context }) => stationWork.beginAcceptance(authorOf(actorOf(context)))),
    cancel: os.cancel.handler(async ({ context, input }) => {
      await selfTest.cancel(input.runId, authorOf(actorOf(context)));
      return OK;
    }),
    file: os.file.handler(async ({ context, input }) => {
      const signed = selfTest.reportOf(input.runId);
      if (signed === null) throw new VantageError('NOT_FOUND', 'no report');
      await audit(actorOf(context), 'acceptance.copied', 'acceptance', input.runId);
      return { fileName: `acceptance-${input.runId}.jsonl`, text: reportFile(signed) };
    }),
  };
}

function viewOf({ runId, state, startedAt, endedAt, checks, signed }: AcceptanceRun): AcceptanceRunView {
  return { runId, state, startedAt, endedAt, checks: [...checks], verdict: signed?.report.verdict ?? null };
}
