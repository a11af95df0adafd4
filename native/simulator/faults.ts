/**
 * One fault language for all simulated devices. A script is a list of faults; a simulator asks at each of its own points
 * ("selector": an operation, an event, a frame) whether something goes wrong there now, and does it on its own wire.
 */

/**
 * - `drop`: does the work, says nothing. - `delay`: answers late. - `truncate`: sends only `atByte` bytes of what it announced.
 * - `corrupt`: flips the byte at `atByte`. - `duplicate`: says it twice. - `wrongId`: answers with somebody else's id.
 * - `stall`: sends nothing more, keeps the line open. - `busy`: refuses as busy. - `unplug`: goes away, at `atByte` if given.
 */
type FaultAction = 'drop' | 'delay' | 'truncate' | 'corrupt' | 'duplicate' | 'wrongId' | 'stall' | 'busy' | 'unplug';

export interface Fault {
  /** Where: named by the simulator; `*` is everywhere. */
  readonly selector: string;
  /** Matches to let pass before the first fault. Default 0. */
  readonly skip?: number;
  /** How often it happens. Default 1. */
  readonly count?: number;
  readonly action: FaultAction;
  /** Where in the bytes, for `truncate`, `corrupt` and `unplug`. */
  readonly atByte?: number;
  /** How late, for `delay`. Default 1,000. */
  readonly delayMs?: number;
}

/** Faults that are still to come, counted down as they happen. */
export class FaultScript {
  private entries: { readonly fault: Fault; skip: number; left: number }[] = [];

  constructor(faults: readonly Fault[] = []) {
    for (const fault of faults) this.add(fault);
  }

  add(fault: Fault): void {
    this.entries.push({ fault, skip: fault.skip ?? 0, left: fault.count ?? 1 });
  }

  clear(): void {
    this.entries = [];
  }

  /** The fault that happens here now, or null. `applies` may narrow it, e.g. to the piece that holds `atByte`. */
  take(selector: string, applies: (fault: Fault) => boolean = () => true): Fault | null {
    for (const entry of this.entries) {
      const { fault } = entry;
      if (entry.left === 0 || (fault.selector !== selector && fault.selector !== '*') || !applies(fault)) continue;
      if (entry.skip > 0) {
        entry.skip--;
        continue;
      }
      entry.left--;
      return fault;
    }
    return null;
  }
}
