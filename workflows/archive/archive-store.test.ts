import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import type { S3Server } from '../api/testing/s3-server.ts';
import { startS3Server } from '../api/testing/s3-server.ts';
import { keptHistories } from '../testing/histories.ts';
import type { ArchiveStore } from './archive-store.ts';
import { folderArchiveStore } from './archive-store.ts';
import { archiveOf } from './config.ts';
import { HistoryArchive } from './history-archive.ts';
import { s3ArchiveStore } from './s3-archive-store.ts';

let s3: S3Server;
let folder: string;
beforeAll(async () => {
  s3 = await startS3Server();
});
afterAll(async () => s3.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-archive-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const STORES: readonly (readonly [string, () => ArchiveStore])[] = [
  ['a folder', () => folderArchiveStore(folder)],
  ['an S3 service', () => s3ArchiveStore(s3.config, `${newId()}/`)],
];
/** The user and group of that name. */
const NOBODY = 65_534;
const KEY = { id: 'one', key: createHash('sha256').update('archive').digest() };

function pathsBelow(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name));
}

function about(closedAt: string) {
  const [kept] = keptHistories();
  if (kept === undefined) throw new Error('no history');
  const { events } = kept.history as { readonly events: readonly unknown[] };
  const named = { namespace: 'default', workflowId: kept.workflowId, runId: newId(), type: 'sessionWorkflow' };
  return {
    head: { ...named, status: 'COMPLETED', closedAt, archivedAt: '2026-11-21T01:30:00.000Z', events: events.length },
    json: JSON.stringify(kept.history),
  };
}

describe.each(STORES)('%s as an archive', (_what, open) => {
  it('gives back what was put, and lists what is directly below', async () => {
    const store = open();
    const bytes = randomBytes(70_001);
    const names = [
      '2026-01-01/a%3Ab/one',
      '2026-01-01/a%3Ab/two',
      '2026-01-01/c/one',
      '2026-01-02/c/one',
      'cursor.json',
    ];
    for (const name of names) await store.put(name, bytes);
    for (const name of names) expect((await store.get(name))?.equals(bytes)).toBe(true);
    expect(await store.get('2026-01-01/a%3Ab/three')).toBeNull();
    expect(await store.list('')).toEqual(['2026-01-01', '2026-01-02', 'cursor.json']);
    expect(await store.list('2026-01-01')).toEqual(['a%3Ab', 'c']);
    expect(await store.list('2026-01-01/a%3Ab')).toEqual(['one', 'two']);
    expect(await store.list('2026-01-03')).toEqual([]);
  });

  it('removes one, and one with everything below, and nothing that only begins alike', async () => {
    const store = open();
    for (const name of ['2026-01-01/a/one', '2026-01-01/a/two', '2026-01-011/a/one', 'cursor.json']) {
      await store.put(name, randomBytes(10));
    }
    await store.remove('cursor.json');
    await store.remove('2026-01-01');
    await store.remove('2026-01-09');
    expect(await store.list('')).toEqual(['2026-01-011']);
    expect(await store.get('2026-01-01/a/one')).toBeNull();
  });

  it('keeps histories, where it went on, and for as long as they have to be kept', async () => {
    const store = open();
    const archive = new HistoryArchive(store, [KEY], null);
    const [old, recent] = [about('2026-01-01T12:00:00.000Z'), about('2032-12-30T12:00:00.000Z')];
    for (const { head, json } of [old, recent]) await archive.add(head, json);
    expect(await archive.has(old.head)).toBe(true);
    expect(await archive.read(recent.head)).toMatchObject({ json: recent.json });
    const at = new Date('2032-12-31T00:00:00.000Z');
    for (const to of [new Date(at.getTime() - 1000), at]) await archive.moveCursor('default', to);
    expect(await new HistoryArchive(store, [KEY], null).cursor('default')).toEqual(at);
    expect(await archive.removeExpired(new Date('2033-01-02T01:00:00Z'))).toEqual(['2026-01-01']);
    expect(await archive.read(old.head)).toBeNull();
    const names: string[] = [];
    for await (const { name } of archive.verified()) names.push(name);
    expect(names).toHaveLength(1);
  });
});

