/**
 * A simulated PTP/IP camera (ISO 15740 over CIPA DC-005) on a real TCP port. One initiator at a time, any number one after
 * another. Unplugging it leaves card and shutter as they are; plugging it in again listens on the same port.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { encodePtpIp, PTP_IP_FAIL, PTP_IP_VERSION, PtpIpDecoder, type PtpIpFrame } from '../codec/ptp-ip.ts';
import { CameraBody, jpegsIn, type CameraKind, type CameraObject, type PlannedPicture } from './camera-body.ts';
import { type CameraDialect, CameraResponder } from './camera-responder.ts';
import { CameraWire } from './camera-wire.ts';
import { type Fault, FaultScript } from './faults.ts';

export interface CameraSimulatorOptions {
  /** 0 = any free port. The standard's is 15740. */
  readonly port: number;
  readonly host?: string;
  readonly kind: CameraKind;
  /** What is drawn; the same seed gives the same people. */
  readonly seed?: number;
  readonly serial?: string;
  readonly dialect?: CameraDialect;
  /** A folder of JPEGs to serve, by name, over and over, instead of drawing. */
  readonly imagesDirectory?: string;
  /** The first picture of each right eye is not sharp in its lower temporal part. */
  readonly badFirstTry?: boolean;
  /** What to show first when the initiator does not choose. */
  readonly nextPictures?: readonly PlannedPicture[];
  readonly faults?: readonly Fault[];
  /** From the release of the shutter until the picture is on the card. */
  readonly exposureMs?: number;
  readonly capacityBytes?: number;
  readonly now?: () => Date;
}

export interface CameraSimulator {
  readonly port: number;
  readonly serial: string;
  /** Objects on the card now, oldest first. */
  objects(): readonly CameraObject[];
  /** How many times the shutter was released since the start. */
  shutterCount(): number;
  setCardFull(full: boolean): void;
  setCardPresent(present: boolean): void;
  addFault(fault: Fault): void;
  clearFaults(): void;
  /** Takes the cable out: connections end at once, new ones are refused. */
  unplug(): void;
  plugIn(): Promise<void>;
  /** Resolves when the camera has been unplugged (by a fault or by `unplug`). */
  unplugged(): Promise<void>;
  close(): Promise<void>;
}

const MAX_SOCKETS = 16;

/**
 * Starts listening.
 * @throws the socket's error when the port is taken; Error when `imagesDirectory` cannot be read or holds no JPEG.
 */
export async function startCameraSimulator(options: CameraSimulatorOptions): Promise<CameraSimulator> {
  const { imagesDirectory } = options;
  if (imagesDirectory !== undefined && (await jpegsIn(imagesDirectory)).length === 0) {
    throw new Error(`there is no JPEG in ${imagesDirectory}`);
  }
  const server = new SimulatedCamera(options);
  await server.plugIn();
  return server;
}

class SimulatedCamera implements CameraSimulator {
  readonly serial: string;
  port: number;
  private readonly options: CameraSimulatorOptions;
  private readonly body: CameraBody;
  private readonly script: FaultScript;
  private readonly sockets = new Set<Socket>();
  private server: Server | null = null;
  private wire: CameraWire | null = null;
  private connectionNumber = 0;
  private gone = Promise.withResolvers<void>();

  constructor(options: CameraSimulatorOptions) {
    this.options = options;
    this.port = options.port;
    this.serial = options.serial ?? (options.kind === 'fundus-camera' ? 'VF-000201' : 'VB-000101');
    this.script = new FaultScript(options.faults);
    this.body = new CameraBody({
      kind: options.kind,
      seed: options.seed ?? 1,
      imagesDirectory: options.imagesDirectory,
      badFirstTry: options.badFirstTry ?? false,
      exposureMs: options.exposureMs ?? 400,
      capacityBytes: options.capacityBytes ?? 32_000_000_000,
      now: options.now ?? (() => new Date()),
      nextPictures: options.nextPictures ?? [],
    });
  }

  objects(): readonly CameraObject[] {
    return [...this.body.objects.values()];
  }
  shutterCount(): number {
    return this.body.shutterCount;
  }
  setCardFull(full: boolean): void {
    this.body.setCardFull(full);
  }
  setCardPresent(present: boolean): void {
    this.body.cardPresent = present;
  }
  addFault(fault: Fault): void {
    this.script.add(fault);
  }
  clearFaults(): void {
    this.script.clear();
  }
  unplugged(): Promise<void> {
    return this.gone.promise;
  }

  unplug(): void {
    this.server?.close();
    this.server = null;
    for (const socket of this.sockets) socket.destroy();
    this.wire = null;
    this.gone.resolve();
  }

  async plugIn(): Promise<void> {
    if (this.server !== null) return;
    this.gone = Promise.withResolvers<void>();
    const server = createServer((socket) => this.accept(socket));
    this.server = server;
    server.listen(this.port, this.options.host ?? '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch (error) {
      this.server = null;
      throw error;
    }
    const address = server.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
  }

  async close(): Promise<void> {
    const { server } = this;
    this.unplug();
    if (server?.listening === true) await once(server, 'close');
  }

  private accept(socket: Socket): void {
    if (this.sockets.size >= MAX_SOCKETS || this.script.take('connect') !== null) {
      socket.destroy();
      return;
    }
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
    const decoder = new PtpIpDecoder();
    let handle = (frame: PtpIpFrame): void => {
      handle = this.greet(socket, frame) ?? handle;
    };
    socket.on('data', (chunk) => {
      for (const frame of decoder.push(chunk)) handle(frame);
    });
  }

  /** The first frame says which of the two connections this is. Returns who hears the next ones. */
  private greet(socket: Socket, frame: PtpIpFrame): ((frame: PtpIpFrame) => void) | null {
    if (frame.type === 'initCommandRequest') {
      if (this.wire?.alive === true) return refuse(socket, PTP_IP_FAIL.Busy);
      const wire = this.newWire(socket);
      socket.write(
        encodePtpIp({
          type: 'initCommandAck',
          connectionNumber: this.connectionNumber,
          guid: Buffer.from(this.serial.padEnd(16, '\0').slice(0, 16), 'latin1'),
          name: this.model,
          version: PTP_IP_VERSION,
        }),
      );
      return (next) => wire.onCommandFrame(next);
    }
    const { wire } = this;
    if (frame.type === 'initEventRequest' && wire !== null && frame.connectionNumber === this.connectionNumber) {
      wire.event = socket;
      socket.on('close', () => wire.destroy());
      socket.write(encodePtpIp({ type: 'initEventAck' }));
      return (next) => wire.onEventFrame(next);
    }
    return refuse(socket, PTP_IP_FAIL.RejectedInitiator);
  }

  private newWire(socket: Socket): CameraWire {
    this.connectionNumber++;
    const wire = new CameraWire(socket, this.script, () => this.unplug());
    wire.attach(
      new CameraResponder({
        body: this.body,
        dialect: this.options.dialect ?? 'plain',
        manufacturer: 'Vantage',
        model: this.model,
        serial: this.serial,
        sendEvent: (event, transactionId) => wire.sendEvent(event, transactionId),
      }),
    );
    socket.on('close', () => wire.destroy());
    this.wire = wire;
    return wire;
  }

  private get model(): string {
    return this.options.kind === 'fundus-camera' ? 'Simulated Fundus 30' : 'Simulated Body Camera';
  }
}

function refuse(socket: Socket, reason: number): null {
  socket.end(encodePtpIp({ type: 'initFail', reason }));
  return null;
}
