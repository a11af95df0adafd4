import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { VantageError } from '../../electron/contract/index.ts';
import { type CameraSimulator, type CameraSimulatorOptions, startCameraSimulator } from '../simulator/camera.ts';
import { cameraConfiguration, makePictures, MemorySink, type PictureFolder } from '../simulator/camera-testing.ts';
import { createRandom } from '../simulator/scenes/random.ts';
import { createPtpCameraDriver, type PtpCameraOptions } from './camera-ptp.ts';
import type { CameraDriver, CaptureProgress } from './driver.ts';

const FRONT = { subject: 'body-front' } as const;
const FAST: PtpCameraOptions = { silenceMs: 400, openTimeoutMs: 1_000, captureWaitMs: 6_000, settleMs: 1_500 };
const never = new AbortController().signal;
const quiet = (): void => {};

let pictures: PictureFolder;
const running: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  pictures = await makePictures(3, 2.6);
});
afterAll(() => pictures.remove());
afterEach(async () => {
  for (const item of running.splice(0).toReversed()) await item.close();
});

async function camera(options: Partial<CameraSimulatorOptions> = {}): Promise<CameraSimulator> {
  const simulator = await startCameraSimulator({
    port: 0,
    kind: 'body-camera',
    exposureMs: 30,
    imagesDirectory: pictures.path,
    ...options,
  });
  running.push(simulator);
  return simulator;
}

function driverFor(simulator: CameraSimulator, options: PtpCameraOptions = {}): CameraDriver {
  const driver = createPtpCameraDriver(cameraConfiguration('body-camera', simulator.port), { ...FAST, ...options });
  running.push(driver);
  return driver;
}

function picture(index: number): Promise<Buffer> {
  return readFile(join(pictures.path, pictures.names[index % pictures.names.length] ?? ''));
}

describe.each(['plain', 'minimal', 'eos', 'eos-r'] as const)('a %s camera', (dialect) => {
  test('takes pictures that arrive byte for byte, and forgets them when told to', async () => {
    const simulator = await camera({ dialect });
    const driver = driverFor(simulator);
    expect(await driver.identify(never)).toMatchObject({ kind: 'completed', value: { serial: simulator.serial } });
    expect(await driver.lastToken(never)).toEqual({ kind: 'completed', value: { token: null } });
    for (let turn = 0; turn < 2; turn++) {
      const sink = new MemorySink();
      const phases: CaptureProgress[] = [];
      const outcome = await driver.capture(FRONT, sink, (progress) => phases.push(progress), never);
      if (outcome.kind !== 'completed') throw new Error(JSON.stringify(outcome));
      const expected = await picture(turn);
      expect(sink.bytes.equals(expected)).toBe(true);
      expect(outcome.value).toMatchObject({ mediaType: 'image/jpeg', size: expected.byteLength });
      expect(phases.map((progress) => progress.phase).slice(0, 3)).toEqual(['triggered', 'exposed', 'receiving']);
      expect(phases.at(-1)).toMatchObject({ received: expected.byteLength, total: expected.byteLength });
      expect(await driver.lastToken(never)).toEqual({ kind: 'completed', value: { token: outcome.value.token } });
      expect(await driver.release(outcome.value.token, never)).toEqual({ kind: 'completed', value: { removed: true } });
      expect(await driver.release(outcome.value.token, never)).toEqual({
        kind: 'completed',
        value: { removed: false },
      });
    }
    expect(simulator.shutterCount()).toBe(2);
    expect(simulator.objects()).toEqual([]);
  });

  test('after a lost reply the picture is fetched, not taken again', async () => {
    const releases = {
      plain: { selector: 'InitiateCapture' },
      minimal: { selector: 'InitiateCapture' },
      eos: { selector: 'EosRemoteRelease' },
      // The second: the first only presses half.
      'eos-r': { selector: 'EosRemoteReleaseOn', skip: 1 },
    } as const;
    const simulator = await camera({ dialect, faults: [{ ...releases[dialect], action: 'drop' }] });
    const driver = driverFor(simulator);
    const since = await driver.lastToken(never);
    const lost = await driver.capture(FRONT, new MemorySink(), quiet, never);
    expect(lost).toMatchObject({ kind: 'ambiguous', code: 'CAMERA_REPLY_LOST' });
    const sink = new MemorySink();
    const found = await driver.recover(since.kind === 'completed' ? since.value.token : null, sink, quiet, never);
    expect(found).toMatchObject({ kind: 'completed', value: { filename: 'VTG_0001.JPG' } });
    expect(sink.bytes.equals(await picture(0))).toBe(true);
    expect(simulator.shutterCount()).toBe(1);
  });

  test('a connection that breaks in a download is taken up where it broke', async () => {
    const reads = { plain: 'GetPartialObject', minimal: 'GetObject', eos: 'EosGetPartialObject' } as const;
    const read = reads[dialect === 'eos-r' ? 'eos' : dialect];
    const simulator = await camera({ dialect, faults: [{ selector: read, action: 'unplug', atByte: 1_400_000 }] });
    const driver = driverFor(simulator);
    const sink = new MemorySink();
    const back = simulator.unplugged().then(() => simulator.plugIn());
    const outcome = await driver.capture(FRONT, sink, quiet, never);
    await back;
    expect(outcome).toMatchObject({ kind: 'completed' });
    expect(sink.bytes.equals(await picture(0))).toBe(true);
    expect(simulator.shutterCount()).toBe(1);
  });
});

