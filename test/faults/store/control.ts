/** Shows that `checkClinic` can fail: each of these does to a copy of a sound clinic what a fault would do, and must be found. */
import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../electron/core/store/index.ts';
import type { Store } from '../../../electron/core/store/index.ts';
import { KEY, STATION } from '../../../electron/core/store/testing/documents.ts';
import { checkClinic } from './check.ts';
import type { CheckOptions } from './check.ts';
import { Plan, fileDocumentId, plannedDocument } from './plan.ts';

interface Tampering {
  readonly name: string;
  /** What the check must say of it. */
  readonly says: RegExp;
  readonly acknowledged?: (sound: CheckOptions['acknowledged']) => CheckOptions['acknowledged'];
  readonly files?: (directory: string) => void;
  readonly store?: (store: Store, options: CheckOptions) => Promise<unknown>;
}

const TAMPERINGS: readonly Tampering[] = [
  {
    name: 'an acknowledged batch that is not there',
    says: /acknowledged batches are lost/,
    acknowledged: (sound) => ({ ...sound, batch: sound.batch + 1 }),
  },
  {
    name: 'an acknowledged file that is not there',
    says: /acknowledged and is lost/,
    acknowledged: (sound) => ({ ...sound, files: new Map([...sound.files, [1_000_000, 'f'.repeat(64)]]) }),
  },
  {
    name: 'a batch of which one document is missing',
    says: /is missing/,
    store: (store, { seed }) => {
      const { name, document } = plannedDocument(seed, { item: 0, version: 0 });
      return store.transaction((tx) => tx.remove(name, document.id));
    },
  },
  {
    name: 'one document of a batch that was never finished',
    says: /never written whole|not what was written/,
    store: (store, { seed, largestBatch, acknowledged }) => {
      const [first] = new Plan(seed, largestBatch).after(acknowledged.batch).next().writes;
      return store.writeMany([plannedDocument(seed, first ?? { item: 0, version: 0 })]);
    },
  },
  {
    name: 'a file that is gone',
    says: /files are missing/,
    files: (directory) => rmSync(firstFile(directory)),
  },
  {
    name: 'a file that is longer',
    says: /does not read back/,
    files: (directory) => appendFileSync(firstFile(directory), 'x'),
  },
  {
    name: 'a file without its document',
    says: /acknowledged and is lost|named by documents/,
    store: (store, { acknowledged }) =>
      store.transaction((tx) => tx.remove('reports', fileDocumentId([...acknowledged.files.keys()][0] ?? 0))),
  },
];

/** @returns one line per tampering that the check did not find. @param sound what passes the check, with at least one file */
export async function controlFailures(sound: CheckOptions): Promise<string[]> {
  const failures: string[] = [];
  for (const tampering of TAMPERINGS) {
    const folder = mkdtempSync(join(tmpdir(), 'vantage-control-'));
    const directory = join(folder, 'clinic');
    try {
      cpSync(sound.directory, directory, { recursive: true });
      const options: CheckOptions = {
        ...sound,
        directory,
        mayBeUnderWay: false,
        acknowledged: tampering.acknowledged?.(sound.acknowledged) ?? {
          ...sound.acknowledged,
          files: new Map(sound.acknowledged.files),
        },
      };
      tampering.files?.(directory);
      if (tampering.store !== undefined) {
        const store = await openStore({ directory, key: KEY, now: Date.now, stationId: STATION });
        await tampering.store(store, options);
        await store.close();
      }
      const checked = await checkClinic(options);
      if (!checked.failures.some((failure) => tampering.says.test(failure)))
        failures.push(`control: ${tampering.name} was not found: ${checked.failures.join('; ') || 'nothing was said'}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  return failures;
}

function firstFile(directory: string): string {
  const blobs = join(directory, 'vault', 'blobs');
  const entry = readdirSync(blobs, { recursive: true, withFileTypes: true }).find((candidate) => candidate.isFile());
  if (entry === undefined) throw new Error('the vault has no file');
  return join(entry.parentPath, entry.name);
}
