/** An outbox on a real store in a folder of its own; a test moves its clock, and says what the cloud answers. */
import type { Store } from '../../store/index.ts';
import { AUTHOR, openTestStore, temporaryFolder } from '../../store/testing/documents.ts';
import { ManualClock } from '../../sync/testing/manual-clock.ts';
import { Outbox } from '../outbox.ts';
import { ScriptedSender } from './scripted-sender.ts';

/** Who decides about requests. */
export const BY = { actorId: AUTHOR, role: 'operator' };

const QUIET = { debug() {}, info() {}, warn() {}, error() {} };

export interface OutboxRig {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly sender: ScriptedSender;
  /** Not started. @param sender null: no workflows are configured */
  readonly outbox: (sender?: ScriptedSender | null) => Outbox;
  /** After the outbox. */
  readonly close: () => Promise<void>;
}

/** @param at of the clock, in milliseconds; left out, its own beginning */
export async function openOutboxRig(at?: number): Promise<OutboxRig> {
  const folder = temporaryFolder();
  const store = await openTestStore(folder.path);
  const clock = new ManualClock();
  if (at !== undefined) await clock.advance(at - clock.now());
  const ownSender = new ScriptedSender();
  return {
    store,
    clock,
    sender: ownSender,
    outbox: (sender = ownSender) =>
      new Outbox({ store, sender, clock, random: () => 0.5, log: QUIET, changed: () => undefined }),
    close: async () => {
      await store.close();
      folder.remove();
    },
  };
}
