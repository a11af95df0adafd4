/** `npm run clinic -- ...`: acceptance reports of a station, given out as files and verified by anybody who has one. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { VantageError } from '../../contract/index.ts';
import { stationIdOf } from '../../core/station.ts';
import { lastRuns, readRun } from '../../core/station-work/acceptance-runs.ts';
import { reportFile, verifyReportFile } from '../../core/station-work/report-file.ts';
import { openStore } from '../../core/store/index.ts';
import type { ClinicCommand, CommandContext } from './clinic-commands.ts';

const SHOWN = 20;

export const STATION_COMMANDS: Readonly<Record<string, ClinicCommand>> = {
  acceptances: {
    summary: '[RUN]: lists acceptances of this station, or writes the signed report of one. --to DIR: there',
    run: acceptances,
  },
  'verify-acceptance': {
    summary: 'FILE: whether a report of an acceptance is as the station signed it, and where it was changed',
    needsNoClinic: true,
    run: verifyAcceptance,
  },
};

async function acceptances(context: CommandContext): Promise<number> {
  const { directory, argument, to, now, say } = context;
  const store = await openStore({
    directory,
    key: await context.masterKey(),
    now: () => now().getTime(),
    stationId: stationIdOf(directory),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  try {
    if (argument === null) {
      for (const { runId, startedAt, state, signed } of lastRuns(store.sqlite, SHOWN)) {
        say(`${runId}  ${startedAt}  ${signed?.report.verdict ?? state}`);
      }
      return 0;
    }
    const run = z.uuid().safeParse(argument).success ? readRun(store.sqlite, argument) : null;
    if (run?.signed === null || run === null)
      throw new VantageError('NOT_FOUND', 'no such acceptance, or no report of it');
    const path = join(to ?? process.cwd(), `acceptance-${run.runId}.jsonl`);
    writeFileSync(path, reportFile(run.signed), { flag: 'wx', mode: 0o600 });
    say(`Written to ${path}.`);
    return 0;
  } finally {
    await store.close();
  }
}

async function verifyAcceptance({ argument, say }: CommandContext): Promise<number> {
  if (argument === null) throw new VantageError('INPUT_INVALID', 'the file is missing', { field: 'file' });
  const { ok, signed, finding } = verifyReportFile(readFileSync(argument));
  if (signed !== null) {
    const { report, keyId } = signed;
    say(`Station ${report.stationId}, run ${report.runId}, concluded ${report.concludedAt}: ${report.verdict}.`);
    for (const { check, outcome, reason } of report.checks)
      say(`${check}: ${outcome}${reason === null ? '' : ` (${reason})`}`);
    say(`Key ${keyId}`);
  }
  if (finding !== null) say(`${finding.byte === null ? '' : `byte ${finding.byte}: `}${finding.what}`);
  say(
    ok
      ? 'The report is as the holder of this key signed it. Compare the key with the clinic’s.'
      : 'The report is NOT as it was signed.',
  );
  return ok ? 0 : 1;
}
