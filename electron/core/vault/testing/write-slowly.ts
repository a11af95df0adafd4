/** Writes granted blobs as the devices process does: piece by piece, several at a time. A line of JSON in, a line of JSON out. */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createBlobWriter } from '../blob-file.ts';

async function write(line: string): Promise<void> {
  const { path, key, content } = JSON.parse(line) as { path: string; key: string; content: number };
  const sink = await createBlobWriter({ path, key });
  const bytes = Buffer.alloc(20_000 + content * 7919, `content ${content} `);
  for (let at = 0; at < bytes.length; at += 10_000) {
    await sink.write(bytes.subarray(at, at + 10_000));
    await nextTurn();
  }
  writeSync(1, `${JSON.stringify({ path, ...(await sink.finish()), mediaType: 'image/jpeg' })}\n`);
}

for await (const line of createInterface({ input: process.stdin })) void write(line);
