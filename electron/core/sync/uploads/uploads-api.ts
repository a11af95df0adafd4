/** What the rest of sync, the screens and retention see of the uploads. Types only. */
import type { ArtefactQuery, ArtefactRef, Bandwidth, CollectionName, Problem } from '../../../contract/index.ts';
import type { Log } from '../../clinic-api.ts';
import type { Store } from '../../store/index.ts';
import type { Vault } from '../../vault/index.ts';
import type { SyncClock } from '../clock.ts';
import type { CloudClient } from '../cloud-client.ts';
import type { SyncPage } from '../sync-reader.ts';
import type { QueueSteps } from './queue-view.ts';

export interface UploadsOptions {
  readonly store: Store;
  readonly vault: Pick<Vault, 'find' | 'grantRead' | 'verify'>;
  readonly cloud: Pick<CloudClient, 'post' | 'raw'>;
  readonly clock: SyncClock;
  /** In [0, 1): spreads what many stations would do at once. */
  readonly random: () => number;
  readonly log: Log;
  readonly stationId: string;
  /** Resolves when requests make sense. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  /** Whether pictures are on their way or being judged: disk and line are theirs first. */
  readonly busy?: () => boolean;
  /** Whether the cloud has acknowledged a document as it is here: measured values and findings travel with theirs. */
  readonly documents?: {
    isAcknowledged(collection: CollectionName, id: string): boolean;
    changes(listener: () => void): () => void;
  };
  /** Files that are sent at the same time. Default 2. */
  readonly concurrency?: number;
}

export interface Uploads {
  /** Counted from receipts; cheap enough to be asked several times a second. */
  steps(): QueueSteps;
  page(query: ArtefactQuery): SyncPage;
  /** Files that the cloud does not have whole. */
  unsent(): { readonly files: number; readonly oldestAt: string | null };
  /** What does not go on by itself, or of which somebody must know. */
  needs(): readonly { readonly problem: Problem; readonly artefact: ArtefactRef | null }[];
  bandwidth(): Bandwidth;
  /** Kept. null: as fast as the line takes them. */
  setBandwidth(limitBytesPerSecond: number | null): Promise<void>;
  /**
   * When the cloud said that it has read back its copy of this content and found this very hash; null: it has not. An instant, ISO 8601:
   * what retention asks before it deletes anything.
   */
  verifiedAt(sha256: string): string | null;
  /** Puts a file first, also one that was held. @throws VantageError NOT_FOUND: there is nothing of it here to be sent */
  resend(artefact: ArtefactRef): Promise<void>;
  /** Ends the wait after a failure; for one that the cloud asked for its time is waited. */
  tryNow(): void;
  /** Told of every change, also while bytes flow. @returns how to stop. */
  changes(listener: () => void): () => void;
  /** Resolves when every file is verified, held or gone, and the queue has been put right. @throws the signal's reason */
  drained(signal?: AbortSignal): Promise<void>;
  /** Waits until nothing is being sent any more; what was under way goes on from there another time. */
  close(): Promise<void>;
}
