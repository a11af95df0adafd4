/** Goes through the workflows of a namespace that have ended, and archives each once. Stopped anywhere, it goes on there the next time. */
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { HistoryArchive } from './history-archive.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** What has ended can be listed a moment later. */
const LISTED_AFTER_MS = 5 * MINUTE_MS;
/** Looked at again, for what came late into the list. */
const OVERLAP_MS = HOUR_MS;
/** The cursor moves window by window. */
const WINDOW_MS = HOUR_MS;
/** Where the namespace does not say how long it keeps histories. */
const RETENTION_MS = 90 * DAY_MS;

export interface ArchiveRun {
  readonly client: Client;
  readonly archive: HistoryArchive;
  readonly now: Date;
  /** Asked between two histories. */
  readonly signal?: AbortSignal;
  /** After each history, and each window. */
  readonly onProgress?: (done: ArchiveCounts) => void;
}

export interface ArchiveCounts {
  readonly archived: number;
  /** There already, and whole. */
  readonly there: number;
  /** With a payload under a key that is not known here. */
  readonly unopened: number;
  /** ISO 8601: everything that had ended by then is archived. */
  readonly until: string;
}

/** @throws SealBrokenError when the archive does not keep what it is given; whatever Temporal's client throws */
export async function archiveEnded(run: ArchiveRun): Promise<ArchiveCounts> {
  const { client, archive, now } = run;
  const { namespace } = client.options;
  const end = now.getTime() - LISTED_AFTER_MS;
  const cursor = await archive.cursor(namespace);
  let from = cursor === null ? end - (await retentionOf(client)) : cursor.getTime() - OVERLAP_MS;
  const counts = { archived: 0, there: 0, unopened: 0, until: new Date(from).toISOString() };
  while (from < end) {
    const to = Math.min(from + WINDOW_MS, end);
    await archiveWindow(run, counts, from, to);
    counts.until = new Date(to).toISOString();
    await archive.moveCursor(namespace, new Date(to));
    run.onProgress?.({ ...counts });
    from = to;
  }
  return counts;
}

/** Not by `intoHistories`, which tells no run's id: that of a run that was reset is not in its history. */
async function archiveWindow(
  { client, archive, now, signal, onProgress }: ArchiveRun,
  counts: { archived: number; there: number; unopened: number; until: string },
  from: number,
  to: number,
): Promise<void> {
  const query = `CloseTime >= '${new Date(from).toISOString()}' AND CloseTime < '${new Date(to).toISOString()}'`;
  for await (const ended of client.workflow.list({ query })) {
    signal?.throwIfAborted();
    const { workflowId, runId, closeTime, type, status } = ended;
    if (closeTime === undefined) continue;
    const about = { workflowId, runId, closedAt: closeTime.toISOString() };
    if (await archive.has(about)) counts.there += 1;
    else {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const events = history.events?.length ?? 0;
      const more = {
        namespace: client.options.namespace,
        type,
        status: status.name,
        archivedAt: now.toISOString(),
        events,
      };
      const verdict = await archive.add({ ...about, ...more }, historyToJSON(history));
      counts.archived += 1;
      if (verdict === 'unopened') counts.unopened += 1;
    }
    onProgress?.({ ...counts });
  }
}

async function retentionOf(client: Client): Promise<number> {
  const { config } = await client.workflowService.describeNamespace({ namespace: client.options.namespace });
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0);
  return seconds === 0 ? RETENTION_MS : seconds * 1000 + DAY_MS;
}
