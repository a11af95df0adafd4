/**
 * What the core process is to those who run it: `electron/services/core.ts` makes one with `openClinic` (clinic.ts) and hands it
 * ports. Types only.
 */
import type { DeviceConfiguration, KeyCustody, MaintenanceJob, ProcessStatus, Surface } from '../contract/index.ts';
import type { InferenceApi, ReadGrant } from '../../native/inference/inference-api.ts';
import type { DevicesApi } from '../../native/supervisor/devices-api.ts';
import type { StationWorkApi } from './station-work/station-work-api.ts';

/** A port as the RPC library takes it (browser MessagePort, Electron MessagePortMain, or a relayed one). */
export interface ScreenPort {
  postMessage(message: unknown): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'close', listener: () => void): void;
  start?(): void;
  close(): void;
}

export interface ClinicOptions {
  /** Where everything is kept: `clinic.db`, `vault/`, `station.json`. Demonstration and clinic have directories of their own. */
  readonly directory: string;
  readonly mode: 'demonstration' | 'clinic';
  /** 256 bits. Lives in this process only. */
  readonly masterKey: Uint8Array;
  readonly buildId: string;
  readonly devices: DevicesApi;
  readonly inference: InferenceApi;
  /** The devices that this station starts with when its store has none (the demonstration's simulators). */
  readonly initialDevices: readonly DeviceConfiguration[];
  readonly now: () => Date;
  readonly log: Log;
  /** How the key is kept, and the way to another one. Left out where no host keeps it. */
  readonly keys?: ClinicKeys;
  /** The passphrase for recovery gave the key: nothing else that is kept here opened it. */
  readonly openedWithRecovery?: boolean;
  /** How the change of the key went for which the station was closed just now. */
  readonly keyChange?: MaintenanceJob | null;
  /** How the cloud may be reached; which one it is, an enrolment says. */
  readonly cloud?: CloudSettings;
  /** Left out: visits end on this station. */
  readonly workflows?: WorkflowSettings;
}

/** Who began a change of the key: its id and roles go into the audit trail, the name onto screens. */
export interface KeyChangeAuthor {
  readonly staffId: string;
  readonly name: string;
  readonly role: string;
}

export interface ClinicKeys {
  readonly custody: KeyCustody;
  /** The host closes the clinic soon, changes its key and opens it again. @throws VantageError KEY_NOT_KEPT, STATUS_CONFLICT */
  change(by: KeyChangeAuthor): Promise<void>;
}

export interface CloudSettings {
  /** http to other machines as well, for development. */
  readonly allowHttp: boolean;
}

/** Where the cloud's workflows are. */
export interface WorkflowSettings {
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
  /** Read with each connection. @throws VantageError WORKFLOWS_REFUSED: they are not there, or not enough. */
  readonly credentials: () => WorkflowCredentials;
}

export interface WorkflowCredentials {
  /** Null: without TLS. PEM, each null where the system's or none is used. */
  readonly tls: {
    readonly authority: Uint8Array | null;
    readonly client: { readonly certificate: Uint8Array; readonly key: Uint8Array } | null;
  } | null;
  readonly apiKey: string | null;
  /** The tenant's keys for what is sent, as `readKeys` (workflows/codec) takes them. Null: as they came with the enrolment. */
  readonly payloadKeys: string | null;
}

/** Structured log, patient data never in it (ids and codes only). pino's shape. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Who is at the other end of a port. Given by the host, never by the page. */
export interface Screen {
  readonly surface: Surface;
  /** Random, stays the same when the page reconnects; the sign-in of a screen is remembered under it. */
  readonly screenSessionId: string;
}

export interface MediaGrant extends ReadGrant {
  readonly mediaType: string;
  readonly size: number;
  readonly filename: string;
}

export interface Clinic {
  /** For the process that polls the cloud for this station's work. */
  readonly stationWork: StationWorkApi;
  /** Serves the surface's router on the port until it closes. */
  attach(port: ScreenPort, screen: Screen): void;
  /**
   * What `media.open` promised: the host asks with the path it was requested under and the screen that asked.
   * @returns null when the path is unknown, expired or another screen's.
   */
  openMedia(path: string, screenSessionId: string): MediaGrant | null;
  /** The host tells how the other processes are; it goes into the station line. */
  reportProcesses(processes: readonly ProcessStatus[]): void;
  /**
   * After the devices or inference process came back: configures it again and takes up what was under way.
   * `api` objects stay the same; their calls in flight have been rejected.
   */
  resumed(process: 'devices' | 'inference'): void;
  /** Finishes writes, closes the store. */
  close(): Promise<void>;
}
