/** What a document stands for on the way to the cloud: files that it names, and values of its own that people look for. Pure. */
import type { Capture, CollectionName, DocumentOf, Session } from '../../../contract/index.ts';
import { BLOB_FIELDS } from '../../vault/blob-fields.ts';

/** Collections whose documents stand for something here. */
export const ARTEFACT_COLLECTIONS = ['captures', 'findings', 'reports', 'sessions'] as const satisfies CollectionName[];
type ArtefactCollection = (typeof ARTEFACT_COLLECTIONS)[number];

/** `hidden`: people see it as part of another. `file`, `record`: shown among files, among values. */
export const SHOWN = { hidden: 0, file: 1, record: 2 } as const;

export type Artefact = {
  /** Unique within its document: `image`, `thumbnail`, `overlay`, `pdf`; `record` for the document itself, `step:<stepId>` for a measured value. */
  readonly part: string;
  readonly shown: (typeof SHOWN)[keyof typeof SHOWN];
} & (
  | { readonly kind: 'file'; readonly blobId: string; readonly heavy: boolean }
  /** `at`: when it came to be. */
  | { readonly kind: 'record'; readonly value: unknown; readonly at: string }
  /** Taken, or perhaps taken, and not stored yet. */
  | { readonly kind: 'device'; readonly at: string }
);

export function isArtefactCollection(name: CollectionName): name is ArtefactCollection {
  return (ARTEFACT_COLLECTIONS as readonly CollectionName[]).includes(name);
}

/** In the order of the parts; none for collections that stand for nothing. */
export function artefactsOf<N extends CollectionName>(name: N, document: DocumentOf<N>): readonly Artefact[] {
  return [...filesOf(name, document), ...valuesOf(name, document)];
}

/** The visit that it belongs to. */
export function sessionIdOfArtefacts(name: CollectionName, document: { readonly id: string }): string {
  if (name === 'sessions') return document.id;
  const sessionId = (document as Readonly<Record<string, unknown>>)['sessionId'];
  return typeof sessionId === 'string' ? sessionId : '';
}

function filesOf(name: CollectionName, document: DocumentOf<CollectionName>): Artefact[] {
  const fields = document as Readonly<Record<string, unknown>>;
  return (BLOB_FIELDS[name] ?? []).flatMap(({ field, part }): Artefact[] => {
    const blobId = fields[field];
    if (typeof blobId !== 'string') return [];
    // A finding's map is its capture's, too; small pictures are seen with the large one.
    const isShown = name !== 'findings' && part !== 'thumbnail';
    const shown = isShown ? SHOWN.file : SHOWN.hidden;
    return [{ part, kind: 'file', blobId, heavy: part === 'image', shown }];
  });
}

function valuesOf(name: CollectionName, document: DocumentOf<CollectionName>): Artefact[] {
  switch (name) {
    case 'captures':
      return onDevice(document as Capture);
    case 'findings':
      return [{ part: 'record', kind: 'record', value: document, shown: SHOWN.record, at: document.createdAt }];
    case 'sessions':
      return Object.entries((document as Session).steps).flatMap(([stepId, { quantity }]): Artefact[] => {
        if (quantity === null) return [];
        return [{ part: `step:${stepId}`, kind: 'record', value: quantity, shown: SHOWN.record, at: quantity.at }];
      });
    default:
      return [];
  }
}

function onDevice({ blobId, state, triggered, requestedAt }: Capture): Artefact[] {
  if (blobId !== null || !triggered || (state !== 'taking' && state !== 'uncertain')) return [];
  return [{ part: 'image', kind: 'device', shown: SHOWN.file, at: requestedAt }];
}
