/**
 * A camera with an open PTP session: the operations this station uses, typed, with what went wrong as a value. Chooses by
 * what DeviceInfo says the camera can do, never by its make.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  decodeArray32,
  decodeDeviceInfo,
  decodeObjectInfo,
  decodePropertyValue,
  encodePropertyValue,
  PTP_TYPE,
  PtpWriter,
  type PtpDeviceInfo,
  type PtpObjectInfo,
} from '../codec/ptp.ts';
import { decodeEosEvents, type EosEvent } from '../codec/ptp-canon.ts';
import { PTP_OPERATION, PTP_PROPERTY, PTP_RESPONSE, ptpOperationName, ptpResponseName } from '../codec/ptp-codes.ts';
import { quirksOf } from './camera-ptp-quirks.ts';
import { openPtpIp, type PtpIpConnection, type PtpRequest } from '../transport/ptpip.ts';
import { type Transport, TransportError } from '../transport/transport.ts';

/** Why an operation gave nothing. `code` is the camera's response when it refused. */
export interface PtpFailure {
  readonly failed:
    | 'refused'
    | 'silent'
    | 'lost'
    | 'garbled'
    | 'unreachable'
    | 'occupied'
    | 'rejected'
    | 'aborted'
    | 'sink';
  readonly code?: number;
  readonly detail: string;
  /** Raw bytes, hex. */
  readonly evidence: string;
  readonly error?: unknown;
}

export interface PtpTimeouts {
  readonly openMs: number;
  /** Longest silence within one operation. */
  readonly silenceMs: number;
}

const SMALL = 256 * 1024;
const HANDLES = 4 * 1024 * 1024;
const EVENTS = 1024 * 1024;
const SESSION_ID = 1;
const ALL = 0xffff_ffff;
/** Read completely, half press then full press, and let go in the other order (libgphoto2, camera_canon_eos_capture). */
const EOS_RELEASE_ON = [1, 2] as const;
const EOS_RELEASE_OFF = [2, 1] as const;
const EOS_CARD = 2;
const CLOSE_SILENCE_MS = 500;

/** True for what went wrong, false for a value. */
export function isFailure(value: unknown): value is PtpFailure {
  return typeof value === 'object' && value !== null && 'failed' in value;
}

export class PtpDevice {
  readonly connection: PtpIpConnection;
  readonly info: PtpDeviceInfo;
  private readonly timeouts: PtpTimeouts;
  private readonly quirks: ReturnType<typeof quirksOf>;
  private eosReady = false;

  private constructor(connection: PtpIpConnection, info: PtpDeviceInfo, timeouts: PtpTimeouts) {
    this.connection = connection;
    this.info = info;
    this.timeouts = timeouts;
    this.quirks = quirksOf(info);
  }

  /** Connects, opens a session (ISO 15740 10.4.2) and asks who it is. */
  static async open(
    connect: () => Transport,
    timeouts: PtpTimeouts,
    signal: AbortSignal,
  ): Promise<PtpDevice | PtpFailure> {
    let connection: PtpIpConnection;
    try {
      connection = await openPtpIp({ connect, openTimeoutMs: timeouts.openMs }, signal);
    } catch (error) {
      return connectFailure(error);
    }
    const opened = await run(connection, timeouts, PTP_OPERATION.OpenSession, [SESSION_ID]);
    if (isFailure(opened) && opened.code !== PTP_RESPONSE.SessionAlreadyOpen) return giveUp(connection, opened);
    const answer = await run(connection, timeouts, PTP_OPERATION.GetDeviceInfo, []);
    if (isFailure(answer)) return giveUp(connection, answer);
    const info = decodeDeviceInfo(answer.data);
    if (info === null) return giveUp(connection, garbled('DeviceInfo', answer.data));
    return new PtpDevice(connection, info, timeouts);
  }

  can(operation: number): boolean {
    return this.info.operationsSupported.includes(operation);
  }

  /** Which picture is meant, told only to a camera that says it is simulated. */
  async choose(subject: string): Promise<PtpFailure | null> {
    if (!this.quirks.has('subject-property')) return null;
    const value = encodePropertyValue(PTP_TYPE.String, subject);
    const answer = await this.run(PTP_OPERATION.SetDevicePropValue, [PTP_PROPERTY.VantageSubject], { dataOut: value });
    return isFailure(answer) ? answer : null;
  }

  get eos(): boolean {
    return this.quirks.has('eos-release');
  }

