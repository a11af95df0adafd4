/** All of one run: what it does, that the clinic may cancel it until it is too late, and how it ends then. */
import { ApplicationFailure, CancellationScope, TemporalFailure } from '@temporalio/workflow';
import type { MessageAnswer } from '../../electron/contract/workflows.ts';

export const ACCEPTED: MessageAnswer = { outcome: 'accepted' };
export const TOO_LATE: MessageAnswer = { outcome: 'refused', reason: 'TOO_LATE' };

export class WholeRun {
  readonly #scope = new CancellationScope();
  #cancelledInClinic = false;
  #isFinal = false;

  /** The clinic asked for it, not an operator. */
  get cancelledInClinic(): boolean {
    return this.#cancelledInClinic;
  }

  /** By whomever. */
  get isCancelled(): boolean {
    return this.#scope.consideredCancelled;
  }

  get isFinal(): boolean {
    return this.#isFinal;
  }

  /** @param ended how it ends where `work` is cancelled or fails; nothing cancels that */
  async run<T>(work: () => Promise<T>, ended: (error: TemporalFailure) => Promise<T>): Promise<T> {
    try {
      return await this.#scope.run(work);
    } catch (error) {
      // Anything else is a fault of the program: its task is tried again once that is mended.
      if (!(error instanceof TemporalFailure)) throw error;
      return await firmly(async () => ended(error));
    }
  }

  /** From here on nothing is taken back. */
  settle(): void {
    this.#isFinal = true;
  }

  /** @param isTooLate though it is not final @returns the answer to the clinic, which may ask twice */
  cancelInClinic(isTooLate = false): MessageAnswer {
    if (this.#cancelledInClinic) return ACCEPTED;
    if (isTooLate || this.#isFinal) return TOO_LATE;
    this.#cancelledInClinic = true;
    this.#scope.cancel();
    return ACCEPTED;
  }
}

/** What was begun is ended, whatever is cancelled meanwhile: a write that may or may not have happened is worse. */
export async function firmly<T>(work: () => Promise<T>): Promise<T> {
  return CancellationScope.nonCancellable(work);
}

/** For validators of updates, without what was wrong: it may be about the patient. @throws ApplicationFailure INVALID */
export function requireShape<Name extends string>(
  messages: Readonly<Record<Name, { safeParse(value: unknown): { readonly success: boolean } }>>,
  name: Name,
  message: unknown,
): void {
  if (messages[name].safeParse(message).success) return;
  throw ApplicationFailure.nonRetryable(`not a message '${name}'`, 'INVALID');
}
