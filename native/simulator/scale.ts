/**
 * A simulated scale on a real endpoint: a TCP port (any number of lines at once, one plate) or a serial path such as one end
 * of a pseudo-terminal pair. With an automatic person it shows a weighing by itself: a second after somebody asks for the
 * stream, a person steps on, and steps off when nobody listens any more.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createSerialTransport } from '../transport/serial.ts';
import { transportOfSocket } from '../transport/tcp.ts';
import type { Transport } from '../transport/transport.ts';
import { type Fault, FaultScript } from './faults.ts';
import { personKg, ScalePlate } from './scale-plate.ts';
import { ScaleResponder } from './scale-responder.ts';

/** Where it is reached: a TCP port (0 = any free one; the demonstration's way) or a serial path. */
type ScaleEndpoint = { readonly port: number; readonly host?: string } | { readonly path: string };

export type ScaleSimulatorOptions = ScaleEndpoint & ScaleSettings;

export interface ScaleSettings {
  /** Decides the person's weight and the noise. */
  readonly seed?: number;
  readonly serial?: string;
  /** `automatic`: somebody steps on when weights are asked for. `manual`: only `stepOn` and `stepOff`. Default automatic. */
  readonly person?: 'automatic' | 'manual';
  readonly stepOnAfterMs?: number;
  readonly capacityKg?: number;
  readonly divisionKg?: number;
  readonly faults?: readonly Fault[];
  /** ms since 1970. */
  readonly now?: () => number;
}

export interface ScaleSimulator {
  /** The TCP port, 0 on a serial path. */
  readonly port: number;
  /** `tcp://host:port` or `serial:path`. */
  readonly address: string;
  readonly serial: string;
  /** What the automatic person weighs, kg. */
  readonly personKg: number;
  /** How many lines ask for weights now. */
  streams(): number;
  /** Puts a load on the plate; more than the capacity is an overload, less than nothing an underload. */
  stepOn(kg: number): void;
  stepOff(): void;
  /** A restless load never settles. */
  setRestless(restless: boolean): void;
  /** Another scale on the same line. */
  setSerial(serial: string): void;
  addFault(fault: Fault): void;
  clearFaults(): void;
  /** Takes the cable out: lines end at once, new ones are refused. */
  unplug(): void;
  plugIn(): Promise<void>;
  /** Resolves when it has been unplugged (by a fault or by `unplug`). */
  unplugged(): Promise<void>;
  close(): Promise<void>;
}

const MAX_LINES = 16;

/** Starts it. @throws the socket's error when the port is taken, TransportError when the path cannot be opened. */
export async function startScaleSimulator(options: ScaleSimulatorOptions): Promise<ScaleSimulator> {
  const scale = new SimulatedScale(options);
  await scale.plugIn();
  return scale;
}

class SimulatedScale implements ScaleSimulator {
  port: number;
  serial: string;
  readonly personKg: number;
  private readonly options: ScaleSimulatorOptions;
  private readonly plate: ScalePlate;
  private readonly script: FaultScript;
  private readonly lines = new Set<Transport>();
  private readonly now: () => number;
  private server: Server | null = null;
  private streaming = 0;
  private stepping: NodeJS.Timeout | null = null;
  private gone = Promise.withResolvers<void>();

  constructor(options: ScaleSimulatorOptions) {
    this.options = options;
    const seed = options.seed ?? 1;
    this.port = 'port' in options ? options.port : 0;
    this.serial = options.serial ?? 'VS-000301';
    this.personKg = personKg(seed);
    this.now = options.now ?? Date.now;
    this.script = new FaultScript(options.faults);
    this.plate = new ScalePlate({
      seed,
      capacityKg: options.capacityKg ?? 200,
      divisionKg: options.divisionKg ?? 0.05,
    });
  }

  get address(): string {
    const { options } = this;
    return 'path' in options ? `serial:${options.path}` : `tcp://${options.host ?? '127.0.0.1'}:${this.port}`;
  }

  streams(): number {
    return this.streaming;
  }

  stepOn(kg: number): void {
    this.plate.put(kg, this.now());
  }

  stepOff(): void {
    this.plate.put(0, this.now());
  }

  setRestless(restless: boolean): void {
    this.plate.setRestless(restless);
  }

  setSerial(serial: string): void {
    this.serial = serial;
  }

  addFault(fault: Fault): void {
    this.script.add(fault);
  }

  clearFaults(): void {
    this.script.clear();
  }

  unplug(): void {
    this.server?.close();
    this.server = null;
    for (const line of this.lines) void line.close();
    this.gone.resolve();
  }

  unplugged(): Promise<void> {
    return this.gone.promise;
  }

  async plugIn(): Promise<void> {
    this.gone = Promise.withResolvers<void>();
    const { options } = this;
    if ('path' in options) {
      const line = createSerialTransport({ path: options.path, baudRate: 9600 });
      await line.open(AbortSignal.timeout(5000));
      void this.serve(line);
      return;
    }
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on('error', () => {});
      if (this.lines.size >= MAX_LINES) socket.destroy();
      else void this.serve(transportOfSocket(socket));
    });
    server.listen(this.port, options.host ?? '127.0.0.1');
    await once(server, 'listening');
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (this.stepping !== null) clearTimeout(this.stepping);
    const { server } = this;
    const closed = server === null ? null : once(server, 'close');
    const lines = [...this.lines];
    this.unplug();
    await Promise.all(lines.map((line) => line.close()));
    await closed;
  }

  private async serve(transport: Transport): Promise<void> {
    this.lines.add(transport);
    const { capacityKg = 200, divisionKg = 0.05 } = this.options;
    const decimals = Math.max(0, Math.ceil(-Math.log10(divisionKg)));
    await new ScaleResponder({
      transport,
      plate: this.plate,
      identity: () => ({ serial: this.serial, model: 'VantageSim PS200', firmware: '1.0.0', capacityKg, decimals }),
      faults: this.script,
      now: this.now,
      onStreaming: (streaming) => this.onStreaming(streaming),
      onUnplug: () => this.unplug(),
    }).serve();
    this.lines.delete(transport);
    if ('path' in this.options) this.gone.resolve();
  }

  private onStreaming(streaming: boolean): void {
    this.streaming += streaming ? 1 : -1;
    if (this.options.person === 'manual') return;
    if (this.streaming === 1 && streaming && this.plate.loadKg === 0) {
      this.stepping = setTimeout(() => this.stepOn(this.personKg), this.options.stepOnAfterMs ?? 1000);
    } else if (this.streaming === 0) {
      if (this.stepping !== null) clearTimeout(this.stepping);
      this.stepOff();
    }
  }
}
