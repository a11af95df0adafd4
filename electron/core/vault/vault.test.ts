import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBlobWriter, readBlob } from './blob-file.ts';
import { openTestVault } from './testing/test-vault.ts';
import type { TestVault } from './testing/test-vault.ts';
import type { Vault, VaultOptions, WrittenContent } from './vault-api.ts';

let directory: string;
let masterKey: Buffer;
let opened: TestVault[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-vault-'));
  masterKey = randomBytes(32);
  opened = [];
});
afterEach(() => {
  for (const { database } of opened) database.close();
  rmSync(directory, { recursive: true, force: true });
});

async function start(options: Partial<VaultOptions> = {}): Promise<TestVault> {
  const test = await openTestVault(directory, masterKey, options);
  opened.push(test);
  return test;
}

function stop(test: TestVault): void {
  opened.splice(opened.indexOf(test), 1);
  test.database.close();
}

async function fill(vault: Vault, content: Buffer): Promise<{ pendingId: string; written: WrittenContent }> {
  const { pendingId, grant } = await vault.grantWrite();
  const sink = await createBlobWriter(grant);
  await sink.write(content);
  return { pendingId, written: { ...(await sink.finish()), mediaType: 'image/jpeg' } };
}

/** All files of the vault, by folder and name. */
function filesOf(place: string): string[] {
  return readdirSync(join(place, 'vault'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

async function codeOf(work: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === 'function' ? work() : work);
    return 'no error';
  } catch (error) {
    return (error as { code?: string }).code ?? 'no code';
  }
}

describe('a committed blob', () => {
  it('is read back by its id, also after the vault was opened again', async () => {
    const first = await start();
    const content = randomBytes(200_000);
    const { pendingId, written } = await fill(first.vault, content);
    const row = await first.vault.commit(pendingId, written);
    expect(row).toMatchObject({ sha256: written.sha256, size: 200_000, mediaType: 'image/jpeg' });
    stop(first);
    const { vault } = await start();
    expect(content.equals(await readBlob(vault.grantRead(row.blobId)))).toBe(true);
    expect(vault.stat(row.blobId)).toEqual(row);
    expect(vault.find(written.sha256)).toEqual(row);
    expect(vault.has(written.sha256)).toBe(true);
    await vault.verify(row.blobId);
    expect(vault.swept).toEqual({ removedFiles: 0, removedBytes: 0, missingBlobIds: [] });
    expect(await vault.recoverPending()).toEqual([]);
  });

  it('appears together with the document that names it, or not at all', async () => {
    const { vault, database } = await start();
    database.exec('CREATE TABLE documents (blob_id TEXT)');
    const { pendingId, written } = await fill(vault, Buffer.from('a picture'));
    const prepared = await vault.prepareCommit(pendingId, written);
    const write = (fails: boolean): void => {
      database.transaction(() => {
        database.prepare<[string]>('INSERT INTO documents VALUES (?)').run(vault.insertRow(prepared).blobId);
        if (fails) throw new Error('the document was refused');
      })();
    };
    expect(() => write(true)).toThrow('refused');
    await nextTurn();
    expect(vault.has(written.sha256)).toBe(false);
    expect(database.prepare('SELECT * FROM documents').all()).toEqual([]);
    write(false);
    expect(Buffer.from(await readBlob(vault.grantRead(prepared.blobId))).toString()).toBe('a picture');
  });

  it('has a name that says nothing about its content without the key', async () => {
    const { vault } = await start();
    const { pendingId, written } = await fill(vault, Buffer.from('known picture'));
    const { blobId } = await vault.commit(pendingId, written);
    expect(filesOf(directory).map((file) => basename(file))).toEqual([blobId]);
    const other = await openTestVault(join(directory, 'other'), randomBytes(32));
    opened.push(other);
    const again = await fill(other.vault, Buffer.from('known picture'));
    expect((await other.vault.commit(again.pendingId, again.written)).blobId).not.toBe(blobId);
    expect(blobId).not.toContain(written.sha256.slice(0, 8));
  });

  it('shares nothing on the disk with an equal one at another station, nor with its own second copy', async () => {
    const content = Buffer.alloc(200_000, 'the same picture everywhere ');
    const places: string[][] = [];
    for (const [station, key] of [
      ['a', randomBytes(32)],
      ['b', randomBytes(32)],
    ] as const) {
      const place = join(directory, station);
      const test = await openTestVault(place, key);
      opened.push(test);
      const [first, second] = [await fill(test.vault, content), await fill(test.vault, content)];
      // Both on the disk for now: the second goes when it gets its row.
      await test.vault.prepareCommit(second.pendingId, second.written);
      await test.vault.commit(first.pendingId, first.written);
      places.push(filesOf(place));
    }
    const files = places.flat();
    expect(new Set(files.map((file) => basename(file))).size).toBe(files.length);
    // Not one block of 16 bytes comes twice, in one file or in two.
    const blocks = files.flatMap((file) => {
      const bytes = readFileSync(file).subarray(16);
      return Array.from({ length: Math.floor(bytes.length / 16) }, (_, at) =>
        bytes.toString('latin1', at * 16, at * 16 + 16),
      );
    });
    expect(files.length).toBeGreaterThanOrEqual(3);
    expect(new Set(blocks).size).toBe(blocks.length);
    const names = files.map((file) => basename(file).replace(/-.*/, ''));
    expect(names.some((name) => name.includes(createHash('sha256').update(content).digest('hex').slice(0, 8)))).toBe(
      false,
    );
  });

  it('is kept once, whatever the order in which equal ones come', async () => {
    const { vault } = await start();
    const content = randomBytes(100_000);
    const [a, b, c] = [await fill(vault, content), await fill(vault, content), await fill(vault, content)];
    // Both prepared before either has a row: the moment at which one name could get two keys.
    const [preparedA, preparedB] = await Promise.all([
      vault.prepareCommit(a.pendingId, a.written),
      vault.prepareCommit(b.pendingId, b.written),
    ]);
    const rowB = vault.insertRow(preparedB);
    const early = vault.grantRead(rowB.blobId);
    expect(vault.insertRow(preparedA)).toEqual(rowB);
    expect(await vault.commit(c.pendingId, { ...c.written, mediaType: 'image/png' })).toEqual(rowB);
    await expect.poll(() => filesOf(directory)).toHaveLength(1);
    expect(content.equals(await readBlob(early))).toBe(true);
    expect(content.equals(await readBlob(vault.grantRead(rowB.blobId)))).toBe(true);
  });

  it('takes the place of an earlier copy that does not open any more', async () => {
    const { vault } = await start();
    const content = randomBytes(100_000);
    const first = await fill(vault, content);
    const row = await vault.commit(first.pendingId, first.written);
    truncateSync(vault.grantRead(row.blobId).path, 1000);
    expect(await codeOf(vault.verify(row.blobId))).toBe('BLOB_DAMAGED');
    const second = await fill(vault, content);
    expect(await vault.commit(second.pendingId, second.written)).toEqual(row);
    await vault.verify(row.blobId);
    await expect.poll(() => filesOf(directory)).toHaveLength(1);
  });

  it('is refused when the file is not what the writer reported', async () => {
    const { vault } = await start();
    const short = await fill(vault, randomBytes(70_000));
    expect(await codeOf(vault.commit(short.pendingId, { ...short.written, size: 70_001 }))).toBe('BLOB_DAMAGED');
    const cut = await fill(vault, randomBytes(70_000));
    truncateSync(join(directory, 'vault', 'incoming', cut.pendingId), 65_600);
    expect(await codeOf(vault.commit(cut.pendingId, cut.written))).toBe('BLOB_DAMAGED');
    const { pendingId } = await vault.grantWrite();
    expect(await codeOf(vault.commit(pendingId, cut.written))).toBe('BLOB_DAMAGED');
    expect(await codeOf(vault.commit('not a grant', cut.written))).toBe('NOT_FOUND');
    expect(await codeOf(() => vault.grantRead('not a blob'))).toBe('NOT_FOUND');
    expect(await codeOf(vault.verify('not a blob'))).toBe('NOT_FOUND');
  });

  it('is made from bytes that core has itself', async () => {
    const { vault } = await start();
    const prepared = await vault.prepareBytes(Buffer.from('%PDF'), 'application/pdf');
    const row = vault.insertRow(prepared);
    expect(Buffer.from(await readBlob(vault.grantRead(row.blobId))).toString()).toBe('%PDF');
    expect(row.mediaType).toBe('application/pdf');
  });
});

describe('an open grant', () => {
  it('leaves nothing when it is abandoned, at every stage', async () => {
    const { vault, database } = await start();
    const { pendingId: unused } = await vault.grantWrite();
    const full = await fill(vault, randomBytes(1000));
    const named = await fill(vault, randomBytes(1000));
    await vault.prepareCommit(named.pendingId, named.written);
    for (const pendingId of [unused, full.pendingId, named.pendingId, named.pendingId]) await vault.abandon(pendingId);
    expect(filesOf(directory)).toEqual([]);
    expect(database.prepare('SELECT * FROM vault_pending').all()).toEqual([]);
  });

  it('is not touched by abandon once it is committed', async () => {
    const { vault } = await start();
    const { pendingId, written } = await fill(vault, randomBytes(1000));
    const { blobId } = await vault.commit(pendingId, written);
    await vault.abandon(pendingId);
    expect(await codeOf(vault.verify(blobId))).toBe('no error');
  });

  it('is found after a stop, with whom it was for and whether its bytes are whole', async () => {
    const first = await start();
    const absent = await first.vault.grantWrite({ subject: 'absent' });
    const cut = await first.vault.grantWrite({ subject: 'cut' });
    const whole = await first.vault.grantWrite({ subject: 'whole' });
    const named = await first.vault.grantWrite({ subject: 'named' });
    const contents = new Map<string, WrittenContent>();
    for (const { pendingId, grant } of [cut, whole, named]) {
      const sink = await createBlobWriter(grant);
      await sink.write(randomBytes(150_000));
      contents.set(pendingId, { ...(await sink.finish()), mediaType: 'image/jpeg' });
    }
    truncateSync(cut.grant.path, 100_000);
    const expected = (pendingId: string) => contents.get(pendingId) ?? { sha256: '', size: 0, mediaType: '' };
    await first.vault.prepareCommit(named.pendingId, expected(named.pendingId));
    stop(first);

    const { vault } = await start({ orphanAgeMs: 0, now: () => new Date(Date.now() + 86_400_000) });
    expect(vault.swept.removedFiles).toBe(0);
    const found = new Map((await vault.recoverPending()).map((entry) => [entry.subject, entry]));
    expect(found.get('absent')).toMatchObject({ pendingId: absent.pendingId, state: 'absent', content: null });
    expect(found.get('cut')).toMatchObject({ state: 'incomplete', content: null });
    for (const [subject, { pendingId }] of [['whole', whole] as const, ['named', named] as const]) {
      const { sha256, size, mediaType } = expected(pendingId);
      expect(found.get(subject)).toMatchObject({ pendingId, state: 'complete', content: { sha256, size } });
      const row = await vault.commit(pendingId, { sha256, size, mediaType });
      await vault.verify(row.blobId);
    }
  });
});

describe('opening', () => {
  it('removes files that nothing names when they are old, and no others', async () => {
    const first = await start();
    const kept = await fill(first.vault, randomBytes(1000));
    await first.vault.commit(kept.pendingId, kept.written);
    const open = await fill(first.vault, randomBytes(1000));
    writeFileSync(join(directory, 'vault', 'incoming', 'stray'), 'x'.repeat(10));
    writeFileSync(join(directory, 'vault', 'incoming', 'young'), 'x');
    const storedFolder = filesOf(directory).find((file) => file.includes(join('vault', 'blobs'))) ?? '';
    writeFileSync(`${storedFolder}-stray`, 'x'.repeat(10));
    stop(first);
    const youngMs = statSync(join(directory, 'vault', 'incoming', 'young')).mtimeMs;

    const soon = await start({ now: () => new Date(youngMs + 3_599_000) });
    expect(soon.vault.swept.removedFiles).toBe(0);
    stop(soon);
    const later = await start({ now: () => new Date(youngMs + 3_601_000) });
    // What was stored once may be named by a copy of the database that is put back: it stays for thirty days.
    expect(later.vault.swept).toMatchObject({ removedFiles: 2, removedBytes: 11 });
    stop(later);
    const muchLater = await start({ now: () => new Date(youngMs + 31 * 86_400_000) });
    expect(muchLater.vault.swept).toMatchObject({ removedFiles: 1, removedBytes: 10 });
    expect(filesOf(directory)).toHaveLength(2);
    expect(await muchLater.vault.recoverPending()).toMatchObject([{ pendingId: open.pendingId, state: 'complete' }]);
  });

  it('opens although something lies in its folders that is not its own, and leaves that alone', async () => {
    const first = await start();
    const kept = await fill(first.vault, randomBytes(1000));
    await first.vault.commit(kept.pendingId, kept.written);
    stop(first);
    const foreign = ['blobs/.DS_Store', 'incoming/link'].map((name) => join(directory, 'vault', name));
    writeFileSync(foreign[0] ?? '', 'x');
    symlinkSync('/nonexistent', foreign[1] ?? '');
    mkdirSync(join(directory, 'vault', 'blobs', 'lost+found'));
    mkdirSync(join(directory, 'vault', 'incoming', 'folder'));
    const { vault } = await start({ orphanAgeMs: -1, lostAgeMs: -1 });
    expect(vault.swept).toEqual({ removedFiles: 0, removedBytes: 0, missingBlobIds: [] });
    expect(foreign.map((path) => lstatSync(path).size > 0)).toEqual([true, true]);
  });

  it('says which blobs have lost their file', async () => {
    const first = await start();
    const { pendingId, written } = await fill(first.vault, randomBytes(1000));
    const { blobId } = await first.vault.commit(pendingId, written);
    rmSync(first.vault.grantRead(blobId).path);
    stop(first);
    const { vault } = await start();
    expect(vault.swept.missingBlobIds).toEqual([blobId]);
    expect(await codeOf(readBlob(vault.grantRead(blobId)))).toBe('BLOB_DAMAGED');
  });

  it('refuses another master key and changes nothing', async () => {
    const first = await start();
    const { pendingId, written } = await fill(first.vault, randomBytes(1000));
    await first.vault.commit(pendingId, written);
    const stray = join(directory, 'vault', 'incoming', 'stray');
    writeFileSync(stray, 'x');
    const wrong = start({ masterKey: randomBytes(32), orphanAgeMs: -1 });
    expect(await codeOf(wrong)).toBe('KEY_WRONG');
    expect(existsSync(stray)).toBe(true);
  });
});

describe('the disk', () => {
  it('is full before its reserve is touched', async () => {
    const test = await start();
    const { freeBytes, totalBytes } = await test.vault.space();
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
    await test.vault.assertRoom(1);
    stop(test);
    const { vault } = await start({ reserveBytes: totalBytes });
    expect(await codeOf(vault.assertRoom())).toBe('DISK_FULL');
    expect(await codeOf(vault.grantWrite())).toBe('DISK_FULL');
    expect(await vault.recoverPending()).toEqual([]);
  });

  it('holds no plaintext, no hash and no key in the open', async () => {
    const canary = Buffer.from('CANARY-Noa-Dugma-72.45');
    const test = await start();
    const content = Buffer.concat([randomBytes(70_000), canary, randomBytes(70_000), canary]);
    const done = await fill(test.vault, content);
    const row = await test.vault.commit(done.pendingId, done.written);
    const open = await fill(test.vault, Buffer.concat([content, canary]));
    await test.vault.prepareCommit(open.pendingId, open.written);
    const { key } = test.vault.grantRead(row.blobId);
    const needles = [
      canary,
      Buffer.from(row.sha256),
      Buffer.from(row.sha256, 'hex'),
      Buffer.from(key, 'base64'),
      masterKey,
    ];
    const everything = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(everything.length).toBeGreaterThanOrEqual(3);
    for (const entry of everything) {
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      for (const needle of needles) expect(bytes.includes(needle)).toBe(false);
      expect(entry.name).not.toContain(row.sha256);
    }
  });
});
