import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { documentSchemas } from '../../../contract/index.ts';
import type { Capture, CollectionName, StepRecord } from '../../../contract/index.ts';
import { temporaryFolder } from '../../store/testing/documents.ts';
import { BLOB_FIELDS } from '../../vault/blob-fields.ts';
import { openStoredClinic, sessionDraft, storePicture } from '../../vault/testing/stored-clinic.ts';
import type { StoredClinic } from '../../vault/testing/stored-clinic.ts';

let folder: ReturnType<typeof temporaryFolder>;
let clinic: StoredClinic;
beforeEach(async () => {
  folder = temporaryFolder();
  clinic = await openStoredClinic(folder.path);
});
afterEach(async () => {
  await clinic.store.close();
  folder.remove();
});

interface ArtefactLine {
  readonly part: string;
  readonly state: string;
  readonly sha256: string | null;
}

function artefacts(documentId: string): ArtefactLine[] {
  return clinic.store.sqlite
    .prepare<[string], ArtefactLine>(
      'SELECT part, state, sha256 FROM artefacts WHERE document_id = ? ORDER BY heavy DESC, part',
    )
    .all(documentId);
}

function queue(): { readonly sha256: string; readonly state: string }[] {
  return clinic.store.sqlite
    .prepare<[], { sha256: string; state: string }>('SELECT sha256, state FROM uploads ORDER BY sha256')
    .all();
}

async function picture(name: string, image = randomBytes(5000), step = 'retina-left'): Promise<Capture> {
  const session = sessionDraft(name);
  await clinic.store.write('sessions', session);
  return storePicture(clinic, session, step, {
    image,
    thumbnail: Buffer.from(`small ${name} ${step}`),
    overlay: Buffer.from(`map ${name} ${step}`),
  });
}

function weighed(value: number): StepRecord {
  const quantity = {
    value,
    unit: 'kg' as const,
    error: 0.1,
    source: 'device' as const,
    deviceId: null,
    calibrationId: null,
    at: '2026-11-21T11:00:00.000Z',
    raw: '',
  };
  return { state: 'done', quantity, captureId: null, attempts: 1, skippedReason: null, doneAt: null, doneBy: null };
}

function setState(sha256: string | null, state: string): void {
  clinic.store.sqlite.prepare('UPDATE uploads SET state = ? WHERE sha256 = ?').run(state, sha256);
}

it('knows every field of the contract that names a stored file', () => {
  for (const [name, schema] of Object.entries(documentSchemas)) {
    const fields = Object.keys(schema.shape).filter((field) => field.toLowerCase().endsWith('blobid'));
    const known = (BLOB_FIELDS[name as CollectionName] ?? []).map(({ field }) => field);
    expect({ name, fields: known.toSorted() }).toEqual({ name, fields: fields.toSorted() });
  }
});

