import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SyncPage } from './sync-reader.ts';
import type { StoredClinic } from '../vault/testing/stored-clinic.ts';
import { openStoredClinic, sessionDraft, storePicture } from '../vault/testing/stored-clinic.ts';
import { temporaryFolder } from '../store/testing/documents.ts';
import { noCloud } from './no-cloud.ts';

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

/** A visit of two pictures. @returns the ids of its captures */
async function visit(name: string, day: string, startedAt: string): Promise<string[]> {
  const session = sessionDraft(name, { day, startedAt });
  await clinic.store.write('sessions', session);
  const ids: string[] = [];
  for (const stepId of ['retina-right', 'retina-left']) {
    const image = Buffer.from(`${name} ${stepId}`);
    const contents = { image, thumbnail: Buffer.from(`small ${name} ${stepId}`), overlay: null };
    ids.push((await storePicture(clinic, session, stepId, contents)).id);
  }
  return ids;
}

it('pages through every file once, newest day first, in whole visits, also while visits come in', async () => {
  const days = ['2026-11-19', '2026-11-20', '2026-11-21'];
  const expected = new Map<string, string>();
  for (const day of days) {
    for (let count = 0; count < 4; count += 1) {
      for (const id of await visit(`${day} ${count}`, day, `${day}T1${count}:00:00.000Z`)) expected.set(id, day);
    }
  }
  const reader = noCloud(clinic.store, () => 0);
  const seen: string[] = [];
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page: SyncPage = await reader.page({ filter: 'all', cursor, limit: 3 });
    // Two visits of two pictures: the first page that has three or more ends with a visit.
    expect(page.items.length).toBe(4);
    seen.push(...page.items.map(({ artefact }) => artefact.id));
    pages += 1;
    cursor = page.next;
    if (pages === 1) await visit('late', '2026-11-21', '2026-11-21T20:00:00.000Z');
  } while (cursor !== null);
  expect(seen.toSorted()).toEqual([...expected.keys()].toSorted());
  const order = seen.map((id) => expected.get(id) ?? '');
  expect(order).toEqual(order.toSorted().toReversed());
  const { total } = await reader.page({ filter: 'all', cursor: null, limit: 3 });
  expect(total).toBe(26);
});

it('counts what is on this disk, claims nothing of a cloud, and sends nothing', async () => {
  await visit('one', '2026-11-21', '2026-11-21T09:00:00.000Z');
  const reader = noCloud(clinic.store, () => 1);
  const { line, steps } = await reader.state();
  expect(line.state).toBe('not-configured');
  expect(steps).toMatchObject({ onDisk: 1, inCloud: 0, verified: 0 });
  const { items } = await reader.page({ filter: 'all', cursor: null, limit: 50 });
  expect(items.map(({ inCloud, verified }) => [inCloud.state, verified.state])).toEqual([
    ['no-cloud', 'no-cloud'],
    ['no-cloud', 'no-cloud'],
  ]);
  expect(await reader.page({ filter: 'on-the-way', cursor: null, limit: 50 })).toEqual({
    items: [],
    next: null,
    total: 0,
  });
  const [first] = items;
  await expect(reader.resend(first?.artefact ?? { kind: 'capture', id: '', part: '' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
});

it('begins again where a cursor is nobody’s', async () => {
  await visit('one', '2026-11-21', '2026-11-21T09:00:00.000Z');
  const reader = noCloud(clinic.store, () => 0);
  expect((await reader.page({ filter: 'all', cursor: 'nonsense', limit: 50 })).items).toHaveLength(2);
  expect((await reader.page({ filter: 'all', cursor: '2026-11-22 gone', limit: 50 })).items).toHaveLength(2);
});
