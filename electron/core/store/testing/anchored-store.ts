/** A store with its station key and its anchor, as a clinic opens it. */
import { signerOf } from '../../audit/signer.ts';
import { stationIdentity } from '../../station.ts';
import { keepAnchor } from '../index.ts';
import type { AnchorKeeper, Store, StoreOptions } from '../index.ts';
import { KEY, NOON, STATION, openTestStore } from './documents.ts';

export interface AnchoredStore {
  readonly store: Store;
  readonly anchor: AnchorKeeper;
  /** As the clinic does: the last anchor, then the store. */
  close(): Promise<void>;
  /** Lets go of the file without a last anchor. */
  abandon(): Promise<void>;
}

export async function openAnchored(directory: string, options: Partial<StoreOptions> = {}): Promise<AnchoredStore> {
  const store = await openTestStore(directory, options);
  const { stationId, privateKey } = stationIdentity(store, 'clinic', STATION);
  const anchor = await keepAnchor({
    store,
    directory,
    masterKey: options.key ?? KEY,
    signer: signerOf(privateKey),
    stationId,
    now: () => new Date(options.now?.() ?? NOON),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    // Tests say themselves when.
    lagMs: 3_600_000,
  });
  return {
    store,
    anchor,
    close: async () => {
      await anchor.close();
      await store.close();
    },
    abandon: async () => {
      anchor.stop();
      await store.close();
    },
  };
}
