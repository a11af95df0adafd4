import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, asyncProperty, integer } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBlobReadStream, createBlobWriter, openBlob, readBlob } from './blob-file.ts';
import { CHUNK_BYTES, HEADER_BYTES, SEALED_CHUNK_BYTES, chunkPosition } from './blob-format.ts';

let folder: string;
let count = 0;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-blob-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function newGrant(): { path: string; key: string } {
  count += 1;
  return { path: join(folder, `blob-${count}`), key: randomBytes(32).toString('base64') };
}

/** Writes `content` in pieces of the given size. */
async function written(content: Buffer, pieceBytes = 300_000): Promise<{ path: string; key: string; sha256: string }> {
  const grant = newGrant();
  const sink = await createBlobWriter(grant);
  for (let at = 0; at < content.length; at += pieceBytes) await sink.write(content.subarray(at, at + pieceBytes));
  const { sha256, size } = await sink.finish();
  expect(size).toBe(content.length);
  return { ...grant, sha256 };
}

async function streamed(grant: { path: string; key: string }, start?: number, end?: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of createBlobReadStream(grant, { start, end })) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** What a reader of the stream has been handed when it breaks off. */
async function seenUntilError(grant: { path: string; key: string }): Promise<{ bytes: Buffer; code: string }> {
  const parts: Buffer[] = [];
  const code = await codeOf(
    (async () => {
      for await (const part of createBlobReadStream(grant)) parts.push(part as Buffer);
    })(),
  );
  return { bytes: Buffer.concat(parts), code };
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'no error',
    (error: { code?: string }) => error.code ?? 'no code',
  );
}

