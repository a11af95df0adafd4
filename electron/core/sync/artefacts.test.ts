import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ArtefactRef, Capture } from '../../contract/index.ts';
import { newId, sessionIdOf } from '../../contract/index.ts';
import { appointmentDraft, patientDraft, temporaryFolder } from '../store/testing/documents.ts';
import type { StoredClinic } from '../vault/testing/stored-clinic.ts';
import { openStoredClinic, sessionDraft, storePicture } from '../vault/testing/stored-clinic.ts';
import { artefactPage, onlyOnDevice } from './artefacts.ts';
import { noCloud } from './no-cloud.ts';
import type { CloudReceipts, SyncReader } from './sync-reader.ts';

const QUERY = { filter: 'all', cursor: null, limit: 50 } as const;
const VERIFIED: CloudReceipts = {
  inCloud: { state: 'done', at: '2026-11-21T11:00:02.000Z', sentBytes: null, position: null },
  verified: { state: 'done', at: '2026-11-21T11:00:03.000Z' },
};

let folder: ReturnType<typeof temporaryFolder>;
let clinic: StoredClinic;
let capture: Capture;
const session = sessionDraft('kofi', {
  id: sessionIdOf(appointmentDraft('kofi').id),
  steps: {
    weight: {
      state: 'done',
      quantity: {
        value: 72.45,
        unit: 'kg',
        error: 0.1,
        source: 'device',
        deviceId: null,
        calibrationId: null,
        at: '2026-11-21T09:48:30.000Z',
      },
    },
  },
});

beforeEach(async () => {
  folder = temporaryFolder();
  clinic = await openStoredClinic(folder.path);
  await clinic.store.write('patients', patientDraft('kofi', { givenName: 'Kofi', familyName: 'Specimen' }));
  await clinic.store.write('appointments', appointmentDraft('kofi', { room: 'Room 2' }));
  await clinic.store.write('sessions', session);
  const contents = { image: Buffer.alloc(2000, 1), thumbnail: Buffer.alloc(20, 2), overlay: Buffer.alloc(30, 3) };
  capture = await storePicture(clinic, session, 'retina-left', contents, { judgedAt: '2026-11-21T11:00:01.000Z' });
});
afterEach(async () => {
  await clinic.store.close();
  folder.remove();
});

function readerOf(...artefacts: ArtefactRef[]): SyncReader {
  return {
    ...noCloud(clinic.store, () => 0),
    page: () =>
      Promise.resolve({
        items: artefacts.map((artefact) => ({ artefact, ...VERIFIED })),
        next: 'next',
        total: artefacts.length,
      }),
  };
}

const rowsOf = async (reader: SyncReader, withNames = false, lost: readonly string[] = []) =>
  artefactPage(
    { store: clinic.store, sync: reader, lostBlobs: { has: (blobId) => lost.includes(blobId) } },
    QUERY,
    withNames,
  );

it('joins the receipts of a file with the visit that it is part of', async () => {
  const { page } = await rowsOf(readerOf({ kind: 'capture', id: capture.id, part: 'image' }));
  expect(page).toMatchObject({ next: 'next', total: 1 });
  expect(page.rows[0]).toMatchObject({
    stepId: 'retina-left',
    attempt: 1,
    size: 2000,
    visit: { sessionId: session.id, startsAt: '2026-11-21T09:00:00.000Z', room: 'Room 2' },
    onDisk: { state: 'done', at: '2026-11-21T11:00:00.000Z' },
    ...VERIFIED,
  });
});

it('names the patient to those who may know, says whom it named, and has nothing of them for anybody else', async () => {
  const reader = readerOf(
    { kind: 'capture', id: capture.id, part: 'image' },
    { kind: 'session', id: session.id, part: 'step:weight' },
  );
  const named = await rowsOf(reader, true);
  expect(named.page.rows.map(({ patient }) => patient)).toEqual([
    { givenName: 'Kofi', familyName: 'Specimen' },
    { givenName: 'Kofi', familyName: 'Specimen' },
  ]);
  expect(named.patientIds).toEqual([session.patientId]);
  const nameless = await rowsOf(reader);
  expect(nameless.patientIds).toEqual([]);
  expect(JSON.stringify(nameless.page)).not.toMatch(/Kofi|Specimen|1980|HR-/);
  expect(JSON.stringify(nameless.page)).not.toContain(session.patientId);
});

it('knows maps, measured values, and what is not there any more', async () => {
  const { page } = await rowsOf(
    readerOf(
      { kind: 'capture', id: capture.id, part: 'overlay' },
      { kind: 'session', id: session.id, part: 'step:weight' },
      { kind: 'session', id: session.id, part: 'step:height' },
      { kind: 'capture', id: newId(), part: 'image' },
      { kind: 'report', id: newId(), part: 'pdf' },
    ),
  );
  expect(page.rows.map(({ stepId, onDevice, onDisk }) => [stepId, onDevice.state, onDisk.at])).toEqual([
    ['retina-left', 'none', '2026-11-21T11:00:01.000Z'],
    ['weight', 'none', '2026-11-21T09:48:30.000Z'],
  ]);
});

it('does not call a damaged or a deleted file stored', async () => {
  const reader = readerOf({ kind: 'capture', id: capture.id, part: 'image' });
  const damaged = await rowsOf(reader, false, [capture.blobId ?? '']);
  expect(damaged.page.rows[0]?.onDisk).toEqual({ state: 'damaged', at: null });
  await clinic.store.update('captures', capture.id, (current) => ({
    ...current,
    state: 'purged',
    purgedAt: '2026-12-21T03:00:00.000Z',
  }));
  const purged = await rowsOf(reader);
  expect(purged.page.rows[0]?.onDisk).toEqual({ state: 'purged', at: '2026-12-21T03:00:00.000Z' });
});

it('counts as only on a device what was, or may have been, taken and is not here', async () => {
  const set = (state: Capture['state'], triggered: boolean): Promise<Capture> =>
    clinic.store.update('captures', capture.id, (current) => ({ ...current, state, triggered, onDiskAt: null }));
  await set('taking', false);
  expect(await onlyOnDevice(clinic.store)).toBe(0);
  await set('taking', true);
  expect(await onlyOnDevice(clinic.store)).toBe(1);
  await set('uncertain', true);
  expect(await onlyOnDevice(clinic.store)).toBe(1);
  const { page } = await rowsOf(readerOf({ kind: 'capture', id: capture.id, part: 'image' }));
  expect(page.rows[0]).toMatchObject({ onDevice: { state: 'only', at: null }, onDisk: { state: 'not-yet' } });
});
