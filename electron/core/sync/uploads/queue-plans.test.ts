/** With a clinic's years of files in the queue, what is asked often is found by an index, and quickly enough to be asked for each part. */
import { createHash } from 'node:crypto';
import BetterSqlite from 'better-sqlite3-multiple-ciphers';
import { expect, it } from 'vitest';
import { derivedId } from '../../../contract/index.ts';
import { migrate } from '../../store/migrations.ts';
import { queuePage, queueSteps, VIEW_SQL } from './queue-view.ts';
import { nextInQueue, QUEUE_SQL } from './upload-rows.ts';

const VISITS = 10_000;
const FILES = 4;

const sqlite = new BetterSqlite(':memory:');
migrate(sqlite);
const dayOfVisit = (visit: number): string =>
  new Date(Date.UTC(2026, 0, 1 + Math.floor(visit / 30))).toISOString().slice(0, 10);
const sessionId = (visit: number): string => derivedId('plan', 'session', visit);
const hashOf = (visit: number, file: number): string => createHash('sha256').update(`${visit} ${file}`).digest('hex');

sqlite.transaction(() => {
  const upload = sqlite.prepare(`INSERT INTO uploads (sha256, size, media_type, state) VALUES (?, ?, 'image/jpeg', ?)`);
  const artefact = sqlite.prepare(
    `INSERT INTO artefacts (document_id, part, collection, session_id, visit_at, sha256, size, heavy, shown, state, at)
     VALUES (?, ?, 'captures', ?, ?, ?, ?, ?, ?, ?, '2026-01-01T00:00:00.000Z')`,
  );
  for (let visit = 0; visit < VISITS; visit += 1) {
    for (let file = 0; file < FILES; file += 1) {
      const isHeavy = file === FILES - 1;
      const state = visit % 3 === 0 ? 'verified' : visit % 3 === 1 && file === 0 ? 'stored' : 'waiting';
      const size = isHeavy ? 20_000_000 + visit : 10_000 + file;
      upload.run(hashOf(visit, file), size, state);
      const at = `${dayOfVisit(visit)} ${dayOfVisit(visit)}T08:${String(visit % 30).padStart(2, '0')}:00.000Z`;
      const id = derivedId('plan', 'capture', visit, file);
      artefact.run(
        id,
        'image',
        sessionId(visit),
        at,
        hashOf(visit, file),
        size,
        isHeavy ? 1 : 0,
        isHeavy ? 1 : 0,
        state,
      );
    }
  }
})();

function planOf(sql: string): string {
  return sqlite
    .prepare<null[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...Array.from(sql.matchAll(/\?/g), () => null))
    .map(({ detail }) => detail)
    .join('; ');
}

/** Read from end to end: what was given with the question, an index that holds nothing else, and one that holds all it counts. */
const READ_WHOLE = /json_each|USING INDEX (artefacts_queue|uploads_first)|USING COVERING INDEX/;
/** Counts gather; what is in a state is ordered by visits. */
const GATHERING: readonly string[] = [QUEUE_SQL.totals, VIEW_SQL.counts, VIEW_SQL.inState];

it.each(Object.entries({ ...QUEUE_SQL, ...VIEW_SQL }))('%s is found by an index', (_name, sql) => {
  const steps = planOf(sql).split('; ');
  expect(steps.filter((step) => step.startsWith('SCAN') && !READ_WHOLE.test(step))).toEqual([]);
  expect(steps.filter((step) => step.includes('TEMP B-TREE') && !GATHERING.includes(sql))).toEqual([]);
});

function isWaiting(visit: number, file: number): boolean {
  return visit % 3 === 2 || (visit % 3 === 1 && file > 0);
}

it('names the right files first among forty thousand', () => {
  const review = [7000, 9001].map((visit) => sessionId(visit));
  const today = dayOfVisit(5001);
  const [first] = nextInQueue(sqlite, { review, today }, 1);
  const wanted = [0, 1, 2, 3].filter((file) => isWaiting(7000, file)).map((file) => hashOf(7000, file));
  expect(first).toBe(wanted[0]);
  const order = nextInQueue(sqlite, { review, today }, 40);
  expect(order.slice(0, wanted.length)).toEqual(wanted);
  expect(new Set(order).size).toBe(40);
  expect(nextInQueue(sqlite, { review, today }, 1, order.slice(0, 3))).toEqual([order[3]]);
  expect(nextInQueue(sqlite, { review: [], today: '2040-01-01' }, 1)).toEqual([hashOf(1, 1)]);
});

it('counts and pages them', () => {
  const steps = queueSteps(sqlite);
  expect(steps.onDisk).toBe(VISITS);
  expect(steps.verified).toBe(Math.ceil(VISITS / 3));
  const now = { sending: new Map(), queue: nextInQueue(sqlite, { review: [], today: '2040-01-01' }, 100) };
  const seen = new Set<string>();
  let cursor: string | null = null;
  let pages = 0;
  do {
    const page: ReturnType<typeof queuePage> = queuePage(sqlite, { filter: 'all', cursor, limit: 200 }, now);
    for (const { artefact } of page.items) seen.add(artefact.id);
    cursor = page.next;
    pages += 1;
  } while (cursor !== null);
  expect(seen.size).toBe(VISITS);
  expect(pages).toBe(VISITS / 200);
  const waiting = queuePage(sqlite, { filter: 'on-the-way', cursor: '20', limit: 10 }, now);
  expect(waiting.items).toHaveLength(10);
  expect(waiting.total).toBe(VISITS - steps.verified);
});
