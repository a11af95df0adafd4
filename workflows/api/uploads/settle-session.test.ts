import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sql } from 'kysely';
import { newId } from '../../../electron/contract/index.ts';
import { withScope } from '../../database/scope.ts';
import type { Fields } from '../testing/documents.ts';
import { captureDocument, pullAll, push, reportDocument, rowOf, sessionDocument } from '../testing/documents.ts';
import type { TestStation } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, startTestApi } from '../testing/test-api.ts';
import type { Content } from '../testing/uploads.ts';
import { TestUploader, newContent } from '../testing/uploads.ts';
import { keeperScope } from './jobs.ts';
import { sessionsOfContent, settleSession } from './settle-session.ts';

const SOON = { timeout: 20_000 };
const DAY_MS = 86_400_000;

let cloud: TestApi;
let station: TestStation;
let uploader: TestUploader;
beforeAll(async () => {
  cloud = await startTestApi();
  station = await cloud.station(NORTH_HARBOUR);
  uploader = new TestUploader(cloud.base, station);
});
afterAll(async () => cloud.close());
beforeEach(async () => {
  cloud.clock.aheadMs = 0;
  await station.signIn();
});

interface Visit {
  readonly session: Fields;
  readonly captures: readonly Fields[];
  readonly report: Fields;
  readonly contents: readonly [Content, Content, Content];
}

/** A visit with two pictures and a report, all of it on the station only. */
function newVisit(): Visit {
  const contents = [newContent(3000), newContent(4000), newContent(5000)] as const;
  const sessionId = newId();
  const captures = [0, 1].map((index) =>
    captureDocument(NORTH_HARBOUR, sessionId, { sha256: contents[index]?.sha256, attempt: index + 1 }),
  );
  const report = reportDocument(NORTH_HARBOUR, sessionId, { sha256: contents[2].sha256 });
  const step = { state: 'done', quantity: null, attempts: 1, skippedReason: null, doneAt: null, doneBy: null };
  const session = sessionDocument(NORTH_HARBOUR, {
    id: sessionId,
    status: 'REVIEW',
    capturedAt: '2026-11-21T10:00:00.000Z',
    steps: {
      weight: { ...step, captureId: null },
      front: { ...step, captureId: captures[0]?.['id'] },
      back: { ...step, captureId: captures[1]?.['id'] },
    },
    reportId: report['id'],
  });
  return { session, captures, report, contents };
}

async function pushDocuments({ session, captures, report }: Visit): Promise<void> {
  await push(station, 'sessions', [rowOf(session)]);
  await push(
    station,
    'captures',
    captures.map((capture) => rowOf(capture)),
  );
  await push(station, 'reports', [rowOf(report)]);
}

async function stateOf({ session }: Visit) {
  const row = (await pullAll(station, 'sessions', 50)).find(({ document }) => document['id'] === session['id']);
  if (row === undefined) throw new Error('the session is not there');
  return row;
}

async function syncedAt(visit: Visit): Promise<unknown> {
  const cloudFields = (await stateOf(visit)).document['cloud'] as Fields | null;
  return cloudFields?.['syncedAt'] ?? null;
}

async function verified(contents: readonly Content[]): Promise<void> {
  for (const content of contents) await uploader.send(content);
  const hashes = contents.map(({ sha256 }) => sha256);
  await expect
    .poll(async () => (await uploader.receipts(hashes)).every(({ state }) => state === 'verified'), SOON)
    .toBe(true);
}

/** Until nothing is due any more: whatever was to follow has followed. */
async function settled(): Promise<void> {
  await expect
    .poll(async () => {
      const { rows } = await cloud.database.admin.query(`SELECT FROM file_jobs WHERE kind = 'settle'`);
      return rows.length;
    }, SOON)
    .toBe(0);
}

async function syncEvents(visit: Visit): Promise<number | null> {
  const found = await cloud.database.admin.query(
    `SELECT FROM domain_events WHERE type = 'SessionSynced' AND subject_id = $1`,
    [visit.session['id']],
  );
  return found.rowCount;
}

