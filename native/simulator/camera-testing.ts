/** What the camera's tests share: pictures to serve, a sink that keeps what it gets. Used by tests only. */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { DeviceConfiguration } from '../../electron/contract/index.ts';
import type { CaptureSink } from '../driver/driver.ts';
import { createGrain } from './scenes/random.ts';

export interface PictureFolder {
  readonly path: string;
  readonly names: readonly string[];
  remove(): Promise<void>;
}

/** A folder of grainy JPEGs of about `megabytes` each, so that a download takes several pieces. */
export async function makePictures(count: number, megabytes: number): Promise<PictureFolder> {
  const path = await mkdtemp(join(tmpdir(), 'vantage-pictures-'));
  const names: string[] = [];
  for (let index = 0; index < count; index++) {
    const size = Math.round(Math.sqrt(megabytes * 1_150_000));
    const name = `picture-${index}.jpg`;
    await sharp(createGrain(index + 1, size, 60), { raw: { width: size, height: size, channels: 3 } })
      .jpeg({ quality: 92 })
      .toFile(join(path, name));
    names.push(name);
  }
  return { path, names, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Keeps what is written. `failAtByte`: throws as a full disk does. */
export class MemorySink implements CaptureSink {
  readonly chunks: Uint8Array[] = [];
  aborted = false;
  finished = false;
  private readonly failure: { readonly atByte: number; readonly error: Error } | null;

  constructor(failure: { readonly atByte: number; readonly error: Error } | null = null) {
    this.failure = failure;
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  write(chunk: Uint8Array): Promise<void> {
    if (this.failure !== null && this.bytes.byteLength + chunk.byteLength > this.failure.atByte) {
      return Promise.reject(this.failure.error);
    }
    this.chunks.push(chunk);
    return Promise.resolve();
  }

  finish(): Promise<{ sha256: string; size: number }> {
    this.finished = true;
    return Promise.resolve({
      sha256: createHash('sha256').update(this.bytes).digest('hex'),
      size: this.bytes.byteLength,
    });
  }

  abort(): Promise<void> {
    this.aborted = true;
    this.chunks.length = 0;
    return Promise.resolve();
  }
}

export function cameraConfiguration(kind: 'body-camera' | 'fundus-camera', port: number): DeviceConfiguration {
  return {
    deviceId: randomUUID(),
    kind,
    name: 'Camera',
    room: '',
    model: 'vantage-simulated-camera',
    address: { type: 'ptpip', host: '127.0.0.1', port },
    simulated: true,
  };
}
