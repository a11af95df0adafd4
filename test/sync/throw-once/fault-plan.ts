/** Counts the calls at each site and fails exactly one of them. */

export interface Fault {
  readonly site: string;
  /** Which call at the site, from 1. */
  readonly call: number;
}

export class FaultPlan {
  readonly fault: Fault | null;
  readonly calls = new Map<string, number>();
  /** Whether the fault has happened. */
  struck = false;
  #counting = true;

  constructor(fault: Fault | null) {
    this.fault = fault;
  }

  /** @param failure what is thrown there; an error of nobody's kind if left out */
  readonly hit = (site: string, failure: () => Error = (): Error => new Error(`made to fail: ${site}`)): void => {
    if (!this.#counting) return;
    const call = (this.calls.get(site) ?? 0) + 1;
    this.calls.set(site, call);
    if (this.struck || this.fault?.site !== site || this.fault.call !== call) return;
    this.struck = true;
    throw failure();
  };

  /** From now on nothing fails: what follows asks how things stand. */
  rest(): void {
    this.#counting = false;
  }
}
