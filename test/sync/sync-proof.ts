/** What a proof of convergence is given and says. */
import type { ServerAddress } from './cloud-database.ts';

export interface SyncProofOptions {
  readonly full: boolean;
  readonly seed: number;
  /** Only this seed, with what happened in it. */
  readonly only: boolean;
  /** Other sizes than those of `full`; undefined: those. */
  readonly seeds: number | undefined;
  readonly stations: number | undefined;
  /** Runs the proof with a rule broken: it must find that out, else it could not find anything. */
  readonly unsafeControl: boolean;
  readonly server: ServerAddress;
}

export interface SyncProofResult {
  readonly passed: number;
  /** One line per thing that must hold and does not. */
  readonly failures: readonly string[];
}

export type SyncProof = (options: SyncProofOptions) => Promise<SyncProofResult>;