describe('an encrypted file', () => {
  it.each([
    0,
    1,
    15,
    CHUNK_BYTES - 1,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    2 * CHUNK_BYTES,
    3 * CHUNK_BYTES + 777,
    40 * CHUNK_BYTES,
    40 * CHUNK_BYTES + 1,
  ])('gives back %i bytes as they were, with their SHA-256', async (size) => {
    const content = randomBytes(size);
    const grant = await written(content);
    expect(grant.sha256).toBe(createHash('sha256').update(content).digest('hex'));
    expect(content.equals(await readBlob(grant))).toBe(true);
    expect(content.equals(await streamed(grant))).toBe(true);
    const chunks = Math.max(1, Math.ceil(size / CHUNK_BYTES));
    expect(readFileSync(grant.path)).toHaveLength(HEADER_BYTES + size + 16 * chunks);
  });

  it('does not depend on how the bytes arrive', async () => {
    await assert(
      asyncProperty(array(integer({ min: 0, max: 2 * CHUNK_BYTES + 3 }), { maxLength: 8 }), async (pieceSizes) => {
        const content = pieceSizes.map((size) => randomBytes(size));
        const grant = newGrant();
        const sink = await createBlobWriter(grant);
        for (const piece of content) await sink.write(piece);
        await sink.finish();
        expect(Buffer.concat(content).equals(await readBlob(grant))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('takes its own copy of what it was given', async () => {
    const grant = newGrant();
    const sink = await createBlobWriter(grant);
    const buffer = randomBytes(3 * CHUNK_BYTES + 5);
    const before = Buffer.from(buffer);
    await sink.write(buffer);
    buffer.fill(0);
    await sink.finish();
    expect(before.equals(await readBlob(grant))).toBe(true);
  });

  it('gives any range without the rest', async () => {
    const content = randomBytes(20 * CHUNK_BYTES + 123);
    const grant = await written(content);
    const last = content.length - 1;
    await assert(
      asyncProperty(
        integer({ min: 0, max: last }),
        integer({ min: 0, max: last + CHUNK_BYTES }),
        async (start, end) => {
          const got = await streamed(grant, start, end);
          expect(content.subarray(start, Math.max(start, end + 1)).equals(got)).toBe(true);
        },
      ),
      {
        numRuns: 120,
        examples: [
          [0, 0],
          [CHUNK_BYTES - 1, CHUNK_BYTES],
          [last, last],
          [last, last + 5],
          [5, 4],
        ],
      },
    );
  });

  it('is damaged, and never other bytes, when any byte is changed', async () => {
    const content = randomBytes(18 * CHUNK_BYTES + 50);
    const grant = await written(content);
    const good = readFileSync(grant.path);
    await assert(
      asyncProperty(integer({ min: 0, max: good.length - 1 }), integer({ min: 1, max: 255 }), async (at, flip) => {
        const bad = Buffer.from(good);
        bad[at] = (bad[at] ?? 0) ^ flip;
        writeFileSync(grant.path, bad);
        expect(await codeOf(readBlob(grant))).toBe('BLOB_DAMAGED');
        const seen = await seenUntilError(grant);
        expect(seen.code).toBe('BLOB_DAMAGED');
        expect(content.subarray(0, seen.bytes.length).equals(seen.bytes)).toBe(true);
      }),
      { numRuns: 150, examples: Array.from({ length: HEADER_BYTES + 1 }, (_, at) => [at, 1] as [number, number]) },
    );
  });

  it('is damaged when it is cut anywhere, even for a reader of the part before the cut', async () => {
    const content = randomBytes(3 * CHUNK_BYTES + 50);
    const grant = await written(content);
    const good = readFileSync(grant.path);
    await assert(
      asyncProperty(integer({ min: 0, max: good.length - 1 }), async (length) => {
        writeFileSync(grant.path, good);
        truncateSync(grant.path, length);
        expect(await codeOf(readBlob(grant))).toBe('BLOB_DAMAGED');
        expect(await codeOf(streamed(grant, 0, 10))).toBe('BLOB_DAMAGED');
      }),
      {
        numRuns: 150,
        examples: [0, 1, 2, 3].map((chunk) => [chunkPosition(chunk)] as [number]),
      },
    );
  });

  it('is damaged when chunks are moved, repeated, dropped or added', async () => {
    const content = randomBytes(4 * CHUNK_BYTES);
    const grant = await written(content);
    const good = readFileSync(grant.path);
    const header = good.subarray(0, HEADER_BYTES);
    const [a, b, c, d] = [0, 1, 2, 3].map((index) =>
      good.subarray(chunkPosition(index), chunkPosition(index) + SEALED_CHUNK_BYTES),
    ) as [Buffer, Buffer, Buffer, Buffer];
    const orders = [
      [b, a, c, d],
      [a, a, c, d],
      [a, b, c],
      [a, c, d],
      [a, b, c, d, d],
      [a, b, c, d, a],
      [d],
      [d, c, b, a],
    ];
    for (const order of orders) {
      writeFileSync(grant.path, Buffer.concat([header, ...order]));
      expect(await codeOf(readBlob(grant))).toBe('BLOB_DAMAGED');
    }
    writeFileSync(grant.path, Buffer.concat([good, randomBytes(SEALED_CHUNK_BYTES)]));
    expect(await codeOf(readBlob(grant))).toBe('BLOB_DAMAGED');
    writeFileSync(grant.path, good);
    expect(content.equals(await readBlob(grant))).toBe(true);
  });

  it('does not take chunks of another file written under the same key', async () => {
    const grant = newGrant();
    const files: Buffer[] = [];
    for (let round = 0; round < 2; round += 1) {
      rmSync(grant.path, { force: true });
      const sink = await createBlobWriter(grant);
      await sink.write(Buffer.alloc(2 * CHUNK_BYTES, round));
      await sink.finish();
      files.push(readFileSync(grant.path));
    }
    const [first, second] = files as [Buffer, Buffer];
    expect(first.subarray(HEADER_BYTES).equals(second.subarray(HEADER_BYTES))).toBe(false);
    const middle = chunkPosition(1);
    writeFileSync(grant.path, Buffer.concat([first.subarray(0, middle), second.subarray(middle)]));
    expect(await codeOf(readBlob(grant))).toBe('BLOB_DAMAGED');
  });

  it('opens with its own key only', async () => {
    const grant = await written(randomBytes(1000));
    expect(await codeOf(readBlob({ ...grant, key: randomBytes(32).toString('base64') }))).toBe('BLOB_DAMAGED');
    expect(await codeOf(readBlob({ ...grant, key: 'short' }))).toBe('KEY_WRONG');
  });

  it('is damaged when it has gone', async () => {
    expect(await codeOf(readBlob(newGrant()))).toBe('BLOB_DAMAGED');
  });

  it('is damaged, and does not hang, when it shrinks while it is read', async () => {
    const grant = await written(randomBytes(60 * CHUNK_BYTES));
    const reader = await openBlob(grant);
    truncateSync(grant.path, chunkPosition(30));
    expect(await codeOf(reader.read(0, reader.size))).toBe('BLOB_DAMAGED');
    await reader.close();
  });
});

describe('the sink', () => {
  it('leaves nothing behind after abort, as often as it is called', async () => {
    const grant = newGrant();
    const sink = await createBlobWriter(grant);
    await sink.write(randomBytes(3_000_000));
    await sink.abort();
    await sink.abort();
    expect(await codeOf(readBlob(grant))).toBe('BLOB_DAMAGED');
    expect(await codeOf(sink.write(Buffer.alloc(1)))).toBe('INTERNAL');
  });

  it('does not take back what it reported as durable', async () => {
    const grant = newGrant();
    const sink = await createBlobWriter(grant);
    await sink.write(Buffer.from('kept'));
    await sink.finish();
    await sink.abort();
    expect(Buffer.from(await readBlob(grant)).toString()).toBe('kept');
  });

  it('never writes over a file that is there', async () => {
    const grant = await written(Buffer.from('first'));
    expect(await codeOf(createBlobWriter(grant))).toBe('DISK_FAILED');
    expect(Buffer.from(await readBlob(grant)).toString()).toBe('first');
  });
});
