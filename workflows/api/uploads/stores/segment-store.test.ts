import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { newId } from '../../../../electron/contract/index.ts';
import type { S3Server } from '../../testing/s3-server.ts';
import { startS3Server } from '../../testing/s3-server.ts';
import { openFolderStore } from './folder-store.ts';
import { openS3Store } from './s3-store.ts';
import type { SegmentName, SegmentStore } from './segment-store.ts';
import { StoreFullError, StoreUnavailableError } from './segment-store.ts';

let s3: S3Server;
let folder: string;
beforeAll(async () => {
  s3 = await startS3Server();
});
afterAll(async () => s3.stop());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-store-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function newName(file: Partial<SegmentName> = {}): SegmentName {
  return { tenantId: newId(), fileId: newId(), objectId: newId(), ...file };
}

const STORES: readonly (readonly [string, () => Promise<SegmentStore>])[] = [
  ['a folder', async () => openFolderStore({ folder: join(folder, 'files'), freeBytes: 0 })],
  ['an S3 service', async () => openS3Store(s3.config)],
];

describe.each(STORES)('%s as a store', (_what, open) => {
  let store: SegmentStore;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.close());

  it('gives back what was put, byte by byte, to whoever opens it later', async () => {
    await store.check();
    for (const size of [1, 65_537, 4 * 1024 * 1024 + 29]) {
      const name = newName();
      const bytes = randomBytes(size);
      await store.put(name, bytes);
      const again = await open();
      expect((await again.get(name))?.equals(bytes)).toBe(true);
      again.close();
    }
  });

  it('says of what was never put, or was removed, that it is not there', async () => {
    const name = newName();
    expect(await store.get(name)).toBeNull();
    await store.put(name, randomBytes(10));
    await store.remove([name, newName()]);
    expect(await store.get(name)).toBeNull();
    await store.remove([name]);
  });

  it('keeps of a file only what it is told, and touches no other file', async () => {
    const file = { tenantId: newId(), fileId: newId() };
    const [kept, left, neighbour] = [newName(file), newName(file), newName({ tenantId: file.tenantId })];
    for (const name of [kept, left, neighbour]) await store.put(name, randomBytes(10));
    await store.keepOnly(file, new Set([kept.objectId]));
    const there = await Promise.all([kept, left, neighbour].map(async (name) => (await store.get(name)) !== null));
    expect(there).toEqual([true, false, true]);
    await store.keepOnly(file, new Set());
    expect(await store.get(kept)).toBeNull();
    expect(await store.get(neighbour)).not.toBeNull();
    await store.keepOnly({ tenantId: newId(), fileId: newId() }, new Set());
  });
});

describe('a folder', () => {
  it('that is not the one of before says nothing about what lay in it', async () => {
    const path = join(folder, 'files');
    const store = await openFolderStore({ folder: path, freeBytes: 0 });
    const name = newName();
    await store.put(name, randomBytes(10));
    renameSync(path, join(folder, 'away'));
    mkdirSync(path);
    await expect(store.get(name)).rejects.toThrow(StoreUnavailableError);
    await expect(store.put(newName(), randomBytes(10))).rejects.toThrow(StoreUnavailableError);
    await expect(store.keepOnly(name, new Set())).rejects.toThrow(StoreUnavailableError);
    await expect(store.check()).rejects.toThrow(StoreUnavailableError);
    expect(readdirSync(path)).toEqual([]);
    rmSync(path, { recursive: true });
    renameSync(join(folder, 'away'), path);
    expect(await store.get(name)).not.toBeNull();
  });

  it('that holds something else is not taken for a store', async () => {
    writeFileSync(join(folder, 'letter.txt'), 'dear');
    await expect(openFolderStore({ folder, freeBytes: 0 })).rejects.toThrow(StoreUnavailableError);
    expect(readdirSync(folder)).toEqual(['letter.txt']);
  });

  it('with less room than is to stay free is full, and leaves nothing half there', async () => {
    const store = await openFolderStore({ folder: join(folder, 'files'), freeBytes: Number.MAX_SAFE_INTEGER });
    const name = newName();
    await expect(store.put(name, randomBytes(10))).rejects.toThrow(StoreFullError);
    expect(await store.get(name)).toBeNull();
    expect(readdirSync(join(folder, 'files'))).toEqual(['vantage-files.json']);
  });
});

describe('an S3 service', () => {
  it('that lists by the page keeps of a file only what it is told, on every page', async () => {
    const paged = await startS3Server(false, 2);
    const store = openS3Store(paged.config);
    try {
      const file = { tenantId: newId(), fileId: newId() };
      const names = Array.from({ length: 7 }, () => newName(file)).toSorted((one, other) =>
        one.objectId < other.objectId ? -1 : 1,
      );
      for (const name of names) await store.put(name, randomBytes(10));
      await store.keepOnly(file, new Set([names[1], names[6]].map((name) => name?.objectId ?? '')));
      expect(paged.pagesListed()).toBe(4);
      const there = await Promise.all(names.map(async (name) => (await store.get(name)) !== null));
      expect(there).toEqual([false, true, false, false, false, false, true]);
    } finally {
      store.close();
      await paged.stop();
    }
  });

  it('that does not let in, has no such bucket, or does not answer says nothing about what lies in it', async () => {
    const name = newName();
    const strict = await startS3Server(true);
    const right = openS3Store(strict.config);
    await right.put(name, randomBytes(10));
    expect(await right.get(name)).not.toBeNull();
    const wrong = openS3Store({ ...strict.config, secretAccessKey: 'wrong' });
    await expect(wrong.get(name)).rejects.toThrow(StoreUnavailableError);
    await expect(wrong.put(name, randomBytes(10))).rejects.toThrow(StoreUnavailableError);
    const elsewhere = openS3Store({ ...s3.config, bucket: 'elsewhere' });
    await expect(elsewhere.get(name)).rejects.toThrow(StoreUnavailableError);
    await expect(elsewhere.check()).rejects.toThrow(StoreUnavailableError);
    const nobody = openS3Store({ ...s3.config, endpoint: 'http://127.0.0.1:1' });
    await expect(nobody.get(name)).rejects.toThrow(StoreUnavailableError);
    for (const store of [right, wrong, elsewhere, nobody]) store.close();
    await strict.stop();
  });

  it('that has no room says so', async () => {
    const full = createServer((request, response) => {
      request.resume();
      request.once('end', () => {
        response.writeHead(507, { 'content-type': 'application/xml' });
        response.end('<Error><Code>XMinioStorageFull</Code><Message>full</Message></Error>');
      });
    }).listen(0, '127.0.0.1');
    await once(full, 'listening');
    const store = openS3Store({ ...s3.config, endpoint: `http://127.0.0.1:${(full.address() as AddressInfo).port}` });
    await expect(store.put(newName(), randomBytes(10))).rejects.toThrow(StoreFullError);
    store.close();
    full.close();
  });
});
