/** What an operator does for the whole installation: schedules, and the archive of histories. */
import { writeFileSync } from 'node:fs';
import { archiveEnded } from '../archive/archive-ended.ts';
import { archiveOf } from '../archive/config.ts';
import type { HistoryArchive } from '../archive/history-archive.ts';
import { INSTALLATION_ID } from '../codec/keys.ts';
import { reconcile } from '../schedules/reconcile.ts';
import { SCHEDULES } from '../schedules/schedules.ts';
import { workflowIdFrom } from './arguments.ts';
import type { Command, CommandContext } from './commands.ts';
import { OperationError } from './problems.ts';

export const INSTALLATION_COMMANDS: Readonly<Record<string, Command>> = {
  schedules: { summary: '[--dry-run]   makes, changes and deletes our schedules as the code has them', run: schedules },
  archive: { summary: 'archives what has ended since, and removes what was kept for seven years', run: archive },
  'archive-verify': { summary: 'reads all of the archive, and names what is damaged', run: verify },
  'archive-restore': {
    summary: 'ID --run RUN --to FILE   an archived history, as Temporal’s tools take it',
    run: restore,
  },
};

async function schedules({ operations, options, say }: CommandContext): Promise<void> {
  if (operations.keys === null) throw new OperationError('KEYS_MISSING');
  const isDry = options['dry-run'] === true;
  const { changes, foreign } = await operations.asked(async () =>
    reconcile(operations.clientOf(INSTALLATION_ID), SCHEDULES, isDry),
  );
  for (const { scheduleId, change } of changes)
    say(`${isDry ? 'would ' : ''}${change}  ${scheduleId}`, { scheduleId, change });
  if (foreign.length > 0) throw new OperationError('SCHEDULE_FOREIGN', foreign.join(', '));
}

async function archive({ operations, environment, say }: CommandContext): Promise<void> {
  const kept = archiveFrom(operations.keys, environment);
  const now = new Date();
  const counts = await archiveEnded({ client: operations.clientOf(null), archive: kept, now });
  const expired = await kept.removeExpired(now);
  say(
    `archived ${counts.archived}, there already ${counts.there}, under unknown keys ${counts.unopened};` +
      ` all that ended until ${counts.until} is archived; days removed ${expired.length}`,
    { ...counts, expired },
  );
}

async function verify({ operations, environment, say }: CommandContext): Promise<void> {
  const counts = { whole: 0, unopened: 0, damaged: 0, missing: 0 };
  const damaged: string[] = [];
  for await (const { name, verdict } of archiveFrom(operations.keys, environment).verified()) {
    counts[verdict] += 1;
    if (verdict === 'damaged' || verdict === 'missing') damaged.push(name);
  }
  say(`whole ${counts.whole}, under unknown keys ${counts.unopened}, damaged ${damaged.length}`, {
    ...counts,
    damaged,
  });
  if (damaged.length > 0) throw new OperationError('ARCHIVE_DAMAGED', damaged.join(', '));
}

async function restore({ operations, environment, positionals, options, say }: CommandContext): Promise<void> {
  const workflowId = workflowIdFrom(positionals[0]);
  const { run: runId, to } = options;
  if (runId === undefined || to === undefined) throw new OperationError('ARGUMENT_INVALID', '--run, --to');
  const found = await archiveFrom(operations.keys, environment).read({ workflowId, runId });
  if (found === null) throw new OperationError('ARCHIVE_UNKNOWN', workflowId);
  writeFileSync(to, found.json, { mode: 0o600, flag: 'wx' });
  say(
    `${found.head.type}, ended ${found.head.status} at ${found.head.closedAt}, ${found.head.events} events: ${to}`,
    found.head,
  );
}

function archiveFrom(
  keys: CommandContext['operations']['keys'],
  environment: CommandContext['environment'],
): HistoryArchive {
  let found: HistoryArchive | null;
  try {
    found = archiveOf(environment, keys);
  } catch (error) {
    throw new OperationError('CONFIGURATION_WRONG', error instanceof Error ? error.message : '', error);
  }
  if (found === null)
    throw new OperationError(
      'CONFIGURATION_WRONG',
      'missing in the environment: HISTORY_ARCHIVE_FOLDER, or HISTORY_ARCHIVE_STORE=s3',
    );
  return found;
}