  /** Makes ready to release: for EOS, remote mode, events, pictures to the card, and old events taken away. */
  async prepare(): Promise<PtpFailure | null> {
    if (this.eos && !this.eosReady) {
      for (const operation of [PTP_OPERATION.EosSetRemoteMode, PTP_OPERATION.EosSetEventMode]) {
        const answer = await this.run(operation, [1]);
        if (isFailure(answer)) return answer;
      }
      if (this.can(PTP_OPERATION.EosSetDevicePropValueEx)) {
        // What is only in the camera's memory is lost with the cable; recovery needs the card.
        const value = new PtpWriter().u32(12).u32(PTP_PROPERTY.EosCaptureDestination).u32(EOS_CARD).bytes();
        const answer = await this.run(PTP_OPERATION.EosSetDevicePropValueEx, [], { dataOut: value });
        if (isFailure(answer) && answer.failed !== 'refused') return answer;
      }
      this.eosReady = true;
    }
    if (!this.eos) return null;
    const events = await this.eosEvents();
    return isFailure(events) ? events : null;
  }

  /** Releases the shutter, once. InitiateCapture (ISO 15740 10.4.14) or the EOS release. */
  async release(): Promise<PtpFailure | null> {
    if (this.quirks.has('eos-two-step-release')) return this.pressAndLetGo();
    const answer = this.eos
      ? await this.run(PTP_OPERATION.EosRemoteRelease, [])
      : await this.run(PTP_OPERATION.InitiateCapture, [0, 0]);
    return isFailure(answer) ? answer : null;
  }

  private async pressAndLetGo(): Promise<PtpFailure | null> {
    let failure: PtpFailure | null = null;
    for (const part of EOS_RELEASE_ON) {
      const answer = await this.run(PTP_OPERATION.EosRemoteReleaseOn, [part, 0]);
      if (!isFailure(answer)) continue;
      failure = answer;
      break;
    }
    // Always let go, or the camera stays pressed; what this answers changes nothing.
    for (const part of EOS_RELEASE_OFF) await this.run(PTP_OPERATION.EosRemoteReleaseOff, [part]);
    return failure;
  }

  async eosEvents(): Promise<EosEvent[] | PtpFailure> {
    const answer = await this.run(PTP_OPERATION.EosGetEvent, [], { maxDataBytes: EVENTS });
    return isFailure(answer) ? answer : decodeEosEvents(answer.data);
  }

  /** All object handles of all stores (ISO 15740 10.4.7). */
  async handles(): Promise<number[] | PtpFailure> {
    const answer = await this.run(PTP_OPERATION.GetObjectHandles, [ALL, 0, 0], { maxDataBytes: HANDLES });
    if (isFailure(answer)) return answer;
    return decodeArray32(answer.data) ?? garbled('object handles', answer.data);
  }

  async objectInfo(handle: number): Promise<PtpObjectInfo | PtpFailure> {
    const answer = await this.run(PTP_OPERATION.GetObjectInfo, [handle]);
    if (isFailure(answer)) return answer;
    return decodeObjectInfo(answer.data) ?? garbled('ObjectInfo', answer.data);
  }

  /** The operation that reads a piece of an object, or null when the camera only gives whole ones. */
  get partialRead(): number | null {
    const known = [PTP_OPERATION.GetPartialObject, PTP_OPERATION.EosGetPartialObject];
    return known.find((operation) => this.can(operation)) ?? null;
  }

  /** One piece (ISO 15740 10.4.25). Fails as garbled when its length is not what both sides said. */
  async piece(operation: number, handle: number, offset: number, length: number): Promise<Buffer | PtpFailure> {
    const answer = await this.run(operation, [handle, offset, length], { maxDataBytes: length });
    if (isFailure(answer)) return answer;
    const said = answer.parameters[0] ?? answer.data.byteLength;
    if (answer.data.byteLength === 0 || said !== answer.data.byteLength) {
      return garbled(`piece of ${answer.data.byteLength} bytes, said ${said}`, Buffer.alloc(0));
    }
    return answer.data;
  }

  /** The whole object (ISO 15740 10.4.9), streamed. */
  async whole(handle: number, size: number, onData: (chunk: Uint8Array) => Promise<void>): Promise<PtpFailure | null> {
    const answer = await this.run(PTP_OPERATION.GetObject, [handle], { maxDataBytes: size, onData });
    return isFailure(answer) ? answer : null;
  }

  async remove(handle: number): Promise<PtpFailure | null> {
    const answer = await this.run(PTP_OPERATION.DeleteObject, [handle, 0]);
    return isFailure(answer) ? answer : null;
  }

