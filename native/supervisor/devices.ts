/**
 * All devices of this station behind {@link DevicesApi}: one supervisor each, so that an absent device holds up no other. Runs in
 * the devices process; bytes of captures go straight into the sink that the injected `openSink` gives.
 */
import {
  type CaptureSettings,
  type DeviceConfiguration,
  type DeviceStatus,
  VantageError,
  type WeightReading,
  type WeightSample,
} from '../../electron/contract/index.ts';
import type {
  CameraDriver,
  CapturedObject,
  CaptureProgress,
  CaptureSink,
  Outcome,
  ScaleDriver,
} from '../driver/driver.ts';
import { type DeviceLog, type Failure, failure } from '../driver/outcome.ts';
import type { AnyDriver } from '../registry/drivers.ts';
import { openDriver } from '../registry/index.ts';
import { CaptureEvents } from './capture-events.ts';
import {
  DeviceSupervisor,
  SUPERVISOR_LIMITS,
  type SupervisorLimits,
  type SupervisorParts,
} from './device-supervisor.ts';
import type { CallOptions, CameraCall, CaptureEvent, DevicesApi, OpenSink, WriteGrant } from './devices-api.ts';
import { LatestStream, untilLeft } from './stream.ts';

export interface DevicesOptions {
  readonly openSink: OpenSink;
  readonly log: DeviceLog;
  /** ms since 1970. */
  readonly now?: () => number;
  readonly limits?: Partial<SupervisorLimits>;
}

/** No devices until `configure`. `close` lets go of all of them; work under way is aborted. */
export function createDevices(options: DevicesOptions): DevicesApi & { close(): Promise<void> } {
  return new Devices(options);
}

interface DeviceCall {
  readonly deviceId: string;
}

class Devices implements DevicesApi {
  private readonly options: DevicesOptions;
  private readonly parts: SupervisorParts;
  private readonly statuses: LatestStream<readonly DeviceStatus[]>;
  private devices: readonly DeviceSupervisor[] = [];
  private configuring: Promise<void> = Promise.resolve();
  private closed = false;

  constructor(options: DevicesOptions) {
    this.options = options;
    this.statuses = new LatestStream(() => this.devices.map((device) => device.status));
    this.parts = {
      openDriver,
      log: options.log,
      now: options.now ?? Date.now,
      onChange: () => this.statuses.changed(),
      limits: { ...SUPERVISOR_LIMITS, ...options.limits },
    };
  }

  async configure(input: { readonly devices: readonly DeviceConfiguration[] }): Promise<void> {
    // One after the other: a device that goes must have let go of its port before its successor wants it.
    const mine = this.configuring.then(() => this.replace(input.devices));
    this.configuring = mine.catch(() => {});
    await mine;
  }

  async watch(options?: CallOptions): Promise<AsyncIterable<readonly DeviceStatus[]>> {
    return this.statuses.read(options?.signal);
  }

  async watchReadings(input: DeviceCall, options?: CallOptions): Promise<AsyncIterable<WeightSample>> {
    const device = this.find(input.deviceId);
    if (device?.configuration.kind !== 'scale') throw new VantageError('NOT_FOUND', 'no such scale');
    return untilLeft(options?.signal, (left) => this.samples(device, left));
  }

  weigh(input: DeviceCall, options?: CallOptions): Promise<Outcome<WeightReading>> {
    return this.withScale(input, options, (scale, signal) => scale.weigh(signal));
  }

  zero(input: DeviceCall, options?: CallOptions): Promise<Outcome<{ readonly at: string }>> {
    return this.withScale(input, options, (scale, signal) => scale.zero(signal));
  }

  lastToken(input: CameraCall, options?: CallOptions): Promise<Outcome<{ readonly token: string | null }>> {
    return this.withCamera(input, options, (camera, signal) => camera.lastToken(signal));
  }

  async capture(
    input: CameraCall & { readonly settings: CaptureSettings; readonly grant: WriteGrant },
    options?: CallOptions,
  ): Promise<AsyncIterable<CaptureEvent>> {
    return this.receive(input, options, (camera, sink, onProgress, signal) =>
      camera.capture(input.settings, sink, onProgress, signal),
    );
  }

  async recover(
    input: CameraCall & { readonly since: string | null; readonly grant: WriteGrant },
    options?: CallOptions,
  ): Promise<AsyncIterable<CaptureEvent>> {
    return this.receive(input, options, (camera, sink, onProgress, signal) =>
      camera.recover(input.since, sink, onProgress, signal),
    );
  }

  release(
    input: CameraCall & { readonly token: string },
    options?: CallOptions,
  ): Promise<Outcome<{ readonly removed: boolean }>> {
    return this.withCamera(input, options, (camera, signal) => camera.release(input.token, signal));
  }

