/** The vault against `kill -9` and against a disk that is really full. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBlobWriter, readBlob } from './blob-file.ts';
import { openTestVault } from './testing/test-vault.ts';

const KILLS = 20;
const TMPFS_BYTES = 2 * 1024 * 1024;
const WRITER = join(import.meta.dirname, 'testing', 'write-until-killed.ts');
const FAR_FUTURE = () => new Date(Date.now() + 365 * 86_400_000);
/** Mounting a file system of 2 MiB needs the right to mount. */
const mayMount = process.platform === 'linux' && process.getuid?.() === 0;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-vault-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function filesOf(place: string): string[] {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
}

/** Lets the writer run for a random while after it is ready, kills it, and returns what it had acknowledged. */
async function runAndKill(masterKey: Buffer, round: number): Promise<ReadonlyMap<string, string>> {
  const child = spawn(process.execPath, [WRITER, directory, masterKey.toString('hex'), String(round)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const acknowledged = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') {
      void sleep(randomInt(0, 60)).then(() => child.kill('SIGKILL'));
      continue;
    }
    const [blobId = '', sha256 = ''] = line.split(' ');
    // The last line may be cut by the kill; an acknowledgement nobody could read is none.
    if (sha256.length === 64) acknowledged.set(blobId, sha256);
  }
  expect(await exited).toEqual([null, 'SIGKILL']);
  return acknowledged;
}

describe('kill -9 while storing', () => {
  it(`loses nothing acknowledged and shows nothing half, ${KILLS} times`, { timeout: 120_000 }, async () => {
    const masterKey = randomBytes(32);
    const acknowledged = new Map<string, string>();
    let recovered = 0;
    for (let round = 0; round < KILLS; round += 1) {
      for (const [blobId, sha256] of await runAndKill(masterKey, round)) acknowledged.set(blobId, sha256);
      const { vault, database } = await openTestVault(directory, masterKey, { orphanAgeMs: 0, now: FAR_FUTURE });
      try {
        expect(vault.swept.missingBlobIds).toEqual([]);
        for (const [blobId, sha256] of acknowledged) expect(vault.stat(blobId)?.sha256).toBe(sha256);
        // Every row, acknowledged or not, is a whole file, and every document has its row.
        const blobIds = database.prepare<[], string>('SELECT blob_id FROM vault_blobs').pluck().all();
        for (const blobId of blobIds) await vault.verify(blobId);
        expect(database.prepare<[], string>('SELECT blob_id FROM documents').pluck().all().sort()).toEqual(
          blobIds.sort(),
        );
        for (const pending of await vault.recoverPending()) {
          // By turns: finish what is whole, or give it up.
          if (pending.content && round % 2 === 0) {
            const row = await vault.commit(pending.pendingId, { ...pending.content, mediaType: 'image/jpeg' });
            await vault.verify(row.blobId);
            database.prepare<[string]>('INSERT OR IGNORE INTO documents VALUES (?)').run(row.blobId);
            recovered += 1;
          } else {
            await vault.abandon(pending.pendingId);
          }
        }
      } finally {
        database.close();
      }
      const again = await openTestVault(directory, masterKey, { orphanAgeMs: 0, now: FAR_FUTURE });
      const files = again.database.prepare<[], string>('SELECT file FROM vault_blobs').pluck().all();
      again.database.close();
      expect(filesOf(join(directory, 'vault'))).toEqual(files.sort());
    }
    console.log(`${KILLS} kills, ${acknowledged.size} acknowledged, ${recovered} finished after the restart`);
    expect(acknowledged.size).toBeGreaterThan(0);
  });
});

/** Said in the name, so that the summary tells why. */
const unless = mayMount ? '' : ' (skipped: mounting a small file system needs root on Linux)';
describe.skipIf(!mayMount)(`a disk without room${unless}`, () => {
  let mounted: string;
  beforeEach(() => {
    mounted = join(directory, 'small');
    mkdirSync(mounted);
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${TMPFS_BYTES}`, 'tmpfs', mounted]);
  });
  afterEach(() => {
    execFileSync('umount', [mounted]);
  });

  it('refuses the picture with DISK_FULL, keeps the earlier ones and takes the next when there is room', async () => {
    const { vault, database } = await openTestVault(directory, randomBytes(32), {
      directory: join(mounted, 'vault'),
    });
    try {
      const store = async (bytes: number): Promise<string> => {
        const { pendingId, grant } = await vault.grantWrite();
        const sink = await createBlobWriter(grant);
        try {
          const piece = randomBytes(64 * 1024);
          for (let at = 0; at < bytes; at += piece.length) await sink.write(piece);
          const { blobId } = await vault.commit(pendingId, { ...(await sink.finish()), mediaType: 'image/jpeg' });
          return blobId;
        } catch (error) {
          await sink.abort();
          await vault.abandon(pendingId);
          throw error;
        }
      };
      const first = await store(600_000);
      // Smaller than a batch (fails in finish) and larger than several (fails in write).
      for (const bytes of [2_000_000, 8_000_000])
        await expect(store(bytes)).rejects.toMatchObject({ code: 'DISK_FULL' });
      await expect(vault.assertRoom(2_000_000)).rejects.toMatchObject({ code: 'DISK_FULL' });
      await vault.verify(first);
      const second = await store(300_000);
      expect((await readBlob(vault.grantRead(second))).length).toBeGreaterThan(300_000);
      expect(filesOf(mounted)).toHaveLength(2);
      expect(await vault.recoverPending()).toEqual([]);
    } finally {
      database.close();
    }
  });
});
