/** What a long proof is given and says. */
export interface FaultOptions {
  readonly full: boolean;
  readonly seed: number;
  /** Runs the proof against a writer that does not flush: it must find losses, else it could not find any. */
  readonly unsafeControl: boolean;
}

export interface FaultResult {
  readonly passed: number;
  /** One line per thing that must hold and does not. */
  readonly failures: readonly string[];
  /** "name: reason" of each part that can't be had on this machine. */
  readonly skipped?: readonly string[];
}
export type FaultProof = (options: FaultOptions) => Promise<FaultResult>;
