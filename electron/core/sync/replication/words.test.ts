import { createRevision } from 'rxdb';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { newId } from '../../../contract/index.ts';
import type { Store } from '../../store/index.ts';
import { openTestStore, patientDraft, temporaryFolder } from '../../store/testing/documents.ts';
import type { State } from './states.ts';
import { stateOf } from './states.ts';
import { CollectionTables, replicationTables } from './tables.ts';
import { keepWords, wordsOf, wordsOfNew } from './words.ts';

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
let tables: CollectionTables;
let id: string;
beforeEach(async () => {
  folder = temporaryFolder();
  store = await openTestStore(folder.path);
  tables = new CollectionTables(replicationTables(store.tables), 'patients');
  ({ id } = await store.write('patients', patientDraft(1)));
});
afterEach(async () => {
  await tables.meta.close();
  await store.close();
  folder.remove();
});

function now(): { readonly state: State; readonly revision: string } {
  const stored = tables.stored(id);
  if (stored === undefined) throw new Error('it is not there');
  return { state: stateOf(stored), revision: stored._rev };
}

async function change(familyName: string): Promise<void> {
  await store.update('patients', id, (current) => ({ ...current, familyName }));
}

function keep(): string {
  const { state, revision } = now();
  const words = wordsOfNew(state, revision);
  tables.transaction(() => keepWords(tables, newId(), [{ ...words, isNew: true }]));
  return words.json;
}

const asked = (): string[] =>
  tables.ledger.openPushes().flatMap((open) => wordsOf(tables, open).map(({ json }) => json));

it('a new document is not written a second time to be sent, and its words outlive its changes', async () => {
  const words = keep();
  expect(tables.ledger.openPushes()[0]?.rowsJson).toBe(JSON.stringify([id]));
  expect(asked()).toEqual([words]);
  await change('Second');
  await change('Third');
  expect(asked()).toEqual([words]);
});

it('what changed before it was kept is kept as it was to be sent', async () => {
  const { state, revision } = now();
  await change('Second');
  const words = wordsOfNew(state, revision);
  tables.transaction(() => keepWords(tables, newId(), [{ ...words, isNew: true }]));
  await change('Third');
  expect(asked()).toEqual([words.json]);
});

it('the document is what the cloud has, and what it was when it is changed', async () => {
  const first = now();
  expect(tables.assumed(id)).toBeNull();
  tables.transaction(() => tables.agree(id, first.revision, 1));
  expect(tables.assumed(id)).toEqual(first.state);
  await change('Second');
  await change('Third');
  expect(tables.assumed(id)).toEqual(first.state);
  expect(tables.note(id)).toMatchObject({ itemId: id, docData: first.state });
  const third = now();
  tables.transaction(() => tables.agree(id, third.revision, 2));
  expect(tables.assumed(id)).toEqual(third.state);
  expect(tables.ledger.base(id)).toBeNull();
});

it('a state that the document never was stays what the cloud has until they agree', async () => {
  const first = now();
  const theirs: State = { ...first.state, familyName: 'Theirs' };
  tables.transaction(() => {
    tables.assume(id, theirs, first.revision);
    tables.ledger.setVersion(id, 3);
  });
  await change('Second');
  expect(tables.assumed(id)).toEqual(theirs);
  expect(tables.note(id)).toMatchObject({ docData: theirs, isResolvedConflict: first.revision });
});

it('takes over the notes that former versions let RxDB keep', () => {
  const { state, revision } = now();
  const note = {
    id: `${id}|0`,
    itemId: id,
    isCheckpoint: '0',
    docData: { ...state, familyName: 'Noted' },
    _deleted: false,
    _attachments: {},
    _meta: { lwt: Date.now() },
    _rev: createRevision('former'),
  };
  tables.meta.writeNow([{ document: note as never }], 'former');
  tables.ledger.acknowledge(id, revision, 1);
  const reopened = new CollectionTables(replicationTables(store.tables), 'patients');
  expect(reopened.assumed(id)).toMatchObject({ familyName: 'Noted' });
  expect(reopened.meta.readNow([`${id}|0`], true)).toEqual([]);
});
