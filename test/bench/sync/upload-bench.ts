/** How much a cut line makes a station send again: a large file over a line that is cut at any byte, counted where it leaves the station. */
import { randomBytes } from 'node:crypto';
import { temporaryFolder } from '../../../electron/core/store/testing/documents.ts';
import { systemClock } from '../../../electron/core/sync/clock.ts';
import { createCloudClient } from '../../../electron/core/sync/cloud-client.ts';
import type { CloudClient } from '../../../electron/core/sync/cloud-client.ts';
import { startCuttingProxy } from '../../../electron/core/sync/uploads/testing/cutting-proxy.ts';
import { openSendingStation, takePicture } from '../../../electron/core/sync/uploads/testing/sending-station.ts';
import type { SendingStation } from '../../../electron/core/sync/uploads/testing/sending-station.ts';
import { createBlobWriter } from '../../../electron/core/vault/index.ts';
import { Random } from '../../fixtures/random.ts';
import type { Row } from '../bench.ts';
import type { RealCloud } from './real-cloud.ts';

const MIB = 1024 * 1024;
export const UPLOAD_ROW = 'upload-resent-mib-per-cut';
/** MiB. */
const GOAL = 2;
export const UPLOAD_SIZES = { bytes: 64 * MIB, fullBytes: 2048 * MIB, cuts: 10, seed: 20_261_121 } as const;

export interface UploadSizes {
  readonly bytes: number;
  readonly cuts: number;
  readonly seed: number;
}

/** Of a cloud: its address, and how a station of its speaks to it through another one (a proxy). */
export interface BenchLine {
  readonly url: string;
  client(address: string): Promise<Pick<CloudClient, 'post' | 'raw'> & { close(): Promise<void> }>;
}

/** The product's own client, signed in. */
export function lineTo(cloud: RealCloud): BenchLine {
  return {
    url: cloud.url,
    async client(address) {
      const { stationId, key } = await cloud.station();
      return createCloudClient({
        address,
        stationId,
        keys: { current: () => key, next: () => null, promote: () => undefined },
        clock: systemClock,
      });
    },
  };
}

/** @throws Error when the file did not arrive as it was, or the line was not cut as often as it should have been */
export async function uploadRow(
  line: BenchLine,
  { bytes, cuts, seed }: UploadSizes,
  print: (line: string) => void,
): Promise<Row> {
  const random = new Random(seed);
  const folder = temporaryFolder();
  // From one cut to the next, so that the last of them comes before the end.
  const gap = (): number => random.between(1, Math.floor((bytes / cuts) * 0.95));
  let left = cuts;
  const proxy = await startCuttingProxy(line.url, () => {
    left -= 1;
    proxy.cutAfter(left > 0 ? gap() : null);
  });
  const client = await line.client(proxy.url);
  const station = await openSendingStation(folder.path, () => proxy.url, {
    cloud: client,
    clock: systemClock,
    concurrency: 1,
  });
  try {
    // What travels with every picture, and is not counted.
    await takePicture(station, 'small', 10_000);
    await station.uploads.drained();
    const before = proxy.passed();
    proxy.cutAfter(gap());
    const started = performance.now();
    const sha256 = await storeLarge(station, bytes);
    await station.uploads.drained();
    const seconds = (performance.now() - started) / 1000;
    if (station.uploads.verifiedAt(sha256) === null) throw new Error('the file was not verified');
    if (proxy.cuts() !== cuts) throw new Error(`${proxy.cuts()} cuts instead of ${cuts}`);
    const resent = proxy.passed() - before - bytes;
    print(
      `${bytes / MIB} MiB, ${cuts} cuts, seed ${seed}; verified after ${seconds.toFixed(1)} s, ${(resent / MIB).toFixed(2)} MiB beyond the file in all`,
    );
    const perCut = Number((resent / MIB / cuts).toPrecision(4));
    return {
      measure: UPLOAD_ROW,
      unit: 'MiB',
      ours: perCut,
      reference: null,
      referenceName: null,
      ratio: null,
      goal: GOAL,
      met: perCut <= GOAL,
    };
  } finally {
    await station.close();
    await client.close();
    await proxy.close();
    folder.remove();
  }
}

/** In place of a visit's picture, which then is in no document any more. @returns its hash */
async function storeLarge({ store, vault }: SendingStation, bytes: number): Promise<string> {
  const { pendingId, grant } = await vault.grantWrite();
  const writer = await createBlobWriter(grant);
  const piece = randomBytes(MIB);
  for (let written = 0; written < bytes; written += piece.length) {
    // No two pieces alike, without drawing all of it.
    piece.writeUInt32BE(written / MIB);
    await writer.write(piece.subarray(0, Math.min(piece.length, bytes - written)));
  }
  const content = { ...(await writer.finish()), mediaType: 'application/octet-stream' };
  const prepared = await vault.prepareCommit(pendingId, content);
  await store.transaction((tx) => {
    const { blobId } = vault.insertRow(prepared);
    const [capture] = tx.find('captures', { limit: 1 });
    if (capture === undefined) throw new Error('no picture to take the place of');
    const { sha256, size } = content;
    tx.put('captures', { ...capture, blobId, sha256, size });
  });
  return content.sha256;
}
