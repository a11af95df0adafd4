/** Tells the cloud what this station has not sent, in counts, so that whoever looks after it sees it from elsewhere. */
import { z } from 'zod';
import type { Unpushed } from '../../contract/index.ts';
import { CLOUD_PATHS, equalJson } from '../../contract/index.ts';
import type { SyncClock } from './clock.ts';
import type { CloudClient } from './cloud-client.ts';

/** Told again without a change, so that it is known how old it is. */
const AGAIN_MS = 5 * 60_000;
/** Counts change with every write. */
const EVERY_MS = 60_000;

const answerSchema = z.object({ ok: z.literal(true) });

export class BacklogReport {
  readonly #cloud: Pick<CloudClient, 'post'>;
  readonly #clock: SyncClock;
  #told: Unpushed | null = null;
  #toldAt = -Infinity;

  constructor(cloud: Pick<CloudClient, 'post'>, clock: SyncClock) {
    this.#cloud = cloud;
    this.#clock = clock;
  }

  /** Tells it where that is due. Rejects as the client does; it is due again after a while. */
  async tell(unpushed: Unpushed, signal: AbortSignal): Promise<void> {
    const since = this.#clock.monotonic() - this.#toldAt;
    if (since < EVERY_MS || (since < AGAIN_MS && equalJson(unpushed, this.#told))) return;
    this.#toldAt = this.#clock.monotonic();
    await this.#cloud.post(CLOUD_PATHS.backlog, unpushed, answerSchema, { signal });
    this.#told = unpushed;
  }
}
