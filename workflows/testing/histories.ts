/**
 * Histories that every later version of the workflows has to replay. `VANTAGE_RECORD_HISTORIES=1 npm run test:workflows` writes them anew:
 * only for a new workflow, or when no workflow of before is running anywhere any more.
 */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { WorkflowHandle } from '@temporalio/client';

/** Of `definitions`: each has its own. */
type Folder = 'session' | 'calibration' | 'acceptance' | 'operations';

interface Recorded {
  readonly handle: Pick<WorkflowHandle, 'fetchHistory'>;
  readonly workflowId: string;
}

export async function keepHistory(name: string, visit: Recorded, folder: Folder = 'session'): Promise<void> {
  if (process.env['VANTAGE_RECORD_HISTORIES'] !== '1') return;
  mkdirSync(historiesOf(folder), { recursive: true });
  const history = await visit.handle.fetchHistory();
  // Which process of which machine it was is nobody's business.
  const text = historyToJSON(history).replaceAll(`${process.pid}@${hostname()}`, 'test');
  const kept = { workflowId: visit.workflowId, history: JSON.parse(text) as unknown };
  writeFileSync(join(historiesOf(folder), `${name}.json`), `${JSON.stringify(kept)}\n`);
}

export interface KeptHistory {
  readonly name: string;
  readonly workflowId: string;
  readonly history: unknown;
}

export function keptHistories(folder: Folder = 'session'): readonly KeptHistory[] {
  const path = historiesOf(folder);
  return readdirSync(path)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => ({
      name: basename(file, '.json'),
      ...(JSON.parse(readFileSync(join(path, file), 'utf8')) as Omit<KeptHistory, 'name'>),
    }));
}

function historiesOf(folder: Folder): string {
  return join(import.meta.dirname, '..', 'definitions', folder, 'histories');
}
