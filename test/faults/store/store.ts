/** The store and the vault of one clinic against `kill -9` and against a disk that fills up. */
import type { FaultProof } from '../fault-proof.ts';
import { diskFullFaults } from './disk-full.ts';
import { killFaults } from './kills.ts';

export const storeFaults: FaultProof = async (options) => {
  const kills = await killFaults(options);
  const disk = await diskFullFaults(options);
  return {
    passed: kills.passed + disk.passed,
    failures: [...kills.failures, ...disk.failures],
    skipped: disk.skipped ?? [],
  };
};
