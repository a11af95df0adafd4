/** What the cloud says it has, by content: asked for many files at once, and written down. Nothing is called verified without it. */
import { UPLOAD_LIMITS, UPLOAD_PATHS, receiptsResponseSchema } from '../../../contract/index.ts';
import type { FileReceipt, Problem, ProblemCode } from '../../../contract/index.ts';
import type { Log } from '../../clinic-api.ts';
import type { Store } from '../../store/index.ts';
import type { SyncClock } from '../clock.ts';
import type { CloudClient } from '../cloud-client.ts';
import { NOT_BEGUN } from './tus.ts';
import type { Position } from './tus.ts';
import { setDiffers, setStored, setVerified, setWaiting, uploadOf } from './upload-rows.ts';

export const RECEIPTS_AT_ONCE = Math.min(200, UPLOAD_LIMITS.receipts);

export interface ReceiptsOptions {
  readonly store: Store;
  readonly cloud: Pick<CloudClient, 'post'>;
  readonly clock: SyncClock;
  readonly log: Log;
}

/** What receipts changed. `positions`: where uploads of contents go on that are not whole in the cloud. */
export interface Asked {
  readonly positions: ReadonlyMap<string, Position>;
  readonly changed: boolean;
}

/**
 * Asks for these contents and writes down what is so.
 * @param hashes at most {@link RECEIPTS_AT_ONCE}
 * @throws VantageError as `CloudClient.post`; DISK_FULL, DISK_FAILED
 */
export async function askReceipts(
  { store, cloud, clock, log }: ReceiptsOptions,
  hashes: readonly string[],
  signal: AbortSignal,
): Promise<Asked> {
  const files = hashes.map((sha256) => ({ sha256 }));
  const answer = await cloud.post(UPLOAD_PATHS.receipts, { files }, receiptsResponseSchema, { signal });
  // By what each says it is about: an answer in another order says nothing of another file.
  const receipts = new Map(answer.files.map((receipt) => [receipt.sha256, receipt]));
  const at = new Date(clock.now()).toISOString();
  return store.transaction((tx) => {
    const positions = new Map<string, Position>();
    let isChanged = false;
    for (const sha256 of hashes) {
      const row = uploadOf(tx.sqlite, sha256);
      const receipt = receipts.get(sha256);
      if (row === null || receipt === undefined) continue;
      const said = meaningOf(receipt, row.size);
      switch (said) {
        case 'verified':
          if (setVerified(tx.sqlite, sha256, receipt.verifiedAt ?? at, at)) isChanged = true;
          break;
        case 'stored':
          if (setStored(tx.sqlite, sha256, at)) isChanged = true;
          break;
        case 'differs':
          if (setDiffers(tx.sqlite, sha256, problem('UPLOAD_DIFFERS', at))) {
            isChanged = true;
            log.error({ sha256 }, 'the cloud’s copy of a file is another; it is sent again');
          }
          positions.set(sha256, NOT_BEGUN);
          break;
        default:
          if (setWaiting(tx.sqlite, sha256)) {
            isChanged = true;
            log.warn({ sha256, said }, 'the cloud does not have a file any more that it had; it is sent again');
          }
          positions.set(
            sha256,
            said === 'partial' ? { uploadId: receipt.uploadId, offset: receipt.offset } : NOT_BEGUN,
          );
      }
    }
    return { positions, changed: isChanged };
  });
}

/** What it means for a file of this size here: the same hash with another size is another file. */
function meaningOf({ state, size, offset, verifiedAt, uploadId }: FileReceipt, ours: number): FileReceipt['state'] {
  if (state === 'absent' || state === 'differs') return state;
  if (size !== ours) return 'differs';
  if (state === 'partial') return uploadId === null || offset > ours ? 'absent' : 'partial';
  return state === 'verified' && verifiedAt === null ? 'stored' : state;
}

function problem(code: ProblemCode, at: string): Problem {
  return { code, detail: '', at };
}
