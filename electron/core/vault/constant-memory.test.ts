/** However large a picture is, it never lies in memory. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const MIB = 1024 * 1024;
const SMALL_BYTES = 16 * MIB;
const LARGE_BYTES = 512 * MIB + 12_345;
const SEED = 20261121;
const PLACES = 300;
/** What the large one may take above the small one: less than a twelfth of it. */
const MORE_BYTES = 40 * MIB;

interface Result {
  readonly written: { readonly size: number };
  readonly read: number;
  readonly sameHash: boolean;
  readonly wrong: number;
  readonly peakBytes: number;
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-large-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function streamed(bytes: number): Result {
  const script = join(import.meta.dirname, 'testing', 'stream-much.ts');
  const options = [`--max-old-space-size=48`, '--max-semi-space-size=2', script];
  const where = join(directory, `blob-${bytes}`);
  const printed = execFileSync(process.execPath, [...options, where, String(bytes), String(SEED), String(PLACES)], {
    encoding: 'utf8',
  });
  return JSON.parse(printed) as Result;
}

it(
  `half a gigabyte takes no more memory than 16 MiB, and any of it is read from anywhere (seed ${SEED})`,
  { timeout: 240_000 },
  () => {
    const small = streamed(SMALL_BYTES);
    const large = streamed(LARGE_BYTES);
    const peaks = [small, large].map(({ peakBytes }) => `${Math.round(peakBytes / MIB)} MiB`);
    console.log(
      `${SMALL_BYTES} and ${LARGE_BYTES} bytes: ${peaks.join(' and ')} at most; seed ${SEED}, ${PLACES} places`,
    );
    for (const [result, bytes] of [[small, SMALL_BYTES] as const, [large, LARGE_BYTES] as const]) {
      expect(result).toMatchObject({ written: { size: bytes }, read: bytes, sameHash: true, wrong: 0 });
    }
    expect(large.peakBytes - small.peakBytes).toBeLessThan(MORE_BYTES);
  },
);
