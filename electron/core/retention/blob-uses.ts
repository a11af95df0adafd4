/** Which documents name a stored file. Looks at every field of every document, so that a field that is new is not overlooked. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlobUse, CollectionName, DocumentOf } from '../../contract/index.ts';
import { documentSchemas } from '../../contract/index.ts';
import type { Store } from '../store/index.ts';
import type { StoreQuery } from '../store/types.ts';
import { BLOB_FIELDS } from '../vault/blob-fields.ts';

/** By blob id. */
export type BlobUses = ReadonlyMap<string, readonly BlobUse[]>;

/** Documents looked at before others have their turn. */
const PAGE = 200;
const COLLECTIONS = Object.keys(documentSchemas) as CollectionName[];

const PARTS: Readonly<Record<string, Pick<BlobUse, 'kind' | 'part'>>> = Object.fromEntries(
  Object.entries(BLOB_FIELDS).flatMap(([collection, fields]) =>
    fields.map(({ field, kind, part }) => [`${collection}.${field}`, { kind, part }]),
  ),
);

/** @param wanted whether a string is the id of a blob that is asked about. Documents written meanwhile may be missed. */
export async function blobUses(store: Store, wanted: (value: string) => boolean): Promise<BlobUses> {
  const uses = new Map<string, BlobUse[]>();
  for (const name of COLLECTIONS) {
    for await (const document of documents(store, name)) {
      for (const [path, blobId] of strings(document, name)) {
        if (!wanted(blobId)) continue;
        const known = uses.get(blobId);
        if (known === undefined) uses.set(blobId, [useOf(document, path)]);
        else known.push(useOf(document, path));
      }
    }
  }
  return uses;
}

async function* documents<N extends CollectionName>(store: Store, name: N): AsyncGenerator<DocumentOf<N>> {
  let after = '';
  for (;;) {
    const query = { selector: { id: { $gt: after } }, sort: [{ id: 'asc' }], limit: PAGE };
    const page = await store.find(name, query as unknown as StoreQuery<N>);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    after = last.id;
    await nextTurn();
  }
}

/** Every string in a document, with where it stands. */
function* strings(value: unknown, path: string): Generator<readonly [path: string, value: string]> {
  if (typeof value === 'string') yield [path, value];
  else if (Array.isArray(value)) for (const item of value) yield* strings(item, path);
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) yield* strings(item, `${path}.${key}`);
}

function useOf(document: { readonly id: string } & Readonly<Record<string, unknown>>, path: string): BlobUse {
  const { id, sessionId, stepId } = document;
  return {
    ...(PARTS[path] ?? { kind: 'other', part: 'other' }),
    id,
    sessionId: typeof sessionId === 'string' ? sessionId : null,
    stepId: typeof stepId === 'string' ? stepId : null,
  };
}
