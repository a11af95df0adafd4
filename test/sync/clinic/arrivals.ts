/** In which order the cloud came to have things: written down by its own database, so that it can be held against their importance. */
import type { Pool } from 'pg';
import { PUSH_ROWS } from '../../../electron/core/sync/replication/packs.ts';
import type { FinalStation } from './claims.ts';

export interface Arrivals {
  /** `<collection>/<id>` of each document when it was first there. */
  readonly documents: readonly string[];
  /** SHA-256 of each file when it was whole there. */
  readonly files: readonly string[];
  /** Both. */
  readonly order: readonly { readonly kind: string; readonly name: string }[];
}

/** From now on. */
export async function recordArrivals(pool: Pool): Promise<void> {
  await pool.query(`
    CREATE TABLE arrivals (number bigserial PRIMARY KEY, kind text NOT NULL, name text NOT NULL);
    CREATE FUNCTION note_document() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      INSERT INTO arrivals (kind, name) VALUES ('document', NEW.collection || '/' || NEW.id);
      RETURN NULL;
    END $$;
    CREATE FUNCTION note_file() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      INSERT INTO arrivals (kind, name) VALUES ('file', NEW.sha256);
      RETURN NULL;
    END $$;
    CREATE TRIGGER note_document AFTER INSERT ON documents FOR EACH ROW EXECUTE FUNCTION note_document();
    CREATE TRIGGER note_file AFTER UPDATE ON files FOR EACH ROW
      WHEN (NEW.state = 'stored' AND OLD.state = 'partial') EXECUTE FUNCTION note_file();`);
}

/** How many documents and files have come. */
export async function countArrivals(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ readonly count: number }>('SELECT count(*)::int AS count FROM arrivals');
  return rows[0]?.count ?? 0;
}

export async function readArrivals(pool: Pool): Promise<Arrivals> {
  const { rows } = await pool.query<{ readonly kind: string; readonly name: string }>(
    'SELECT kind, name FROM arrivals ORDER BY number',
  );
  const of = (wanted: string): string[] => rows.flatMap(({ kind, name }) => (kind === wanted ? [name] : []));
  return {
    documents: of('document'),
    files: of('file'),
    order: rows.map(({ kind, name }) => ({ kind, name })),
  };
}

interface ExpectedOrder {
  readonly arrivals: Arrivals;
  /** Sessions that wait for review. */
  readonly review: readonly string[];
  /** The session that was made meanwhile: it came when it came. */
  readonly without: string;
}

/** A file may be on its way while documents are; most of the files come after them. */
const FILES_BEFORE_DOCUMENTS = 1 / 3;
/** Requests that are under way at a time, for documents and for files: so many may overtake. */
const AT_ONCE = 2;
const BELONGING: ReadonlySet<string> = new Set(['sessions', 'reports', 'findings', 'captures', 'consents']);

/** What came before something more important, beyond what was under way already. */
export function flawsOfOrder(station: FinalStation, { arrivals, review, without }: ExpectedOrder): string[] {
  const waiting = new Set(review);
  const flaws: string[] = [];

  const visitOfDocument = (place: string): string => {
    const document = station.documents.get(place) ?? {};
    return String(place.startsWith('sessions/') ? document['id'] : document['sessionId']);
  };
  const documents = arrivals.documents.filter(
    (place) => BELONGING.has(place.split('/')[0] ?? '') && visitOfDocument(place) !== without,
  );
  const early = cameBefore(documents.map((place) => !waiting.has(visitOfDocument(place))));
  console.log(`${documents.length} documents of visits: ${early} of others came before the last of visits in review`);
  if (early > AT_ONCE * PUSH_ROWS) flaws.push(`${early} documents came before the last of the visits in review`);

  const visits = visitsOfContents(station);
  const files = arrivals.files.flatMap((sha256) => {
    const visit = visits.get(sha256);
    return visit === undefined || visit.sessionId === without ? [] : [visit];
  });
  const ofOthers = cameBefore(files.map(({ sessionId }) => !waiting.has(sessionId)));
  const byTime = longestOvertaking(files.flatMap(({ sessionId, rank }) => (waiting.has(sessionId) ? [] : [rank])));
  console.log(
    `${files.length} files of visits: ${ofOthers} of others came before the last of visits in review; ` +
      `then today's and the oldest: none was overtaken by more than ${byTime}`,
  );
  const ofVisits = arrivals.order.filter(({ kind, name }) =>
    kind === 'file'
      ? visits.get(name) !== undefined && visits.get(name)?.sessionId !== without
      : BELONGING.has(name.split('/')[0] ?? '') && visitOfDocument(name) !== without,
  );
  const before = cameBefore(ofVisits.map(({ kind }) => kind === 'file'));
  console.log(`${before} of the files came before the last of the documents`);
  if (before > files.length * FILES_BEFORE_DOCUMENTS)
    flaws.push(`${before} of ${files.length} files came before the last of the documents`);
  if (files.length === 0) flaws.push('no file came');
  if (ofOthers > AT_ONCE) flaws.push(`${ofOthers} files came before the last of the visits in review`);
  if (byTime > AT_ONCE) flaws.push(`a file was overtaken by ${byTime} of later visits`);
  return flaws;
}

/** How many others came before the last that is none. @param others in the order of their coming */
function cameBefore(others: readonly boolean[]): number {
  return others.slice(0, others.lastIndexOf(false) + 1).filter((isOther) => isOther).length;
}

/** How many of a higher rank came before one of a lower, at most. */
function longestOvertaking(ranks: readonly number[]): number {
  const seen = new Map<number, number>();
  let most = 0;
  for (const rank of ranks) {
    let higher = 0;
    for (const [other, count] of seen) if (other > rank) higher += count;
    most = Math.max(most, higher);
    seen.set(rank, (seen.get(rank) ?? 0) + 1);
  }
  return most;
}

/** Of each content its visit, and the place of that: today's first, then the oldest. */
function visitsOfContents({ artefacts, documents }: FinalStation) {
  const sessions = [...documents].flatMap(([place, document]) => (place.startsWith('sessions/') ? [document] : []));
  const days = sessions.map((session) => String(session['day'])).toSorted();
  const today = days.at(-1);
  const startOf = (session: Readonly<Record<string, unknown>>): string =>
    String(documents.get(`appointments/${String(session['appointmentId'])}`)?.['startsAt']);
  const ordered = sessions.toSorted((left, right) => {
    const [first, second] = [left, right].map((session) => (session['day'] === today ? 0 : 1));
    return (first ?? 0) - (second ?? 0) || (startOf(left) < startOf(right) ? -1 : 1);
  });
  const rankOf = new Map(ordered.map((session, rank) => [String(session['id']), rank]));
  return new Map(
    artefacts.flatMap(({ id, collection, sha256 }) => {
      const sessionId = String(documents.get(`${collection}/${id}`)?.['sessionId']);
      return sha256 === null ? [] : [[sha256, { sessionId, rank: rankOf.get(sessionId) ?? 0 }] as const];
    }),
  );
}
