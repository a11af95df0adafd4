import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { CaptureSubject } from '../../electron/contract/index.ts';
import { createPtpCameraDriver } from '../driver/camera-ptp.ts';
import { isFailure, PtpDevice } from '../driver/camera-ptp-device.ts';
import { createTcpTransport } from '../transport/tcp.ts';
import { type CameraSimulator, type CameraSimulatorOptions, startCameraSimulator } from './camera.ts';
import { cameraConfiguration, makePictures, MemorySink } from './camera-testing.ts';

const never = new AbortController().signal;
const running: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const item of running.splice(0).toReversed()) await item.close();
});

async function start(options: Omit<CameraSimulatorOptions, 'port'>): Promise<CameraSimulator> {
  const simulator = await startCameraSimulator({ port: 0, exposureMs: 10, ...options });
  running.push(simulator);
  return simulator;
}

/** Takes pictures as our driver does, telling which. Gives the bytes after the header, which holds the date. */
async function take(simulator: CameraSimulator, subjects: readonly CaptureSubject[]): Promise<Buffer[]> {
  const driver = createPtpCameraDriver(cameraConfiguration('fundus-camera', simulator.port));
  running.push(driver);
  const taken: Buffer[] = [];
  for (const subject of subjects) {
    const sink = new MemorySink();
    const outcome = await driver.capture({ subject }, sink, () => {}, never);
    expect(outcome.kind).toBe('completed');
    taken.push(sink.bytes.subarray(2_048));
  }
  return taken;
}

function subjectsOf(simulator: CameraSimulator): (CaptureSubject | null)[] {
  return simulator.objects().map((object) => object.subject);
}

describe('a simulated camera draws', () => {
  test('the subject it is told, the first right eye soft when asked to', async () => {
    const simulator = await start({ kind: 'fundus-camera', badFirstTry: true, seed: 900 });
    const told = ['retina-right', 'retina-right', 'retina-left', 'retina-left'] as const;
    const [soft, sharp, left, again] = await take(simulator, told);
    expect(subjectsOf(simulator)).toEqual(told);
    expect(soft?.equals(sharp ?? Buffer.alloc(0))).toBe(false);
    expect(left?.equals(again ?? Buffer.alloc(0))).toBe(true);
  });

  test('right soft, right, left, then right and left in turn, for an initiator that does not choose', async () => {
    const simulator = await start({ kind: 'fundus-camera', badFirstTry: true, seed: 900 });
    const connect = (): ReturnType<typeof createTcpTransport> =>
      createTcpTransport({ host: '127.0.0.1', port: simulator.port });
    const device = await PtpDevice.open(connect, { openMs: 1_000, silenceMs: 5_000 }, never);
    if (isFailure(device)) throw new Error(device.detail);
    running.push(device);
    for (let taken = 1; taken <= 5; taken++) {
      expect(await device.release()).toBeNull();
      await vi.waitFor(() => expect(simulator.objects()).toHaveLength(taken), { timeout: 10_000, interval: 20 });
    }
    expect(subjectsOf(simulator)).toEqual([
      'retina-right',
      'retina-right',
      'retina-left',
      'retina-right',
      'retina-left',
    ]);
  });

  test('nothing it cannot see', async () => {
    const simulator = await start({ kind: 'body-camera' });
    const driver = createPtpCameraDriver(cameraConfiguration('body-camera', simulator.port));
    running.push(driver);
    expect(await driver.capture({ subject: 'retina-left' }, new MemorySink(), () => {}, never)).toMatchObject({
      kind: 'refused',
      code: 'DEVICE_REFUSED',
    });
    expect(simulator.shutterCount()).toBe(0);
  });
});

test('a folder of pictures is served over and over', async () => {
  const pictures = await makePictures(2, 0.2);
  try {
    const [first, second, third] = await take(await start({ kind: 'fundus-camera', imagesDirectory: pictures.path }), [
      'retina-right',
      'retina-right',
      'retina-right',
    ]);
    expect(first?.equals(second ?? Buffer.alloc(0))).toBe(false);
    expect(first?.equals(third ?? Buffer.alloc(0))).toBe(true);
  } finally {
    await pictures.remove();
  }
});

test('a folder without pictures is refused at the start', async () => {
  const empty = await mkdtemp(join(tmpdir(), 'vantage-empty-'));
  try {
    await expect(start({ kind: 'body-camera', imagesDirectory: empty })).rejects.toThrow('there is no JPEG');
  } finally {
    await rm(empty, { recursive: true });
  }
});