describe('an archive in a folder', () => {
  it('takes what was being written when its process was killed', async () => {
    const below = join(folder, '2026-01-01', 'a');
    mkdirSync(below, { recursive: true });
    writeFileSync(join(below, 'one.part'), 'ha', { mode: 0o400 });
    // Root may write whatever is there already: as somebody who may not.
    const isRoot = process.getuid?.() === 0;
    if (isRoot) for (const path of [folder, ...pathsBelow(folder)]) chownSync(path, NOBODY, NOBODY);
    const put = `const { folderArchiveStore } = await import(process.argv[1]);
      await folderArchiveStore(process.argv[2]).put('2026-01-01/a/one', Buffer.from('whole'));`;
    const module = new URL('archive-store.ts', import.meta.url).href;
    execFileSync(process.execPath, ['--input-type=module', '--eval', put, module, folder], {
      stdio: 'pipe',
      ...(isRoot && { uid: NOBODY, gid: NOBODY }),
    });
    const store = folderArchiveStore(folder);
    expect((await store.get('2026-01-01/a/one'))?.toString()).toBe('whole');
    expect(readdirSync(below)).toEqual(['one']);
  });
});

function numbered(text: string): string[] {
  return Array.from({ length: 5 }, (_, index) => `${text}${index}`);
}

describe('an archive in a bucket', () => {
  it('is told from one that is not there: what cannot be read is no missing history', async () => {
    const store = s3ArchiveStore({ ...s3.config, bucket: 'nowhere' }, '');
    await expect(store.get('2026-01-01/a/one')).rejects.toThrow(/bucket/i);
    await expect(store.list('')).rejects.toThrow(/bucket/i);
  });

  it('is listed and removed whole, however many pages it takes to list it', async () => {
    const paged = await startS3Server(false, 2);
    const store = s3ArchiveStore(paged.config, 'archive/');
    const [cursors, days, workflows, runs] = [numbered('cursor-'), numbered('2026-01-0'), numbered('w'), numbered('r')];
    const pagesOf = async (work: () => Promise<unknown>): Promise<number> => {
      const before = paged.pagesListed();
      await work();
      return paged.pagesListed() - before;
    };
    try {
      const names = [
        ...cursors,
        ...days.map((day) => `${day}/w0/r0`),
        ...workflows.map((workflow) => `2026-02-01/${workflow}/r0`),
        ...runs.map((run) => `2026-02-01/w0/${run}`),
      ];
      for (const name of names) await store.put(name, randomBytes(10));
      const found: (readonly string[])[] = [];
      for (const folder of ['', '2026-02-01', '2026-02-01/w0']) {
        expect(await pagesOf(async () => found.push(await store.list(folder)))).toBeGreaterThan(2);
      }
      expect(found).toEqual([[...days, '2026-02-01', ...cursors], workflows, runs]);
      expect(await pagesOf(async () => store.remove('2026-02-01'))).toBeGreaterThan(2);
      expect(await store.list('2026-02-01')).toEqual([]);
      expect(await store.list('')).toEqual([...days, ...cursors]);
    } finally {
      await paged.stop();
    }
  });

  it('is configured beside the files, in their bucket or one of its own', async () => {
    const { endpoint, bucket, region, accessKeyId, secretAccessKey } = s3.config;
    const prefix = `${newId()}/`;
    const environment = {
      HISTORY_ARCHIVE_STORE: 's3',
      HISTORY_ARCHIVE_PREFIX: prefix,
      HISTORY_ARCHIVE_KEYS: `one:${KEY.key.toString('base64')}`,
      S3_ENDPOINT: endpoint,
      S3_BUCKET: bucket,
      S3_REGION: region,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: secretAccessKey,
    };
    const { head, json } = about('2026-01-01T12:00:00.000Z');
    await archiveOf(environment, null)?.add(head, json);
    expect(await s3ArchiveStore(s3.config, prefix).list('')).toEqual(['2026-01-01']);
    const elsewhere = archiveOf({ ...environment, HISTORY_ARCHIVE_BUCKET: 'nowhere' }, null);
    await expect(elsewhere?.read(head)).rejects.toThrow(/bucket/i);
    expect(() => archiveOf({ ...environment, S3_BUCKET: undefined }, null)).toThrow('S3_BUCKET');
    expect(() => archiveOf({ ...environment, HISTORY_ARCHIVE_PREFIX: '/x' }, null)).toThrow('HISTORY_ARCHIVE_PREFIX');
    expect(() => archiveOf({ ...environment, HISTORY_ARCHIVE_STORE: 'tape' }, null)).toThrow('HISTORY_ARCHIVE_STORE');
  });
});
