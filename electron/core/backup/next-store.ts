/** The last touch to a file that will take the clinic's place: what happened is in its audit trail, and it has an anchor of its own. */
import { randomUUID } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { VantageError } from '../../contract/index.ts';
import type { AuditEntryInput } from '../../contract/index.ts';
import { AuditTrail } from '../audit/index.ts';
import { signerOf } from '../audit/signer.ts';
import { GENERATION_KEY, headsOf, missingFrom, sealedAnchor } from '../store/anchor.ts';
import type { Anchor, AnchorFinding, MissingChanges } from '../store/anchor.ts';
import { IDENTITY_KEY, STORE_ID_KEY, missingChanges } from '../store/anchor-check.ts';
import { openCipherFile } from '../store/cipher-file.ts';
import { writeDurably } from '../store/durable-file.ts';
import { deriveKey } from '../store/key-handling.ts';
import { NEVER_SCRUBBED, PAGE_SCRUB_KEY } from '../store/page-scrub.ts';
import { nextAnchorPath, nextStorePath } from '../store/replace-file.ts';
import { readStationValue, writeStationValue } from '../store/station-values.ts';

export interface NextStoreOptions {
  /** The clinic's; the file lies at `nextStorePath(directory)`. */
  readonly directory: string;
  /** Under which the file is encrypted, and from now on the anchor sealed. */
  readonly masterKey: Uint8Array;
  readonly at: string;
  /** What happened: `store.restored`, `store.key-changed`, `store.salvaged`. */
  readonly action: string;
  readonly detail: AuditEntryInput['detail'];
  /** Who did it: a member of staff, or the station's id with the role `station`. */
  readonly by: { readonly id: string; readonly role: string };
  /** The last good anchor of the file that is replaced: what the new one lacks of it is recorded. */
  readonly former: Anchor | null;
  /** What nobody has confirmed yet, and the new file does not mend. */
  readonly findings?: readonly AnchorFinding[];
  /** More to keep in table `station`. */
  readonly values?: Readonly<Record<string, string>>;
}

/**
 * Makes the file ready and durable, with its anchor beside it. Nothing counts before `announceReplacement`.
 * @returns what the new file lacks of what the former anchor said; null where it lacks nothing or that is not known.
 */
export function finishNextStore(options: NextStoreOptions): MissingChanges | null {
  const { directory, masterKey, at, action, detail, by, former, findings = [], values = {} } = options;
  const path = nextStorePath(directory);
  const sqlite = openCipherFile(path, deriveKey(masterKey, 'store'), { keyIsRight: true });
  try {
    // The new file is moved, and nothing that belongs to it may lie beside.
    sqlite.pragma('journal_mode = DELETE');
    sqlite.pragma('synchronous = FULL');
    const storeId = readStationValue(sqlite, STORE_ID_KEY);
    const identity = readStationValue(sqlite, IDENTITY_KEY);
    if (storeId === null || identity === null) throw new VantageError('STORE_DAMAGED', 'the file names no station');
    const missing = former === null || former.storeId !== storeId ? null : missingFrom(sqlite, former);
    const generation = randomUUID();
    sqlite
      .transaction(() => {
        new AuditTrail(sqlite).append({
          at,
          actorId: by.id,
          role: by.role,
          action,
          subjectKind: 'store',
          subjectId: storeId,
          detail: {
            ...detail,
            missingChanges: missing === null ? 0 : missingChanges(missing),
            missingAuditFrom: missing?.audit?.from ?? null,
            missingAuditThrough: missing?.audit?.through ?? null,
          },
        });
        const own = { [GENERATION_KEY]: generation, [PAGE_SCRUB_KEY]: NEVER_SCRUBBED };
        for (const [key, value] of Object.entries({ ...values, ...own })) {
          writeStationValue(sqlite, key, value);
        }
      })
      .immediate();
    const { stationId, privateKey } = JSON.parse(identity) as {
      readonly stationId: string;
      readonly privateKey: string;
    };
    const signer = signerOf(privateKey);
    const anchor: Anchor = {
      version: 1,
      number: (former?.number ?? 0) + 1,
      storeId,
      stationId,
      generation,
      publicKey: signer.publicKey,
      writtenAt: at,
      state: 'closed',
      salt: '',
      heads: headsOf(sqlite),
      findings: [...findings],
    };
    sqlite.close();
    const sealed = sealedAnchor({ ...anchor, salt: saltOf(path) }, masterKey, signer);
    writeDurably(nextAnchorPath(directory), sealed, 0o600);
    return missing;
  } finally {
    if (sqlite.open) sqlite.close();
  }
}

/** Of a file that nobody has open. */
function saltOf(path: string): string {
  const bytes = Buffer.alloc(16);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, bytes, 0, bytes.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return bytes.toString('hex');
}
