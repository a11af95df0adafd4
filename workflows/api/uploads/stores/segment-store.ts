/** Where sealed segments lie. They are written once, whole, and never changed; their names are random ids. */

export interface SegmentName {
  readonly tenantId: string;
  readonly fileId: string;
  readonly objectId: string;
}

export interface SegmentStore {
  /** Durable when it resolves. @throws StoreFullError, StoreUnavailableError */
  put(name: SegmentName, bytes: Uint8Array): Promise<void>;
  /** null: it is not there, while the store itself is well. @throws StoreUnavailableError */
  get(name: SegmentName): Promise<Buffer | null>;
  /** What is not there is removed already. @throws StoreUnavailableError */
  remove(names: readonly SegmentName[]): Promise<void>;
  /** Removes everything of a file but these, whatever left it there. @throws StoreUnavailableError */
  keepOnly(file: Pick<SegmentName, 'tenantId' | 'fileId'>, objectIds: ReadonlySet<string>): Promise<void>;
  /** @throws StoreUnavailableError when it can't be worked with now */
  check(): Promise<void>;
  close(): void;
}

/** There is no room; what was stored before stays. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError';
}

/** It does not answer, or is not the store that it was: says nothing about what lies in it. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
}
