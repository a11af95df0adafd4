import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type DeviceConfiguration,
  type DeviceState,
  type DeviceStatus,
  VantageError,
} from '../../electron/contract/index.ts';
import { openPtyPair, PTY_UNAVAILABLE } from '../../test/fixtures/pty.ts';
import type { CaptureSink } from '../driver/driver.ts';
import type { DeviceLog } from '../driver/outcome.ts';
import { startCameraSimulator } from '../simulator/camera.ts';
import { type ScaleSettings, type ScaleSimulator, startScaleSimulator } from '../simulator/scale.ts';
import type { SupervisorLimits } from './device-supervisor.ts';
import type { CaptureEvent, DevicesApi } from './devices-api.ts';
import { createDevices } from './devices.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const LIMITS: Partial<SupervisorLimits> = {
  backoffFirstMs: 30,
  backoffMostMs: 100,
  heartbeatMs: 100,
  readyWaitMs: 2000,
  shortLifeMs: 0,
};

/** Keeps what a sink was given, as the vault would. */
class MemorySink implements CaptureSink {
  bytes: Buffer[] = [];
  state: 'open' | 'finished' | 'aborted' = 'open';

  async write(chunk: Uint8Array): Promise<void> {
    this.bytes.push(Buffer.from(chunk));
  }

  async finish(): Promise<{ sha256: string; size: number }> {
    this.state = 'finished';
    const all = Buffer.concat(this.bytes);
    return { sha256: createHash('sha256').update(all).digest('hex'), size: all.length };
  }

  async abort(): Promise<void> {
    this.state = 'aborted';
  }
}

interface Station {
  readonly devices: DevicesApi & { close(): Promise<void> };
  readonly sinks: MemorySink[];
  /** State changes of all devices, `deviceId:state`. */
  readonly states: string[];
}

function station(limits: Partial<SupervisorLimits> = {}, openSink?: () => Promise<CaptureSink>): Station {
  const sinks: MemorySink[] = [];
  const states: string[] = [];
  const note = (fields: object): void => {
    const { deviceId, to } = fields as { deviceId?: string; to?: string };
    if (to !== undefined) states.push(`${deviceId}:${to}`);
  };
  const log: DeviceLog = { debug: note, info: note, warn: note, error: note };
  const devices = createDevices({
    log,
    limits: { ...LIMITS, ...limits },
    openSink:
      openSink ??
      (async () => {
        const sink = new MemorySink();
        sinks.push(sink);
        return sink;
      }),
  });
  cleanups.push(() => devices.close());
  return { devices, sinks, states };
}

async function scaleSimulator(settings: ScaleSettings = {}): Promise<ScaleSimulator> {
  const scale = await startScaleSimulator({ port: 0, seed: 3, person: 'manual', ...settings });
  cleanups.push(() => scale.close());
  return scale;
}

function scaleAt(port: number, more: Partial<DeviceConfiguration> = {}): DeviceConfiguration {
  return {
    deviceId: randomUUID(),
    kind: 'scale',
    name: 'Scale',
    room: 'Room 1',
    model: 'vantage-sim-scale',
    address: { type: 'tcp', host: '127.0.0.1', port },
    simulated: true,
    ...more,
  };
}

function cameraAt(port: number): DeviceConfiguration {
  return {
    ...scaleAt(0),
    kind: 'body-camera',
    name: 'Body camera',
    model: 'vantage-sim-camera',
    address: { type: 'ptpip', host: '127.0.0.1', port },
  };
}

/** Waits until the device is in that state. */
async function until(devices: DevicesApi, deviceId: string, state: DeviceState): Promise<DeviceStatus> {
  for await (const statuses of await devices.watch({ signal: AbortSignal.timeout(15_000) })) {
    const status = statuses.find((each) => each.deviceId === deviceId);
    if (status?.state === state) return status;
  }
  throw new Error(`the device never became ${state}`);
}

/** Reads `count` samples, fewer when the stream ends. */
async function read(devices: DevicesApi, deviceId: string, count: number): Promise<number> {
  let seen = 0;
  for await (const sample of await devices.watchReadings({ deviceId })) {
    expect(sample.deviceId).toBe(deviceId);
    seen += 1;
    if (seen === count) break;
  }
  return seen;
}

