/** What the station does by itself while it is open: sweeps the vault, and deletes pictures as the retention policy says. */
import type { Log } from './clinic-api.ts';
import { codeOf } from './problems.ts';
import type { Retention } from './retention/retention.ts';
import type { Scrub } from './vault/scrub.ts';
import type { Vault } from './vault/index.ts';

export interface Upkeep {
  /** All of it now; while it is under way one gets that run. Never throws: what fails is logged, and tried again later. */
  run(): Promise<void>;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** Begins with the first interval: opening the vault has just swept it. @param options `everyMs` default one hour. */
export function startUpkeep(options: {
  readonly vault: Vault;
  readonly scrub: Scrub;
  readonly retention: Retention;
  readonly log: Log;
  readonly everyMs?: number;
}): Upkeep {
  const { vault, scrub, retention, log, everyMs = 3_600_000 } = options;
  const stopping = new AbortController();
  let running: Promise<void> | null = null;

  async function runOnce(): Promise<void> {
    try {
      const { missingBlobIds } = await vault.sweep();
      await scrub.noteMissing(missingBlobIds);
      if (!stopping.signal.aborted) await retention.run(undefined, stopping.signal);
    } catch (error) {
      log.error({ code: codeOf(error) }, 'the upkeep of stored files did not get through; going on later');
    }
  }

  function run(): Promise<void> {
    running ??= runOnce().finally(() => {
      running = null;
    });
    return running;
  }

  const timer = setInterval(() => void run(), everyMs);
  timer.unref();
  return {
    run,
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await running;
    },
  };
}