describe('a document that names files', () => {
  it('puts them in the queue in its own transaction, or not at all', async () => {
    const image = await clinic.vault.prepareBytes(randomBytes(3000), 'image/jpeg');
    const { id } = await picture('one');
    expect(queue()).toHaveLength(3);
    await expect(
      clinic.store.transaction((tx) => {
        const { blobId, sha256, size } = clinic.vault.insertRow(image);
        tx.update('captures', id, (current) => ({ ...current, blobId, sha256, size }));
        expect(queue()).toHaveLength(3);
        throw new Error('the power goes');
      }),
    ).rejects.toThrow('the power goes');
    expect(queue().map(({ state }) => state)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(artefacts(id).map(({ part }) => part)).toEqual(['image', 'overlay', 'thumbnail']);
  });

  it('shares the upload of a content with another, and a file that is named no more is not sent', async () => {
    const image = randomBytes(4000);
    const one = await picture('one', image);
    const other = await picture('other', image);
    expect(queue()).toHaveLength(5);
    await clinic.store.transaction((tx) => tx.remove('captures', one.id));
    expect(queue().map(({ sha256 }) => sha256)).toContain(one.sha256);
    expect(queue()).toHaveLength(3);
    await clinic.store.transaction((tx) => tx.remove('captures', other.id));
    expect(queue()).toEqual([]);
  });

  it('of which the vault has no copy is not queued: it cannot be sent from here', async () => {
    const { id } = await picture('one');
    await clinic.store.update('captures', id, (current) => ({ ...current, overlayBlobId: 'f'.repeat(64) }));
    expect(artefacts(id).map(({ part }) => part)).toEqual(['image', 'thumbnail']);
    expect(queue()).toHaveLength(2);
  });

  it('keeps the receipt of a file that was deleted here, and asks again for one that came back', async () => {
    const image = randomBytes(4000);
    const { id, sha256, blobId } = await picture('one', image);
    clinic.store.sqlite.exec(`UPDATE uploads SET stored_at = 'then', verified_at = 'then'`);
    setState(sha256, 'verified');
    // The vault tidies up after a commit in the next turn; until then it takes the content for one that is being stored.
    await nextTurn();
    const watch = clinic.vault.watchNames();
    await clinic.store.transaction((tx) => {
      tx.update('captures', id, (current) => ({ ...current, state: 'purged' as const, blobId: null }));
      clinic.vault.eraseRows([blobId ?? ''], watch);
    });
    watch.stop();
    expect(artefacts(id)[0]).toEqual({ part: 'image', state: 'gone', sha256 });
    expect(queue()).toContainEqual({ sha256, state: 'gone' });
    await picture('again', image);
    expect(queue()).toContainEqual({ sha256, state: 'stored' });
  });
});

describe('a picture whose shutter may have been released', () => {
  it('is on a device only, until it is stored or found not to be there', async () => {
    const { id } = await picture('one');
    await clinic.store.update('captures', id, (current) => ({
      ...current,
      state: 'taking' as const,
      blobId: null,
      thumbnailBlobId: null,
      overlayBlobId: null,
    }));
    expect(artefacts(id)).toEqual([{ part: 'image', state: 'device', sha256: null }]);
    await clinic.store.update('captures', id, (current) => ({ ...current, state: 'failed' as const }));
    expect(artefacts(id)).toEqual([]);
    expect(queue()).toEqual([]);
  });
});

describe('a measured value', () => {
  it('waits for its document to be acknowledged, and again when it was measured again', async () => {
    const session = sessionDraft('one', { steps: { weight: weighed(70) } });
    await clinic.store.write('sessions', session);
    expect(artefacts(session.id)).toEqual([{ part: 'step:weight', state: 'waiting', sha256: null }]);
    clinic.store.sqlite.exec(`UPDATE artefacts SET state = 'verified'`);
    await clinic.store.update('sessions', session.id, (current) => ({
      ...current,
      status: 'REQUIRES_REVIEW' as const,
    }));
    expect(artefacts(session.id)).toEqual([{ part: 'step:weight', state: 'verified', sha256: null }]);
    await clinic.store.update('sessions', session.id, (current) => ({
      ...current,
      steps: { weight: weighed(71) },
    }));
    expect(artefacts(session.id)).toEqual([{ part: 'step:weight', state: 'waiting', sha256: null }]);
  });

  it('says how large it is and when it came to be, whether or not these changed while it waited', async () => {
    const session = sessionDraft('one', { steps: { weight: weighed(70) } });
    await clinic.store.write('sessions', session);
    const row = clinic.store.sqlite.prepare<[string]>(
      'SELECT state, size, at, acknowledged_at FROM artefacts WHERE document_id = ?',
    );
    for (const [minute, value] of [71, 71.5, 72.25].entries()) {
      const { quantity: first, ...record } = weighed(value);
      if (first === null) throw new Error('no quantity');
      const quantity = { ...first, at: `2026-11-21T11:0${minute}:00.000Z` };
      await clinic.store.update('sessions', session.id, (current) => ({
        ...current,
        steps: { weight: { ...record, quantity } },
      }));
      const size = Buffer.byteLength(JSON.stringify(quantity));
      expect(row.all(session.id)).toEqual([{ state: 'waiting', size, at: quantity.at, acknowledged_at: null }]);
    }
  });
});
