/** What screens are told of sync and ask of it. It names nobody: whose an artefact is, is looked up beside it, by role. */
import type { ArtefactQuery, ArtefactRef, ArtefactRow, SyncSteps, SyncView } from '../../contract/index.ts';

/** The two receipts that the cloud gives. */
export type CloudReceipts = Pick<ArtefactRow, 'inCloud' | 'verified'>;

export interface SyncState extends Omit<SyncView, 'at' | 'steps'> {
  readonly steps: Omit<SyncSteps, 'onlyOnDevice'>;
}

/** As `ArtefactPage`, without anything that is said of a visit. */
export interface SyncPage {
  readonly items: readonly (CloudReceipts & { readonly artefact: ArtefactRef })[];
  readonly next: string | null;
  readonly total: number;
}

export interface SyncReader {
  /** Cheap enough to be asked several times a second. */
  state(): Promise<SyncState>;
  /** Told when something in it may be different: at most a few times a second, also while bytes flow. @returns how to stop. */
  changes(listener: () => void): () => void;
  page(query: ArtefactQuery): Promise<SyncPage>;
  /** Returns at once. */
  tryNow(): void;
  /** @throws VantageError NOT_FOUND: there is nothing of it here to be sent. */
  resend(artefact: ArtefactRef): Promise<void>;
  setBandwidth(limitBytesPerSecond: number | null): Promise<void>;
}