async function collect(events: AsyncIterable<CaptureEvent>): Promise<CaptureEvent[]> {
  const all: CaptureEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const GRANT = { path: '/nowhere', key: '' };

describe.concurrent('devices of a station', () => {
  it('goes through its states to ready, with the identity that the device reports', async () => {
    const scale = await scaleSimulator({ serial: 'VS-9' });
    const { devices, states } = station();
    const device = scaleAt(scale.port);
    await devices.configure({ devices: [device] });
    const status = await until(devices, device.deviceId, 'ready');
    expect(status).toMatchObject({ identity: { serial: 'VS-9', divisionKg: 0.05 }, problem: null, generation: 0 });
    expect(states).toEqual(
      ['detected', 'claiming', 'identifying', 'ready'].map((state) => `${device.deviceId}:${state}`),
    );
  });

  it('has a ready scale although another device is absent', async () => {
    const scale = await scaleSimulator();
    const { devices } = station();
    const here = scaleAt(scale.port);
    const gone = cameraAt(1);
    await devices.configure({ devices: [gone, here] });
    await until(devices, here.deviceId, 'ready');
    expect(await until(devices, gone.deviceId, 'absent')).toMatchObject({ problem: { code: 'DEVICE_ABSENT' } });
    expect(await devices.lastToken({ deviceId: gone.deviceId })).toMatchObject({
      kind: 'retryable',
      code: 'DEVICE_ABSENT',
    });
    scale.stepOn(72.4);
    expect(await devices.weigh({ deviceId: here.deviceId })).toMatchObject({ kind: 'completed' });
  });

  it('lets a call wait for a device that is just being found', async () => {
    const scale = await scaleSimulator();
    scale.stepOn(60);
    const { devices } = station();
    const device = scaleAt(scale.port);
    await devices.configure({ devices: [device] });
    expect(await devices.weigh({ deviceId: device.deviceId })).toMatchObject({ kind: 'completed' });
  });

  it('ends streams and work on unplug, and is ready again, one generation later, after a re-plug', async () => {
    const scale = await scaleSimulator();
    const { devices } = station();
    const device = scaleAt(scale.port);
    const { deviceId } = device;
    await devices.configure({ devices: [device] });
    await until(devices, deviceId, 'ready');
    const streaming = read(devices, deviceId, 1_000_000);
    const weighing = devices.weigh({ deviceId });
    expect(await read(devices, deviceId, 3)).toBe(3);
    scale.unplug();
    expect(await streaming).toBeLessThan(100);
    expect(await weighing).toMatchObject({ kind: 'broken', code: 'DEVICE_LOST' });
    expect(await until(devices, deviceId, 'absent')).toMatchObject({ generation: 1, identity: null });
    await scale.plugIn();
    expect(await until(devices, deviceId, 'ready')).toMatchObject({ generation: 1 });
    expect(await read(devices, deviceId, 3)).toBe(3);
  });

  it('serves two listeners by one stream, which stops after the last of them', async () => {
    const scale = await scaleSimulator();
    const { devices } = station();
    const device = scaleAt(scale.port);
    await devices.configure({ devices: [device] });
    const { deviceId } = device;
    await until(devices, deviceId, 'ready');
    expect(await Promise.all([read(devices, deviceId, 5), read(devices, deviceId, 8)])).toEqual([5, 8]);
    await expect.poll(() => scale.streams()).toBe(0);
  });

  it('refuses another device than the expected one, and takes the right one when it is there', async () => {
    const scale = await scaleSimulator({ serial: 'WRONG' });
    const { devices } = station();
    const device = scaleAt(scale.port, { expectedSerial: 'RIGHT' });
    await devices.configure({ devices: [device] });
    expect(await until(devices, device.deviceId, 'faulted')).toMatchObject({ problem: { code: 'DEVICE_WRONG' } });
    scale.setSerial('RIGHT');
    expect(await until(devices, device.deviceId, 'ready')).toMatchObject({ identity: { serial: 'RIGHT' } });
  });

  it('notices that a device was exchanged on a line that never broke', async () => {
    const scale = await scaleSimulator({ serial: 'RIGHT' });
    const { devices } = station();
    const device = scaleAt(scale.port, { expectedSerial: 'RIGHT' });
    await devices.configure({ devices: [device] });
    await until(devices, device.deviceId, 'ready');
    scale.setSerial('OTHER');
    expect(await until(devices, device.deviceId, 'faulted')).toMatchObject({ problem: { code: 'DEVICE_WRONG' } });
  });

  it('sets a device aside that keeps falling silent, and tries it again when told to', async () => {
    const scale = await scaleSimulator({ faults: [{ selector: 'I4', count: 3, action: 'stall' }] });
    const { devices, states } = station({ strikes: 3 });
    const device = scaleAt(scale.port);
    const { deviceId } = device;
    await devices.configure({ devices: [device] });
    expect(await until(devices, deviceId, 'quarantined')).toMatchObject({ problem: { code: 'DEVICE_QUARANTINED' } });
    expect(states.filter((state) => state.endsWith(':ready'))).toHaveLength(3);
    expect(await devices.weigh({ deviceId })).toMatchObject({ kind: 'refused', code: 'DEVICE_QUARANTINED' });
    await devices.reinstate({ deviceId });
    await until(devices, deviceId, 'ready');
    expect(states.slice(-2)).toEqual([`${deviceId}:recovering`, `${deviceId}:ready`]);
  });

  it('sets a device aside that leaves at once, again and again', async () => {
    const scale = await scaleSimulator({ faults: [{ selector: 'I4', count: 100, action: 'unplug', atByte: 0 }] });
    const { devices } = station({ strikes: 3, shortLifeMs: 5000 });
    const device = scaleAt(scale.port);
    await devices.configure({ devices: [device] });
    const stop = new AbortController();
    const replug = async (): Promise<void> => {
      await scale.unplugged();
      if (stop.signal.aborted) return;
      await scale.plugIn();
      await replug();
    };
    const replugging = replug();
    expect(await until(devices, device.deviceId, 'quarantined')).toMatchObject({ generation: 3 });
    stop.abort();
    scale.unplug();
    await replugging;
  });

  it('does not hold a switched-off device against it', async () => {
    const scale = await scaleSimulator({ faults: [{ selector: '@', count: 2, action: 'stall' }] });
    const { devices, states } = station({ strikes: 1 });
    const device = scaleAt(scale.port);
    await devices.configure({ devices: [device] });
    expect(await until(devices, device.deviceId, 'faulted')).toMatchObject({ problem: { code: 'DEVICE_SILENT' } });
    await until(devices, device.deviceId, 'ready');
    expect(states.some((state) => state.endsWith('quarantined'))).toBe(false);
  });

  it('keeps unchanged devices connected and lets go of removed ones', async () => {
    const [first, second] = await Promise.all([scaleSimulator(), scaleSimulator()]);
    const { devices, states } = station();
    const a = scaleAt(first.port);
    const b = scaleAt(second.port);
    await devices.configure({ devices: [a, b] });
    await until(devices, a.deviceId, 'ready');
    await until(devices, b.deviceId, 'ready');
    await devices.configure({ devices: [{ ...a, name: 'Scale' }] });
    for await (const statuses of await devices.watch()) {
      expect(statuses.map((status) => [status.deviceId, status.state])).toEqual([[a.deviceId, 'ready']]);
      break;
    }
    expect(states.filter((state) => state === `${a.deviceId}:ready`)).toHaveLength(1);
    await devices.configure({ devices: [{ ...a, address: { type: 'tcp', host: '127.0.0.1', port: second.port } }] });
    await until(devices, a.deviceId, 'ready');
    expect(states.filter((state) => state === `${a.deviceId}:ready`)).toHaveLength(2);
  });

  it('says so when the registry does not know how to speak to a device', async () => {
    const { devices } = station();
    const device = scaleAt(1, { model: 'abacus' });
    await devices.configure({ devices: [device] });
    expect(await until(devices, device.deviceId, 'faulted')).toMatchObject({ problem: { code: 'DEVICE_UNSUPPORTED' } });
  });

  it('answers for devices and kinds that are not there', async () => {
    const scale = await scaleSimulator();
    const { devices } = station();
    const device = scaleAt(scale.port);
    await devices.configure({ devices: [device] });
    expect(await devices.weigh({ deviceId: randomUUID() })).toMatchObject({ kind: 'refused', code: 'NOT_FOUND' });
    expect(await devices.lastToken({ deviceId: device.deviceId })).toMatchObject({
      kind: 'refused',
      code: 'NOT_FOUND',
    });
    await expect(devices.watchReadings({ deviceId: randomUUID() })).rejects.toBeInstanceOf(VantageError);
  });

  it('lets a reader leave a stream that is waiting', async () => {
    const { devices } = station();
    await devices.configure({ devices: [] });
    const statuses = (await devices.watch())[Symbol.asyncIterator]();
    expect((await statuses.next()).value).toEqual([]);
    const waiting = statuses.next();
    await statuses.return?.();
    expect((await waiting).done).toBe(true);
  });

  it('streams a capture into its sink: progress, then exactly one outcome', async () => {
    const camera = await startCameraSimulator({ port: 0, kind: 'body-camera', seed: 3, exposureMs: 20 });
    cleanups.push(() => camera.close());
    const { devices, sinks } = station();
    const device = cameraAt(camera.port);
    const { deviceId } = device;
    await devices.configure({ devices: [device] });
    const events = await collect(
      await devices.capture({ deviceId, settings: { subject: 'body-front' }, grant: GRANT }),
    );
    const outcome = events.at(-1);
    expect(events.slice(0, -1).map((event) => event.type)).toEqual(events.slice(1).map(() => 'progress'));
    const size = Buffer.concat(sinks[0]?.bytes ?? []).length;
    expect(outcome).toMatchObject({
      type: 'outcome',
      outcome: { kind: 'completed', value: { size, mediaType: 'image/jpeg' } },
    });
    expect(sinks.map((sink) => sink.state)).toEqual(['finished']);
    expect(camera.shutterCount()).toBe(1);
    await until(devices, deviceId, 'ready');
    const token =
      outcome?.type === 'outcome' && outcome.outcome.kind === 'completed' ? outcome.outcome.value?.token : '';
    expect(await devices.release({ deviceId, token: token ?? '' })).toMatchObject({ value: { removed: true } });
  });

  it('recovers the picture of a camera that vanished under the download, with one release of the shutter', async () => {
    const camera = await startCameraSimulator({
      port: 0,
      kind: 'body-camera',
      seed: 3,
      exposureMs: 20,
      faults: [{ selector: 'GetPartialObject', action: 'unplug', atByte: 100_000 }],
    });
    cleanups.push(() => camera.close());
    const { devices, sinks } = station();
    const device = cameraAt(camera.port);
    const { deviceId } = device;
    await devices.configure({ devices: [device] });
    const before = await devices.lastToken({ deviceId });
    const since = before.kind === 'completed' ? before.value.token : null;
    const events = await collect(
      await devices.capture({ deviceId, settings: { subject: 'body-front' }, grant: GRANT }),
    );
    expect(events.at(-1)).toMatchObject({ type: 'outcome', outcome: { kind: 'ambiguous' } });
    expect(sinks.map((sink) => sink.state)).toEqual(['aborted']);
    await until(devices, deviceId, 'absent');
    await camera.plugIn();
    await until(devices, deviceId, 'ready');
    const again = await collect(await devices.recover({ deviceId, since, grant: GRANT }));
    expect(again.at(-1)).toMatchObject({ type: 'outcome', outcome: { kind: 'completed' } });
    expect(sinks.map((sink) => sink.state)).toEqual(['aborted', 'finished']);
    expect(camera.shutterCount()).toBe(1);
  });

  it('does not release the shutter when there is no room for the picture', async () => {
    const camera = await startCameraSimulator({ port: 0, kind: 'body-camera', seed: 3, exposureMs: 20 });
    cleanups.push(() => camera.close());
    const { devices } = station({}, () => Promise.reject(new VantageError('DISK_FULL')));
    const device = cameraAt(camera.port);
    await devices.configure({ devices: [device] });
    const events = await collect(
      await devices.capture({ deviceId: device.deviceId, settings: { subject: 'body-front' }, grant: GRANT }),
    );
    expect(events).toMatchObject([{ type: 'outcome', outcome: { kind: 'refused', code: 'DISK_FULL' } }]);
    expect(camera.shutterCount()).toBe(0);
  });
});

describe.skipIf(PTY_UNAVAILABLE !== null)('a scale on a pseudo-terminal (Linux only)', () => {
  it('comes back by itself after the cable was pulled and put in again', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'vantage-pty-'));
    cleanups.push(() => rm(directory, { recursive: true }));
    const links = { a: join(directory, 'scale'), b: join(directory, 'station') };
    const { devices } = station();
    const device = scaleAt(0, { address: { type: 'serial', path: links.b, baudRate: 9600 } });
    const { deviceId } = device;
    await devices.configure({ devices: [device] });
    expect(await until(devices, deviceId, 'absent')).toMatchObject({ deviceId });
    for (const round of [0, 1]) {
      const pair = await openPtyPair(links);
      const scale = await startScaleSimulator({ path: links.a, seed: 3, stepOnAfterMs: 10 });
      expect((await until(devices, deviceId, 'ready')).generation).toBe(round);
      expect(await devices.weigh({ deviceId })).toMatchObject({ kind: 'completed' });
      await pair.unplug();
      await until(devices, deviceId, 'absent');
      await scale.close();
    }
  });
});
