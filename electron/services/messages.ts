/** What the host and the services give each other: at the start, and as requests. */
import type { DeviceConfiguration, KeyChangeWork, KeyCustody, ProcessStatus, RestoreWork } from '../contract/index.ts';
import type { KeyChangeAuthor } from '../core/clinic-api.ts';

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
  /** How the key is kept: said on screens. */
  readonly custody: KeyCustody;
  /** It came from the passphrase for recovery, and no core has been open with it yet. */
  readonly openedWithRecovery: boolean;
  /** A change of the key that this start carries out, or that the last one did not come to the end of. */
  readonly keyChange: KeyChange | null;
}

export interface KeyChange {
  readonly by: KeyChangeAuthor;
  /** ISO 8601. */
  readonly startedAt: string;
  /** 256 bits, to be carried out before the clinic is opened. null: the process that was at it is gone. */
  readonly newKey: Uint8Array | null;
  /** Whether the new key was saved: then `masterKey` is it, and the opening finishes what is left. */
  readonly isSaved: boolean;
}

/** What core asks of its host. */
export type CoreAsk =
  /** To be closed soon and started again under a new key. */
  | { readonly type: 'change-key'; readonly by: KeyChangeAuthor }
  | { readonly type: 'save-key' }
  | { readonly type: 'key-step'; readonly step: KeyChangeWork['step'] }
  /** Refused with CANCELLED where a person wants it stopped. */
  | { readonly type: 'restore-progress'; readonly progress: RestoreProgress }
  /** The backup lies ready beside the data: may it take their place? Refused with CANCELLED. */
  | { readonly type: 'restore-decided' };

export type RestoreProgress = Pick<RestoreWork, 'step' | 'done' | 'total'>;

export type CoreRequest =
  | { readonly type: 'processes'; readonly processes: readonly ProcessStatus[] }
  /** Answered by a `MediaGrant` or null. */
  | { readonly type: 'open-media'; readonly path: string; readonly screenSessionId: string };
