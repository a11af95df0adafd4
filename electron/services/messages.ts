/** What the host and the services give each other: at the start, and as requests. */
import type { DeviceConfiguration, ProcessStatus } from '../contract/index.ts';

export interface SimulatorsInit {
  /** Where they were reachable before a restart; empty the first time. */
  readonly devices: readonly DeviceConfiguration[];
}
export interface SimulatorsReady {
  readonly devices: readonly DeviceConfiguration[];
}

export interface InferenceInit {
  readonly modelsDirectory: string;
}

export interface CoreInit {
  readonly directory: string;
  readonly mode: 'demonstration' | 'clinic';
  /** 256 bits. This message is the only way it reaches core: never environment, arguments or a file. */
  readonly masterKey: Uint8Array;
  readonly initialDevices: readonly DeviceConfiguration[];
  /** A backup of the clinic's own folder to put in the place of its data, before it is opened. */
  readonly restore: string | null;
}

export type CoreRequest =
  | { readonly type: 'processes'; readonly processes: readonly ProcessStatus[] }
  /** Answered by a `MediaGrant` or null. */
  | { readonly type: 'open-media'; readonly path: string; readonly screenSessionId: string };
