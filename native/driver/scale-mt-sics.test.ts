import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import type { WeightSample } from '../../electron/contract/index.ts';
import { openPtyPair, PTY_UNAVAILABLE } from '../../test/fixtures/pty.ts';
import type { Fault } from '../simulator/faults.ts';
import { type ScaleSettings, type ScaleSimulator, startScaleSimulator } from '../simulator/scale.ts';
import { createSerialTransport } from '../transport/serial.ts';
import { createTcpTransport } from '../transport/tcp.ts';
import { createMtSicsScaleDriver, type MtSicsLimits, type MtSicsScaleDriver } from './scale-mt-sics.ts';

const DEVICE_ID = '0f1c8a52-6a5e-4b6f-9d55-0d6ae0c5a001';
const cleanups: (() => Promise<void>)[] = [];
// Tests mostly wait on a simulated person, so they run side by side.
afterAll(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

interface Rig {
  readonly scale: ScaleSimulator;
  readonly driver: MtSicsScaleDriver;
}

const never = (): AbortSignal => new AbortController().signal;

async function rig(
  settings: ScaleSettings = {},
  limits: Partial<MtSicsLimits> = {},
  divisionKg: number | null = 0.05,
): Promise<Rig> {
  const scale = await startScaleSimulator({ port: 0, seed: 3, stepOnAfterMs: 50, person: 'manual', ...settings });
  const transport = createTcpTransport({ host: '127.0.0.1', port: scale.port });
  await transport.open(AbortSignal.timeout(5000));
  const driver = createMtSicsScaleDriver({
    deviceId: DEVICE_ID,
    transport,
    manufacturer: 'Vantage',
    divisionKg,
    limits: { replyMs: 1000, silenceMs: 800, weighMs: 8000, retryStreamMs: 50, lingerMs: 20, ...limits },
  });
  cleanups.push(
    () => scale.close(),
    () => driver.close(),
  );
  return { scale, driver };
}

async function take(driver: MtSicsScaleDriver, count: number): Promise<WeightSample[]> {
  const stop = new AbortController();
  const samples: WeightSample[] = [];
  for await (const sample of driver.samples(stop.signal)) {
    samples.push(sample);
    if (samples.length === count) stop.abort();
  }
  return samples;
}

describe.concurrent('MT-SICS scale driver', () => {
  it('tells who the scale is', async () => {
    const { driver } = await rig({ serial: 'VS-77' });
    expect(await driver.identify(never())).toEqual({
      kind: 'completed',
      value: {
        manufacturer: 'Vantage',
        model: 'VantageSim PS200',
        serial: 'VS-77',
        firmware: '1.0.0',
        capacityKg: 200,
        divisionKg: 0.05,
      },
    });
    expect(await driver.health(never())).toMatchObject({ kind: 'completed' });
  });

  it('takes the safe side where nobody knows the division', async () => {
    const { driver } = await rig({}, {}, null);
    expect(await driver.identify(never())).toMatchObject({ value: { divisionKg: 0.05 } });
  });

  it('identifies although the first command met noise on the line', async () => {
    const { driver } = await rig({ faults: [{ selector: '@', action: 'wrongId' }] });
    await driver.identify(never());
    const noisy = await rig({ faults: [{ selector: '@', action: 'busy' }] });
    expect(await noisy.driver.identify(never())).toMatchObject({ kind: 'completed', value: { serial: 'VS-000301' } });
  });

  it('weighs a person who steps on by itself, within the error of the scale', async () => {
    const { driver, scale } = await rig({ person: 'automatic' });
    const outcome = await driver.weigh(never());
    expect(outcome).toMatchObject({ kind: 'completed', value: { divisionKg: 0.05, errorKg: 0.1 } });
    const kg = outcome.kind === 'completed' ? outcome.value.kg : 0;
    expect(Math.abs(kg - scale.personKg)).toBeLessThanOrEqual(0.1);
    expect(outcome.kind === 'completed' && outcome.value.raw).toMatch(/^S S +72\.\d\d kg$/);
  });

  it('streams dynamic samples and then stable ones, without gaps, and stops when nobody listens', async () => {
    const { driver, scale } = await rig();
    scale.stepOn(72.4);
    const samples = await take(driver, 35);
    const states = samples.map((sample) => sample.state);
    expect(states[0]).toBe('dynamic');
    expect(states.at(-1)).toBe('stable');
    const first = samples[0]?.sequence ?? 0;
    expect(samples.map((sample) => sample.sequence - first)).toEqual(samples.map((_, index) => index));
    await expect.poll(() => scale.streams()).toBe(0);
  });

  it('serves two listeners and a weighing from one dialogue', async () => {
    const { driver, scale } = await rig();
    scale.stepOn(80);
    const [a, b, weighed] = await Promise.all([take(driver, 25), take(driver, 25), driver.weigh(never())]);
    expect(a).toEqual(b);
    expect(weighed).toMatchObject({ kind: 'completed' });
  });

  it('says SCALE_NOT_STABLE for somebody who never settles', async () => {
    const { driver, scale } = await rig({}, { weighMs: 700 });
    scale.setRestless(true);
    scale.stepOn(70);
    expect(await driver.weigh(never())).toMatchObject({ kind: 'retryable', code: 'SCALE_NOT_STABLE' });
  });

  it('does not take an empty plate for a weight', async () => {
    const { driver } = await rig({}, { weighMs: 500 });
    expect(await driver.weigh(never())).toMatchObject({ kind: 'retryable', code: 'SCALE_EMPTY' });
  });

  it('refuses overload and underload, with the frame as evidence', async () => {
    const { driver, scale } = await rig();
    scale.stepOn(400);
    const over = await driver.weigh(never());
    expect(over).toMatchObject({
      kind: 'refused',
      code: 'SCALE_OVERLOAD',
      evidence: Buffer.from('S +').toString('hex'),
    });
    scale.stepOn(-30);
    expect(await driver.weigh(never())).toMatchObject({ kind: 'refused', code: 'SCALE_UNDERLOAD' });
  });

  it('takes no number for a weight that is more than the scale can show', async () => {
    // A damaged digit makes 572 kg of 72 kg, and still a proper frame.
    const answers: Record<string, string> = { '@': 'I4 A "X"', I2: 'I2 A "PS 150.00 kg"', I3: 'I3 A "1"' };
    const liar = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.on('data', (data) => {
        for (const command of data.toString('latin1').split('\r\n').filter(Boolean)) {
          socket.write(`${answers[command] ?? 'S S     572.45 kg'}\r\n`);
        }
      });
    });
    liar.listen(0, '127.0.0.1');
    await once(liar, 'listening');
    const transport = createTcpTransport({ host: '127.0.0.1', port: (liar.address() as AddressInfo).port });
    await transport.open(AbortSignal.timeout(5000));
    const driver = createMtSicsScaleDriver({ deviceId: DEVICE_ID, transport, manufacturer: '', divisionKg: null });
    cleanups.push(
      async () => {
        liar.close();
      },
      () => driver.close(),
    );
    expect(await driver.identify(never())).toMatchObject({ kind: 'completed', value: { capacityKg: 150 } });
    expect(await driver.weigh(never())).toMatchObject({
      kind: 'refused',
      code: 'DEVICE_GARBLED',
      evidence: Buffer.from('S S     572.45 kg').toString('hex'),
    });
  });

  it('is retryable when the scale cannot weigh now', async () => {
    const { driver } = await rig({ faults: [{ selector: 'SIR', action: 'busy' }] });
    expect(await driver.weigh(never())).toMatchObject({ kind: 'retryable', code: 'DEVICE_BUSY' });
  });

  it('can be given up at any time', async () => {
    const { driver } = await rig();
    const stop = new AbortController();
    const weighing = driver.weigh(stop.signal);
    stop.abort();
    expect(await weighing).toMatchObject({ kind: 'retryable', code: 'CANCELLED' });
    expect(await driver.health(never())).toMatchObject({ kind: 'completed' });
  });

  it('sets zero, and does not while somebody stands there', async () => {
    const { driver, scale } = await rig();
    expect(await driver.zero(never())).toMatchObject({ kind: 'completed' });
    scale.stepOn(70);
    await take(driver, 12);
    expect(await driver.zero(never())).toMatchObject({ kind: 'refused', code: 'SCALE_NOT_EMPTY' });
  });

  it('keeps the stream running around a zero', async () => {
    const { driver } = await rig();
    const [samples, zeroed] = await Promise.all([take(driver, 20), driver.zero(never())]);
    expect(zeroed.kind).toBe('completed');
    expect(samples).toHaveLength(20);
  });

  it('does not know whether zero was set when the reply or the line is lost', async () => {
    const lost = await rig({ faults: [{ selector: 'Z', action: 'drop' }] }, { zeroMs: 300 });
    expect(await lost.driver.zero(never())).toMatchObject({ kind: 'ambiguous', code: 'DEVICE_SILENT' });
    const pulled = await rig({ faults: [{ selector: 'Z', action: 'unplug', atByte: 1 }] });
    expect(await pulled.driver.zero(never())).toMatchObject({ kind: 'ambiguous', code: 'DEVICE_LOST' });
    expect(await pulled.driver.zero(never())).toMatchObject({ kind: 'broken', code: 'DEVICE_LOST' });
  });

  it('ends stream and weighing as broken when the cable is pulled at any byte of a frame', async () => {
    for (const atByte of [0, 1, 9, 17, 18]) {
      const { driver } = await rig({ faults: [{ selector: 'weight', skip: 3, action: 'unplug', atByte }] });
      const [samples, weighed] = await Promise.all([take(driver, 1000), driver.weigh(never())]);
      expect(samples.length).toBeLessThan(6);
      expect(weighed).toMatchObject({ kind: 'broken', code: 'DEVICE_LOST' });
      expect((await driver.closed).kind).toBe('lost');
    }
  });

  it('gives up a scale that stalls in the stream, as DEVICE_SILENT', async () => {
    const { driver } = await rig({ faults: [{ selector: 'weight', skip: 2, action: 'stall' }] });
    expect(await driver.weigh(never())).toMatchObject({ kind: 'broken', code: 'DEVICE_SILENT' });
    expect(await driver.closed).toMatchObject({ kind: 'failed', errorCode: 'DEVICE_SILENT' });
  });

  it('asks a scale to stream again that stopped but still answers', async () => {
    const { driver, scale } = await rig({ faults: [{ selector: 'weight', skip: 2, count: 12, action: 'drop' }] });
    scale.stepOn(70);
    expect(await take(driver, 12)).toHaveLength(12);
  });

  it('drops damaged frames, counts them and goes on', async () => {
    const faults: Fault[] = [
      { selector: 'weight', skip: 1, action: 'corrupt', atByte: 0 },
      { selector: 'weight', skip: 2, action: 'truncate', atByte: 5 },
      { selector: 'weight', skip: 4, action: 'wrongId' },
      { selector: 'weight', skip: 5, action: 'duplicate' },
    ];
    const { driver, scale } = await rig({ faults });
    scale.stepOn(70);
    expect(await driver.weigh(never())).toMatchObject({ kind: 'completed' });
    expect(driver.counters.unknown).toBeGreaterThanOrEqual(2);
    expect(driver.counters.unexpected).toBe(1);
  });

  it('does not take the late reply to one command for the reply to the next', async () => {
    const { driver } = await rig({ faults: [{ selector: 'I4', action: 'delay', delayMs: 100 }] });
    const stop = new AbortController();
    const first = driver.health(stop.signal);
    await new Promise((resolve) => setTimeout(resolve, 20));
    stop.abort();
    expect(await first).toMatchObject({ kind: 'retryable', code: 'CANCELLED' });
    expect(await driver.health(never())).toMatchObject({ kind: 'completed' });
    expect(driver.counters.unexpected).toBe(0);
  });

  it('notices that another scale answers', async () => {
    const { driver, scale } = await rig();
    await driver.identify(never());
    scale.setSerial('VS-OTHER');
    expect(await driver.health(never())).toMatchObject({ kind: 'broken', code: 'DEVICE_WRONG' });
  });
});

describe.skipIf(PTY_UNAVAILABLE !== null)('MT-SICS scale driver over a pseudo-terminal (Linux only)', () => {
  it('identifies, weighs and ends when the cable is pulled', async () => {
    const pair = await openPtyPair();
    const scale = await startScaleSimulator({ path: pair.a, seed: 5, stepOnAfterMs: 50 });
    const transport = createSerialTransport({ path: pair.b, baudRate: 9600 });
    await transport.open(AbortSignal.timeout(5000));
    const driver = createMtSicsScaleDriver({
      deviceId: DEVICE_ID,
      transport,
      manufacturer: 'Vantage',
      divisionKg: 0.05,
    });
    cleanups.push(
      () => pair.unplug(),
      () => scale.close(),
      () => driver.close(),
    );
    expect(await driver.identify(never())).toMatchObject({ kind: 'completed' });
    expect(await driver.weigh(never())).toMatchObject({ kind: 'completed' });
    const streaming = take(driver, 10_000);
    await take(driver, 2);
    await pair.unplug();
    await streaming;
    expect(await driver.closed).toMatchObject({ kind: 'lost' });
    expect(await driver.weigh(never())).toMatchObject({ kind: 'broken', code: 'DEVICE_LOST' });
  });
});
