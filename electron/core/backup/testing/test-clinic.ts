/** A clinic's store and vault with some content, for tests of backups and keys. */
import { join } from 'node:path';
import { STATION, auditEntry, patientDraft, startIntent } from '../../store/testing/documents.ts';
import { openAnchored } from '../../store/testing/anchored-store.ts';
import type { AnchoredStore } from '../../store/testing/anchored-store.ts';
import type { StoreOptions } from '../../store/index.ts';
import { openVault } from '../../vault/index.ts';
import type { Vault } from '../../vault/index.ts';

const QUIET = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
export const BY = { id: STATION, role: 'station' };

export interface SmallClinic extends AnchoredStore {
  readonly vault: Vault;
  /** Writes patients with their audit entries and intents, and one file each. */
  fill(from: number, to: number): Promise<void>;
}

export async function openSmallClinic(
  directory: string,
  options: Partial<StoreOptions> & { readonly key: Uint8Array },
): Promise<SmallClinic> {
  const anchored = await openAnchored(directory, options);
  const { store } = anchored;
  const vault = await openVault({
    directory: join(directory, 'vault'),
    database: store.sqlite,
    masterKey: options.key,
    now: () => new Date(options.now?.() ?? Date.now()),
    log: QUIET,
    reserveBytes: 0,
  });
  return {
    ...anchored,
    vault,
    fill: async (from, to) => {
      for (let seed = from; seed < to; seed += 1) {
        const prepared = await vault.prepareBytes(Buffer.from(`content ${seed} `.repeat(300)), 'text/plain');
        await store.transaction((transaction) => {
          const patient = patientDraft(seed);
          transaction.put('patients', patient);
          transaction.audit(auditEntry('patient.created', patient.id));
          transaction.intent(startIntent(seed, patient.id));
          vault.insertRow(prepared);
        });
      }
    },
  };
}

/** What a clinic holds, for comparing. */
export async function contentOf({ store, vault }: SmallClinic): Promise<Readonly<Record<string, unknown>>> {
  const blobIds = store.sqlite.prepare<[], string>('SELECT blob_id FROM vault_blobs ORDER BY blob_id').pluck().all();
  for (const blobId of blobIds) await vault.verify(blobId);
  return {
    patients: (await store.find('patients')).map((patient) => patient.number).toSorted(),
    intents: store.pendingIntents(10_000).map((intent) => intent.id),
    blobIds,
  };
}
