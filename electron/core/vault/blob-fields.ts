/** Where documents name stored files. */
import type { BlobUse, CollectionName } from '../../contract/index.ts';

type BlobPart = Pick<BlobUse, 'kind' | 'part'> & { readonly field: string };

/** By collection; a collection that is not here names none. */
export const BLOB_FIELDS: Readonly<Partial<Record<CollectionName, readonly BlobPart[]>>> = {
  captures: [
    { field: 'blobId', kind: 'capture', part: 'image' },
    { field: 'thumbnailBlobId', kind: 'capture', part: 'thumbnail' },
    { field: 'overlayBlobId', kind: 'capture', part: 'overlay' },
  ],
  findings: [{ field: 'overlayBlobId', kind: 'finding', part: 'overlay' }],
  reports: [{ field: 'blobId', kind: 'report', part: 'pdf' }],
};
