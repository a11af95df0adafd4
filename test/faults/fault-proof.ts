/** What a long proof is given and says. */
export interface FaultOptions {
  readonly full: boolean;
  readonly seed: number;
}
/** @returns one line per thing that must hold and does not. */
export type FaultProof = (
  options: FaultOptions,
) => Promise<{ readonly passed: number; readonly failures: readonly string[] }>;