describe('a camera that vanishes', () => {
  test.each([1, 2, 3, 4, 5, 6])(
    'at a random byte of a download (seed %i): nothing hangs, recover has the picture',
    async (seed) => {
      const size = (await picture(0)).byteLength;
      const atByte = Math.floor(createRandom(seed)() * size);
      const simulator = await camera({ faults: [{ selector: 'GetPartialObject', action: 'unplug', atByte }] });
      const driver = driverFor(simulator);
      const sink = new MemorySink();
      const outcome = await driver.capture(FRONT, sink, quiet, never);
      expect(outcome).toMatchObject({ kind: 'ambiguous', code: 'DEVICE_LOST' });
      expect(sink).toMatchObject({ finished: false, aborted: false });
      expect((await driver.closed).kind).not.toBe('closed');
      // A driver whose camera went away stays gone; the supervisor makes a new one.
      expect(await driver.health(never)).toMatchObject({ kind: 'broken', code: 'DEVICE_LOST' });
      await simulator.plugIn();
      const again = driverFor(simulator);
      const second = new MemorySink();
      expect(await again.recover(null, second, quiet, never)).toMatchObject({ kind: 'completed', value: { size } });
      expect(second.bytes.equals(await picture(0))).toBe(true);
      expect(simulator.shutterCount()).toBe(1);
    },
  );

  test('when the shutter is released: the picture is on its card when it comes back', async () => {
    const simulator = await camera({ faults: [{ selector: 'InitiateCapture', action: 'unplug' }] });
    const outcome = await driverFor(simulator).capture(FRONT, new MemorySink(), quiet, never);
    expect(outcome).toMatchObject({ kind: 'ambiguous', code: 'CAMERA_REPLY_LOST' });
    await simulator.plugIn();
    const sink = new MemorySink();
    expect(await driverFor(simulator).recover(null, sink, quiet, never)).toMatchObject({ kind: 'completed' });
    expect(sink.bytes.equals(await picture(0))).toBe(true);
    expect(simulator.shutterCount()).toBe(1);
  });

  test('before it is asked: absent, nothing taken', async () => {
    const simulator = await camera();
    const driver = driverFor(simulator);
    simulator.unplug();
    expect(await driver.capture(FRONT, new MemorySink(), quiet, never)).toMatchObject({
      kind: 'broken',
      code: 'DEVICE_ABSENT',
    });
    expect(simulator.shutterCount()).toBe(0);
  });
});