  /** Exposure, aperture, sensitivity and focal length as the camera reports them now; what it does not report is left out. */
  async exposureSettings(): Promise<Record<string, string>> {
    const settings: Record<string, string> = {};
    for (const { property, name, dataType, show } of EXPOSURE_PROPERTIES) {
      if (!this.info.devicePropertiesSupported.includes(property)) continue;
      const answer = await this.run(PTP_OPERATION.GetDevicePropValue, [property]);
      const value = isFailure(answer) ? null : decodePropertyValue(dataType, answer.data);
      if (typeof value === 'number' && value > 0) settings[name] = show(value);
    }
    return settings;
  }

  /** A question that any camera answers at once. */
  async ask(): Promise<PtpFailure | null> {
    const answer = await this.run(PTP_OPERATION.GetStorageIDs, []);
    return isFailure(answer) ? answer : null;
  }

  /** Says goodbye if the camera listens, and closes. Bounded, whatever else is under way. */
  async close(): Promise<void> {
    const timeouts = { ...this.timeouts, silenceMs: CLOSE_SILENCE_MS };
    await Promise.race([run(this.connection, timeouts, PTP_OPERATION.CloseSession, []), sleep(CLOSE_SILENCE_MS)]);
    await this.connection.close();
  }

  private run(
    code: number,
    parameters: readonly number[],
    rest: Partial<PtpRequest> = {},
  ): Promise<Answer | PtpFailure> {
    return run(this.connection, this.timeouts, code, parameters, rest);
  }
}

const EXPOSURE_PROPERTIES = [
  // Units: ISO 15740 13.4. 0.1 ms, hundredths, ISO, hundredths of a millimetre.
  {
    property: PTP_PROPERTY.ExposureTime,
    name: 'exposureTimeS',
    dataType: PTP_TYPE.Uint32,
    show: (value: number) => (value / 10_000).toString(),
  },
  {
    property: PTP_PROPERTY.FNumber,
    name: 'fNumber',
    dataType: PTP_TYPE.Uint16,
    show: (value: number) => (value / 100).toString(),
  },
  {
    property: PTP_PROPERTY.ExposureIndex,
    name: 'iso',
    dataType: PTP_TYPE.Uint16,
    show: (value: number) => value.toString(),
  },
  {
    property: PTP_PROPERTY.FocalLength,
    name: 'focalLengthMm',
    dataType: PTP_TYPE.Uint32,
    show: (value: number) => (value / 100).toString(),
  },
] as const;

interface Answer {
  readonly parameters: readonly number[];
  readonly data: Buffer;
}

async function run(
  connection: PtpIpConnection,
  timeouts: PtpTimeouts,
  code: number,
  parameters: readonly number[],
  rest: Partial<PtpRequest> = {},
): Promise<Answer | PtpFailure> {
  const { silenceMs } = timeouts;
  const result = await connection.transact({ code, parameters, silenceMs, maxDataBytes: SMALL, ...rest });
  const name = ptpOperationName(code);
  switch (result.kind) {
    case 'silent':
      return { failed: 'silent', detail: `no answer to ${name} within ${silenceMs} ms`, evidence: '' };
    case 'lost':
      return { failed: 'lost', detail: `${name}: ${result.detail}`, evidence: '' };
    case 'oversized':
      return { failed: 'garbled', detail: `${name}: more data than asked for`, evidence: '' };
    case 'rejected':
      return { failed: 'sink', detail: `${name}: could not be stored`, evidence: '', error: result.error };
    default:
  }
  if (result.code !== PTP_RESPONSE.OK) {
    return { failed: 'refused', code: result.code, detail: `${name}: ${ptpResponseName(result.code)}`, evidence: '' };
  }
  if (!result.complete) return garbled(`${name}: ${result.dataLength} bytes, not what was announced`, result.data);
  return { parameters: result.parameters, data: result.data };
}

function garbled(detail: string, bytes: Uint8Array): PtpFailure {
  return { failed: 'garbled', detail, evidence: Buffer.from(bytes.subarray(0, 256)).toString('hex') };
}

async function giveUp(connection: PtpIpConnection, failure: PtpFailure): Promise<PtpFailure> {
  await connection.close();
  return failure;
}

function connectFailure(error: unknown): PtpFailure {
  const detail = error instanceof Error ? error.message : String(error);
  const code = error instanceof TransportError ? error.code : 'FAILED';
  const kinds = {
    NOT_FOUND: 'unreachable',
    BUSY: 'occupied',
    PERMISSION: 'rejected',
    TIMEOUT: 'silent',
    LOST: 'lost',
    ABORTED: 'aborted',
    FAILED: 'garbled',
  } as const;
  return { failed: kinds[code], detail, evidence: '' };
}