  async reinstate(input: DeviceCall): Promise<void> {
    const device = this.find(input.deviceId);
    if (device === undefined) throw new VantageError('NOT_FOUND', 'no such device');
    device.reinstate();
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.configuring;
    await Promise.all(this.devices.map((device) => device.stop()));
    this.statuses.end();
  }

  private async replace(configurations: readonly DeviceConfiguration[]): Promise<void> {
    if (this.closed) throw new VantageError('DEVICES_RESTARTED', 'the devices are being closed');
    const former = new Map(this.devices.map((device) => [device.configuration.deviceId, device]));
    const next = configurations.map((configuration) => {
      const known = former.get(configuration.deviceId);
      if (known === undefined || !sameConfiguration(known.configuration, configuration)) {
        return new DeviceSupervisor(configuration, this.parts);
      }
      former.delete(configuration.deviceId);
      return known;
    });
    this.devices = next;
    this.statuses.changed();
    await Promise.all([...former.values()].map((device) => device.stop()));
    for (const device of next) device.start();
  }

  private find(deviceId: string): DeviceSupervisor | undefined {
    return this.devices.find((device) => device.configuration.deviceId === deviceId);
  }

  private async withScale<T>(
    { deviceId }: DeviceCall,
    options: CallOptions | undefined,
    work: (scale: ScaleDriver, signal: AbortSignal) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const device = this.find(deviceId);
    if (device === undefined) return noSuch('device');
    return device.use(options?.signal, async (driver, signal) =>
      driver.kind === 'scale' ? work(driver, signal) : noSuch('scale'),
    );
  }

  private async withCamera<T>(
    { deviceId, serial }: CameraCall,
    options: CallOptions | undefined,
    work: (camera: CameraDriver, signal: AbortSignal) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const device = this.find(deviceId);
    if (device === undefined) return noSuch('device');
    return device.use(options?.signal, async (driver, signal) => {
      if (driver.kind === 'scale') return noSuch('camera');
      const there = device.status.identity?.serial;
      if (serial !== undefined && there !== serial) {
        return failure('refused', 'DEVICE_WRONG', `serial ${there ?? 'unknown'}, expected ${serial}`);
      }
      return work(driver, signal);
    });
  }

  /** Samples of one stay of the device; whatever an older stay still says is dropped. */
  private async *samples(device: DeviceSupervisor, left: AbortSignal): AsyncGenerator<WeightSample, void, undefined> {
    const attachment = await device.share(left);
    if ('kind' in attachment || !isScale(attachment.driver)) return;
    const { driver, generation, signal } = attachment;
    for await (const sample of driver.samples(AbortSignal.any([left, signal]))) {
      if (device.status.generation === generation) yield sample;
      else this.options.log.info({ deviceId: sample.deviceId, generation }, 'sample of an older generation dropped');
    }
  }

  /** Runs at once, whether anybody reads the events or not; leaving the stream or aborting stops it. */
  private receive(
    input: CameraCall & { readonly grant: WriteGrant },
    options: CallOptions | undefined,
    work: (
      camera: CameraDriver,
      sink: CaptureSink,
      onProgress: (progress: CaptureProgress) => void,
      signal: AbortSignal,
    ) => Promise<Outcome<CapturedObject | null>>,
  ): AsyncIterable<CaptureEvent> {
    const events = new CaptureEvents();
    const signal = options?.signal === undefined ? events.left : AbortSignal.any([options.signal, events.left]);
    const run = async (): Promise<void> => {
      const outcome = await this.withCamera(input, { signal }, async (camera, whileAttached) => {
        const sink = await this.openSink(input.grant);
        if ('kind' in sink) return sink;
        let kept = false;
        try {
          const result = await work(camera, sink, (progress) => events.progress(progress), whileAttached);
          kept = result.kind === 'completed' && result.value !== null;
          return result;
        } finally {
          if (!kept) await this.abortSink(sink);
        }
      });
      events.finish(outcome);
    };
    void run();
    return events;
  }

  /** A grant that cannot be opened is our disk's fault, and nothing has happened on the camera yet. */
  private async openSink(grant: WriteGrant): Promise<CaptureSink | Failure> {
    try {
      return await this.options.openSink(grant);
    } catch (error) {
      const code = error instanceof VantageError ? error.code : 'DISK_FAILED';
      return failure('refused', code, error instanceof Error ? error.message : String(error));
    }
  }

  private async abortSink(sink: CaptureSink): Promise<void> {
    try {
      await sink.abort();
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.options.log.warn({ detail }, 'an unfinished file could not be removed');
    }
  }
}

function isScale(driver: AnyDriver): driver is ScaleDriver {
  return driver.kind === 'scale';
}

function noSuch(what: string): Failure {
  return failure('refused', 'NOT_FOUND', `no such ${what}`);
}

/** Configurations come as JSON, so that equal text means equal content up to the order of keys. */
function sameConfiguration(a: DeviceConfiguration, b: DeviceConfiguration): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}