describe('a session is synced', () => {
  it('when the last of its files is verified, and not before', async () => {
    const visit = newVisit();
    await pushDocuments(visit);
    await verified(visit.contents.slice(0, 2));
    await settled();
    expect(await syncedAt(visit)).toBeNull();
    await verified(visit.contents.slice(2));
    await expect.poll(async () => syncedAt(visit), SOON).toMatch(/^\d{4}-/);
    expect(await syncEvents(visit)).toBe(1);
    const { version } = await stateOf(visit);
    await settled();
    expect((await stateOf(visit)).version).toBe(version);
    const { document } = await stateOf(visit);
    expect(document['hlc']).toHaveProperty('cloud', expect.stringMatching(/-cloud$/));
    expect(document['steps']).toEqual(visit.session['steps']);
  });

  it('when the last of its documents arrives, the files first', async () => {
    const visit = newVisit();
    await verified(visit.contents);
    await push(station, 'reports', [rowOf(visit.report)]);
    await push(station, 'sessions', [rowOf(visit.session)]);
    const [first, last] = visit.captures;
    await push(station, 'captures', [rowOf(first!)]);
    await settled();
    expect(await syncedAt(visit)).toBeNull();
    await push(station, 'captures', [rowOf(last!)]);
    await expect.poll(async () => syncedAt(visit), SOON).toMatch(/^\d{4}-/);
  });

  it('never while pictures are still being taken, nor without a picture that it names', async () => {
    const [early, busy, lost] = [newVisit(), newVisit(), newVisit()];
    const visits = [
      { ...early, session: { ...early.session, capturedAt: null } },
      {
        ...busy,
        captures: [
          ...busy.captures,
          captureDocument(NORTH_HARBOUR, String(busy.session['id']), { state: 'taking', attempt: 3 }),
        ],
      },
      { ...lost, captures: lost.captures.slice(1) },
    ];
    for (const visit of visits) {
      await pushDocuments(visit);
      await verified(visit.contents);
    }
    await settled();
    for (const visit of visits) expect(await syncedAt(visit)).toBeNull();
    const failed = captureDocument(NORTH_HARBOUR, String(busy.session['id']), { state: 'failed', attempt: 4 });
    await push(station, 'captures', [rowOf(failed)]);
    await settled();
    expect(await syncedAt(visits[1]!)).toBeNull();
  });
});

describe('whether a session is synced', () => {
  it('is found out without looking through what belongs to other sessions', async () => {
    const visit = newVisit();
    await pushDocuments(visit);
    const others = Array.from({ length: 200 }, (_, index) =>
      captureDocument(NORTH_HARBOUR, newId(), { sha256: newContent(10).sha256, attempt: index + 1 }),
    );
    await push(
      station,
      'captures',
      others.map((capture) => rowOf(capture)),
    );
    const { tenantId } = NORTH_HARBOUR;
    const sessionId = String(visit.session['id']);
    const looked = await withScope(cloud.database.api, keeperScope(tenantId), async (tx) => {
      expect(await sessionsOfContent(tx, tenantId, visit.contents[0].sha256)).toEqual([sessionId]);
      await settleSession(tx, tenantId, sessionId, new Date());
      const { rows } = await sql<{ count: number }>`
        SELECT (coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int AS count
        FROM pg_stat_xact_user_tables WHERE relname = 'documents'`.execute(tx);
      return rows[0]?.count;
    });
    // The capture of the content; then the session, its two captures and its report.
    expect(looked).toBe(5);
  });
});

describe('captures of sessions that are not here yet', () => {
  it('hold nothing up, however many they are, and count once their session arrives', async () => {
    const late = newVisit();
    const others = Array.from({ length: 250 }, () => captureDocument(NORTH_HARBOUR, newId()));
    await push(
      station,
      'captures',
      [...others, ...late.captures].map((capture) => rowOf(capture)),
    );
    const visit = newVisit();
    await pushDocuments(visit);
    await verified([...visit.contents, ...late.contents]);
    await expect.poll(async () => syncedAt(visit), SOON).toMatch(/^\d{4}-/);
    await settled();
    await push(station, 'reports', [rowOf(late.report)]);
    await push(station, 'sessions', [rowOf(late.session)]);
    await expect.poll(async () => syncedAt(late), SOON).toMatch(/^\d{4}-/);
  });
});

describe('that a session is synced is taken back', () => {
  it('when it gets a picture that is only on the station, until that one is verified', async () => {
    const visit = newVisit();
    await pushDocuments(visit);
    await verified(visit.contents);
    await expect.poll(async () => syncedAt(visit), SOON).toMatch(/^\d{4}-/);
    const retake = newContent(3000);
    const capture = captureDocument(NORTH_HARBOUR, String(visit.session['id']), { sha256: retake.sha256, attempt: 3 });
    await push(station, 'captures', [rowOf(capture)]);
    await expect.poll(async () => syncedAt(visit), SOON).toBeNull();
    await verified([retake]);
    await expect.poll(async () => syncedAt(visit), SOON).toMatch(/^\d{4}-/);
    expect(await syncEvents(visit)).toBe(2);
  });

  it('when a stored picture of it rotted, until it was sent again', async () => {
    const visit = newVisit();
    await pushDocuments(visit);
    await verified(visit.contents);
    await expect.poll(async () => syncedAt(visit), SOON).toMatch(/^\d{4}-/);
    const [content] = visit.contents;
    const { fileId } = await uploader.receipt(content.sha256);
    const { store } = cloud.config.files;
    if (store.kind !== 'folder') throw new Error('not a folder');
    const folder = join(store.folder, NORTH_HARBOUR.tenantId, (fileId ?? '').slice(0, 2), fileId ?? '');
    for (const object of readdirSync(folder)) rmSync(join(folder, object));
    cloud.clock.aheadMs = 31 * DAY_MS;
    await station.signIn();
    await expect.poll(async () => syncedAt(visit), SOON).toBeNull();
    await verified([content]);
    await expect.poll(async () => syncedAt(visit), SOON).toMatch(/^\d{4}-/);
  });
});