describe('a camera that lies', () => {
  test('a torn piece is asked for again', async () => {
    const simulator = await camera({
      faults: [{ selector: 'GetPartialObject', action: 'truncate', atByte: 1_100_000, count: 2 }],
    });
    const sink = new MemorySink();
    expect(await driverFor(simulator).capture(FRONT, sink, quiet, never)).toMatchObject({ kind: 'completed' });
    expect(sink.bytes.equals(await picture(0))).toBe(true);
  });

  test('a piece that is torn each time ends as garbled, with the sink left to the caller', async () => {
    const simulator = await camera({
      faults: [{ selector: 'GetPartialObject', action: 'truncate', atByte: 1_100_000, count: 9 }],
    });
    const sink = new MemorySink();
    expect(await driverFor(simulator).capture(FRONT, sink, quiet, never)).toMatchObject({
      kind: 'ambiguous',
      code: 'DEVICE_GARBLED',
    });
    expect(sink).toMatchObject({ finished: false, aborted: false });
  });

  test('answers with a wrong transaction id are dropped and counted', async () => {
    const simulator = await camera({ faults: [{ selector: 'GetPartialObject', action: 'wrongId' }] });
    const driver = driverFor(simulator);
    const sink = new MemorySink();
    expect(await driver.capture(FRONT, sink, quiet, never)).toMatchObject({ kind: 'completed' });
    expect(sink.bytes.equals(await picture(0))).toBe(true);
    const health = await driver.health(never);
    expect(
      health.kind === 'completed' && Number.parseInt(health.value.detail.slice('answers; '.length), 10),
    ).toBeGreaterThan(1);
  });

  test('a wrong id on the answer to the shutter is a lost reply', async () => {
    const simulator = await camera({ faults: [{ selector: 'InitiateCapture', action: 'wrongId' }] });
    const driver = driverFor(simulator);
    expect(await driver.capture(FRONT, new MemorySink(), quiet, never)).toMatchObject({
      kind: 'ambiguous',
      code: 'CAMERA_REPLY_LOST',
    });
    expect(await driver.recover(null, new MemorySink(), quiet, never)).toMatchObject({ kind: 'completed' });
    expect(simulator.shutterCount()).toBe(1);
  });

  test('events and answers that come twice make one picture', async () => {
    const simulator = await camera({
      faults: [
        { selector: 'event:ObjectAdded', action: 'duplicate' },
        { selector: 'event:CaptureComplete', action: 'duplicate' },
        { selector: 'GetObjectInfo', action: 'duplicate' },
        { selector: 'InitiateCapture', action: 'duplicate' },
      ],
    });
    const driver = driverFor(simulator);
    for (const turn of [0, 1]) {
      const sink = new MemorySink();
      expect(await driver.capture(FRONT, sink, quiet, never)).toMatchObject({ kind: 'completed' });
      expect(sink.bytes.equals(await picture(turn))).toBe(true);
    }
    expect(simulator.shutterCount()).toBe(2);
  });

  test('events that never come are not needed', async () => {
    const simulator = await camera({
      faults: [
        { selector: 'event:ObjectAdded', action: 'drop' },
        { selector: 'event:CaptureComplete', action: 'drop' },
      ],
    });
    const sink = new MemorySink();
    expect(await driverFor(simulator).capture(FRONT, sink, quiet, never)).toMatchObject({ kind: 'completed' });
    expect(sink.bytes.equals(await picture(0))).toBe(true);
  });

  test('a stream without framing ends the connection with its evidence', async () => {
    const simulator = await camera({ faults: [{ selector: 'InitiateCapture', action: 'corrupt' }] });
    const driver = driverFor(simulator);
    const outcome = await driver.capture(FRONT, new MemorySink(), quiet, never);
    expect(outcome).toMatchObject({ kind: 'ambiguous', code: 'CAMERA_REPLY_LOST' });
    expect(await driver.closed).toMatchObject({ kind: 'failed', errorCode: 'GARBLED' });
  });

  test('damaged DeviceInfo is garbled, not believed', async () => {
    const simulator = await camera({ faults: [{ selector: 'GetDeviceInfo', action: 'truncate', atByte: 20 }] });
    expect(await driverFor(simulator).identify(never)).toMatchObject({ kind: 'broken', code: 'DEVICE_GARBLED' });
  });
});

describe('a camera that says no', () => {
  test('busy: nothing happened, asking again works', async () => {
    const simulator = await camera({ faults: [{ selector: 'InitiateCapture', action: 'busy' }] });
    const driver = driverFor(simulator);
    expect(await driver.capture(FRONT, new MemorySink(), quiet, never)).toMatchObject({
      kind: 'retryable',
      code: 'DEVICE_BUSY',
    });
    expect(simulator.shutterCount()).toBe(0);
    expect(await driver.capture(FRONT, new MemorySink(), quiet, never)).toMatchObject({ kind: 'completed' });
  });

  test('busy in a download is waited out', async () => {
    const simulator = await camera({ faults: [{ selector: 'GetPartialObject', action: 'busy', count: 2 }] });
    expect(await driverFor(simulator).capture(FRONT, new MemorySink(), quiet, never)).toMatchObject({
      kind: 'completed',
    });
  });

  test('card full, card missing', async () => {
    const simulator = await camera();
    const driver = driverFor(simulator);
    simulator.setCardFull(true);
    expect(await driver.capture(FRONT, new MemorySink(), quiet, never)).toMatchObject({
      kind: 'refused',
      code: 'CAMERA_CARD_FULL',
    });
    simulator.setCardPresent(false);
    expect(await driver.capture(FRONT, new MemorySink(), quiet, never)).toMatchObject({
      kind: 'refused',
      code: 'CAMERA_CARD_UNUSABLE',
    });
    expect(simulator.shutterCount()).toBe(0);
  });

  test('taken by somebody else: busy', async () => {
    const simulator = await camera();
    await driverFor(simulator).identify(never);
    expect(await driverFor(simulator).identify(never)).toMatchObject({ kind: 'retryable', code: 'DEVICE_BUSY' });
  });

  test('a new initiator is welcome when the last one has gone', async () => {
    const simulator = await camera();
    for (let turn = 0; turn < 3; turn++) {
      const driver = createPtpCameraDriver(cameraConfiguration('body-camera', simulator.port), FAST);
      expect(await driver.identify(never)).toMatchObject({ kind: 'completed' });
      await driver.close();
    }
  });
});

