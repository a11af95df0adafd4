/** What the proof and a station's process say to each other. */
import type { CloudClinic } from '../cloud-database.ts';

/** What a station is started with, as JSON. */
export interface StationOptions {
  readonly directory: string;
  readonly seed: number;
  /** From 0. */
  readonly index: number;
  readonly stationId: string;
  readonly clinic: CloudClinic;
  /** PKCS #8, PEM. */
  readonly keyPem: string;
  readonly cloudAddress: string;
}

export type ToStation =
  /** No more writes. */
  | { readonly kind: 'rest' }
  /** How far its clock is off from now on, ms. */
  | { readonly kind: 'clock'; readonly offsetMs: number }
  | { readonly kind: 'report' };

export type FromStation =
  /** Open, and writes. */
  | { readonly kind: 'up' }
  /** A transaction was acknowledged to whoever wrote: the number of its last write. */
  | { readonly kind: 'acknowledged'; readonly number: number }
  | { readonly kind: 'report'; readonly unpushed: number; readonly contentHash: string; readonly state: string };
