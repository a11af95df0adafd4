/** In core, before the clinic is opened: the change of its key that a person began at a screen. The work itself is `core/backup`'s. */
import type { MaintenanceJob, Problem, KeyChangeWork } from '../contract/index.ts';
import { changeMasterKey } from '../core/backup/change-key.ts';
import { codeOf, problemFrom } from '../core/problems.ts';
import type { CoreAsk, KeyChange } from './messages.ts';

/** What is under way when a step is over. */
const AFTER = {
  copied: 'encrypting',
  encrypted: 'replacing',
  announced: 'replacing',
  saved: 'replacing',
  done: 'opening',
} as const satisfies Record<string, KeyChangeWork['step']>;

export interface CarriedOut {
  /** Of now: the new one as soon as it was saved, whatever came after. */
  readonly masterKey: Uint8Array;
  /** How it went, for the screen that it was begun at. */
  readonly job: MaintenanceJob;
}

/**
 * What did not come about leaves the old key and the old file, and the clinic opens with them.
 * @throws VantageError KEY_MISSING where it is not known which of the keys the host has now
 */
export async function carryOut(options: {
  readonly directory: string;
  readonly masterKey: Uint8Array;
  readonly keyChange: KeyChange;
  readonly ask: (message: CoreAsk) => Promise<void>;
}): Promise<CarriedOut> {
  const { directory, masterKey, keyChange, ask } = options;
  const { by, newKey } = keyChange;
  let { isSaved } = keyChange;
  let isUnclear = false;
  let problem: Problem | null = null;
  if (newKey !== null) {
    const step = (next: KeyChangeWork['step']): void =>
      void ask({ type: 'key-step', step: next }).catch(() => undefined);
    step('copying');
    try {
      await changeMasterKey({
        directory,
        masterKey,
        newKey,
        save: async () => {
          await ask({ type: 'save-key' }).catch((error: unknown) => {
            isUnclear = codeOf(error) === 'KEY_MISSING';
            throw error;
          });
          isSaved = true;
        },
        by: { id: by.staffId, role: by.role },
        now: () => new Date(),
        progress: (done) => step(AFTER[done]),
      });
    } catch (error) {
      if (isUnclear) throw error;
      problem = problemFrom(error, new Date());
    }
  } else if (!isSaved) problem = { code: 'PROCESS_STOPPED', detail: '', at: new Date().toISOString() };
  return {
    masterKey: isSaved && newKey !== null ? newKey : masterKey,
    job: {
      kind: 'key-change',
      // Saved is done: what is left then the opening finishes, or says why it can't.
      state: isSaved ? 'done' : 'failed',
      byName: by.name,
      startedAt: keyChange.startedAt,
      endedAt: new Date().toISOString(),
      done: 0,
      total: null,
      unit: null,
      problem: isSaved ? null : problem,
    },
  };
}