describe('a camera that stalls', () => {
  test('in the middle of a download: silence is an outcome', async () => {
    const simulator = await camera({ faults: [{ selector: 'GetPartialObject', skip: 1, action: 'stall' }] });
    const outcome = await driverFor(simulator, { silenceMs: 150 }).capture(FRONT, new MemorySink(), quiet, never);
    expect(outcome).toMatchObject({ kind: 'ambiguous', code: 'DEVICE_SILENT' });
  });

  test('while connecting: silence is an outcome', async () => {
    const simulator = await camera({ faults: [{ selector: 'OpenSession', action: 'stall' }] });
    expect(await driverFor(simulator, { silenceMs: 150 }).identify(never)).toMatchObject({
      kind: 'broken',
      code: 'DEVICE_SILENT',
    });
  });

  test('closing does not wait for it', async () => {
    const simulator = await camera({ faults: [{ selector: 'GetStorageIDs', action: 'stall' }] });
    const driver = driverFor(simulator, { silenceMs: 60_000 });
    await driver.identify(never);
    const asked = driver.health(never);
    await driver.close();
    expect(await asked).toMatchObject({ kind: 'broken' });
  });
});

describe('recover', () => {
  test('says null only when no picture was taken', async () => {
    const driver = driverFor(await camera());
    expect(await driver.recover(null, new MemorySink(), quiet, never)).toEqual({ kind: 'completed', value: null });
  });

  test('waits for a picture that is still on its way to the card', async () => {
    const simulator = await camera({ exposureMs: 900, faults: [{ selector: 'InitiateCapture', action: 'drop' }] });
    const driver = driverFor(simulator, { silenceMs: 100 });
    await driver.capture(FRONT, new MemorySink(), quiet, never);
    expect(simulator.objects()).toEqual([]);
    expect(await driver.recover(null, new MemorySink(), quiet, never)).toMatchObject({
      kind: 'completed',
      value: { filename: 'VTG_0001.JPG' },
    });
  });

  test('takes the oldest picture that is newer than the token, never an older one', async () => {
    let second = 0;
    const simulator = await camera({ now: () => new Date(Date.UTC(2026, 10, 21, 10, 0, second++)) });
    const driver = driverFor(simulator);
    const tokens: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const outcome = await driver.capture(FRONT, new MemorySink(), quiet, never);
      if (outcome.kind === 'completed') tokens.push(outcome.value.token);
    }
    const next = await driver.recover(tokens[0] ?? null, new MemorySink(), quiet, never);
    expect(next).toMatchObject({ kind: 'completed', value: { token: tokens[1] } });
    const none = await driver.recover(tokens[2] ?? null, new MemorySink(), quiet, never);
    expect(none).toEqual({ kind: 'completed', value: null });
    expect(await driver.recover('not-a-token', new MemorySink(), quiet, never)).toMatchObject({ kind: 'refused' });
  });
});

test('a disk that refuses is named, and the picture stays on the camera', async () => {
  const simulator = await camera();
  const driver = driverFor(simulator);
  const full = new MemorySink({ atByte: 1_500_000, error: new VantageError('DISK_FULL') });
  expect(await driver.capture(FRONT, full, quiet, never)).toMatchObject({ kind: 'ambiguous', code: 'DISK_FULL' });
  const sink = new MemorySink();
  expect(await driver.recover(null, sink, quiet, never)).toMatchObject({ kind: 'completed' });
  expect(sink.bytes.equals(await picture(0))).toBe(true);
  expect(simulator.shutterCount()).toBe(1);
});

test('stopping before the shutter takes nothing; after it, it is ambiguous', async () => {
  const simulator = await camera({ exposureMs: 600 });
  const driver = driverFor(simulator);
  await driver.identify(never);
  expect(await driver.capture(FRONT, new MemorySink(), quiet, AbortSignal.abort())).toMatchObject({
    kind: 'retryable',
    code: 'CANCELLED',
  });
  expect(simulator.shutterCount()).toBe(0);
  const stop = new AbortController();
  const outcome = await driver.capture(
    FRONT,
    new MemorySink(),
    (progress) => (progress.phase === 'triggered' ? stop.abort() : undefined),
    stop.signal,
  );
  expect(outcome).toMatchObject({ kind: 'ambiguous', code: 'CANCELLED' });
  expect(simulator.shutterCount()).toBe(1);
});
