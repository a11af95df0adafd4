/** A station's store and vault with uploads on them, for tests. Time goes fifty times as fast. */
import { randomBytes } from 'node:crypto';
import type { Capture } from '../../../../contract/index.ts';
import { STATION } from '../../../store/testing/documents.ts';
import { openStoredClinic, sessionDraft, storePicture } from '../../../vault/testing/stored-clinic.ts';
import type { StoredClinic } from '../../../vault/testing/stored-clinic.ts';
import type { SyncClock } from '../../clock.ts';
import { systemClock } from '../../clock.ts';
import type { Uploads, UploadsOptions } from '../uploads-api.ts';
import { openUploads } from '../uploads.ts';
import { plainLine } from './plain-line.ts';

const TIMES = 50;

export const quickClock: SyncClock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * TIMES,
  sleep: (ms, signal) => systemClock.sleep(ms / TIMES, signal),
};

export interface SendingStation extends StoredClinic {
  readonly uploads: Uploads;
  /** Uploads first, then the store. */
  close(): Promise<void>;
}

/** @param url of the cloud, asked at each request. */
export async function openSendingStation(
  directory: string,
  url: () => string,
  options: Partial<UploadsOptions> = {},
): Promise<SendingStation> {
  const clinic = await openStoredClinic(directory);
  const uploads = openUploads({
    ...clinic,
    cloud: plainLine(url),
    clock: quickClock,
    random: () => 0.5,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    stationId: STATION,
    ready: async (signal) => signal.throwIfAborted(),
    ...options,
  });
  return {
    ...clinic,
    uploads,
    async close() {
      await uploads.close();
      await clinic.store.close();
    },
  };
}

/** A visit with one picture of so many random bytes, its small picture and its map. */
export async function takePicture(
  clinic: StoredClinic,
  name: string,
  image: number | Buffer = 5000,
  fields: Parameters<typeof sessionDraft>[1] = {},
): Promise<Capture> {
  const session = sessionDraft(name, fields);
  await clinic.store.write('sessions', session);
  return storePicture(clinic, session, 'retina-left', {
    image: typeof image === 'number' ? randomBytes(image) : image,
    thumbnail: Buffer.from(`small ${name}`),
    overlay: Buffer.from(`map ${name}`),
  });
}
