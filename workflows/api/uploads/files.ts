/** What of the API deals with files, put together (`server.ts`). */
import type { Registry } from 'prom-client';
import type { Logger } from 'pino';
import type { Database } from '../../database/database.ts';
import type { AppendTimes } from './append.ts';
import { APPEND_TIMES } from './append.ts';
import { FileCounters } from './file-counters.ts';
import { FileKeys } from './file-keys.ts';
import type { FilesConfig } from './files-config.ts';
import { FileKeeper } from './keeper.ts';
import { openFolderStore } from './stores/folder-store.ts';
import type { SegmentStore } from './stores/segment-store.ts';

export interface Files {
  readonly config: FilesConfig;
  readonly store: SegmentStore;
  readonly keys: FileKeys;
  readonly count: FileCounters;
  readonly keeper: FileKeeper;
  readonly times: AppendTimes;
}

export interface FilesContext {
  readonly database: Database;
  readonly log: Logger;
  readonly registry: Registry;
  readonly now: () => Date;
  readonly pollMs?: number | undefined;
}

/** Files that are read back at a time, by one process. */
const AT_ONCE = 2;
const POLL_MS = 5_000;

/** @throws StoreUnavailableError when the store can't be worked with */
export async function openFiles(config: FilesConfig, context: FilesContext): Promise<Files> {
  const { database, log, now } = context;
  const store = await openStore(config.store);
  const keys = new FileKeys(config.masterKeys);
  const count = new FileCounters(context.registry);
  const keeper = new FileKeeper({
    database,
    store,
    keys,
    count,
    log,
    now,
    scrubDays: config.scrubDays,
    atOnce: AT_ONCE,
    pollMs: context.pollMs ?? POLL_MS,
  });
  return { config, store, keys, count, keeper, times: APPEND_TIMES };
}

async function openStore(config: FilesConfig['store']): Promise<SegmentStore> {
  if (config.kind === 'folder') return openFolderStore(config);
  // The SDK is large; only those who use it load it.
  const { openS3Store } = await import('./stores/s3-store.ts');
  return openS3Store(config);
}
