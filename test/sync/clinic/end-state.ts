/** What must be so in the end: everything that a station has, read from its own file, is in the cloud, whole, compared and recorded. */
import { createHash } from 'node:crypto';
import { canonical } from '../../../electron/contract/index.ts';
import { openStore } from '../../../electron/core/store/index.ts';
import { differenceOf } from '../content.ts';
import { keptDocuments } from '../kept-documents.ts';
import type { FinalArtefact, FinalStation } from './claims.ts';
import type { CloudProcess } from './cloud-process.ts';

interface EndedStation {
  /** Of its clinic; nobody has it open any more. */
  readonly directory: string;
  readonly key: Uint8Array;
  readonly stationId: string;
}

interface EndState extends FinalStation {
  /** Every content that it sent, small pictures as well. */
  readonly contents: readonly string[];
  readonly failures: readonly string[];
}

const SESSIONS_NOT_SYNCED = 'a session is not said to be synced';

/**
 * @param visits that are whole: their sessions are synced here and there
 * @param belonging collections of which each of these visits has a document in the cloud
 */
export async function endStateOf(
  cloud: CloudProcess,
  { directory, key, stationId }: EndedStation,
  visits: readonly string[],
  belonging: readonly string[],
): Promise<EndState> {
  const store = await openStore({ directory, key, now: Date.now, stationId });
  try {
    const failures: string[] = [];
    const kept = keptDocuments(store.sqlite);
    const inCloud = await cloud.database.documents(cloud.clinic);
    const difference = differenceOf(kept, inCloud);
    if (difference !== null) failures.push(`the station ${difference}`);
    const quarantined = await cloud.database.quarantined(cloud.clinic);
    if (quarantined.length > 0) failures.push(`in quarantine: ${quarantined.join(', ')}`);
    for (const id of visits) {
      const place = `sessions/${id}`;
      if (syncedAtOf(kept.get(place)?.document) === null) failures.push(`${SESSIONS_NOT_SYNCED} at the station`);
      if (syncedAtOf(inCloud.get(place)?.document) === null) failures.push(`${SESSIONS_NOT_SYNCED} in the cloud`);
    }
    for (const name of belonging) {
      const documents = [...inCloud].flatMap(([place, { document }]) =>
        place.startsWith(`${name}/`) ? [document] : [],
      );
      const having = new Set(documents.map((document) => document['sessionId']));
      if (visits.some((id) => !having.has(id))) failures.push(`a visit has no ${name} in the cloud`);
    }
    const trail = store.audit.read({ limit: 10_000_000 });
    failures.push(...(await flawsOfTrail(cloud, stationId, trail)));
    const artefacts = store.sqlite
      .prepare<[], FinalArtefact>(
        'SELECT document_id AS id, part, collection, sha256 FROM artefacts WHERE shown > 0 ORDER BY document_id, part',
      )
      .all();
    const contents = store.sqlite
      .prepare<[], string>('SELECT DISTINCT sha256 FROM artefacts WHERE sha256 IS NOT NULL ORDER BY sha256')
      .pluck()
      .all();
    const documents = new Map([...kept].map(([place, { document }]) => [place, document]));
    return { artefacts, contents, documents, trail, failures };
  } finally {
    await store.close();
  }
}

export function syncedAtOf(session: Readonly<Record<string, unknown>> | undefined): string | null {
  const state = session?.['cloud'] as { readonly syncedAt?: string | null } | null | undefined;
  return state?.syncedAt ?? null;
}

/** As it is here, from its first entry on, at least to the last that anything of a visit made. */
async function flawsOfTrail(
  { pool }: CloudProcess,
  stationId: string,
  trail: readonly { readonly sequence: number; readonly action: string }[],
): Promise<string[]> {
  const { rows } = await pool.query<{ readonly entry: unknown }>(
    'SELECT entry FROM audit_entries WHERE station_id = $1 ORDER BY sequence',
    [stationId],
  );
  const { rowCount: breaks } = await pool.query('SELECT FROM audit_breaks WHERE station_id = $1', [stationId]);
  const inCloud = rows.map(({ entry }) => canonical(entry));
  const last = trail.findLast(({ action }) => /^(visit|capture|step|report|consent)\./.test(action));
  return [
    ...(breaks === 0 ? [] : ['the trail is broken in the cloud']),
    ...(inCloud.every((entry, index) => entry === canonical(trail[index]))
      ? []
      : ['the trail in the cloud is another']),
    ...(last === undefined || last.sequence > inCloud.length
      ? ['the trail of the visits is not whole in the cloud']
      : []),
  ];
}

/**
 * Each content is verified in the cloud; what a clinician gets of it there has the hash that it has here.
 * @param readBack how many of them are read
 */
export async function flawsOfFiles(
  cloud: CloudProcess,
  contents: readonly string[],
  readBack: number = contents.length,
): Promise<string[]> {
  if (contents.length === 0) return ['the station has no file'];
  const { rows } = await cloud.pool.query<{ readonly id: string; readonly sha256: string }>(
    `SELECT id, sha256 FROM files WHERE tenant_id = $1 AND state = 'verified'`,
    [cloud.clinic.tenantId],
  );
  const idOf = new Map(rows.map(({ id, sha256 }) => [sha256, id]));
  const absent = contents.filter((sha256) => !idOf.has(sha256)).length;
  const flaws = absent === 0 ? [] : [`${absent} of ${contents.length} files are not verified in the cloud`];
  const token = await cloud.person('clinician');
  // Hashes are in no order of anything else: the first ones are as good as any.
  const some = contents.slice(0, readBack);
  for (const sha256 of some) {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${cloud.base}/v1/files/${idOf.get(sha256)}`, { headers });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const got = createHash('sha256').update(bytes).digest('hex');
    if (response.status !== 200 || got !== sha256) flaws.push(`a file there is not the station’s (${response.status})`);
  }
  console.log(`${contents.length} files in the cloud, ${some.length} of them read back and compared`);
  return flaws;
}
