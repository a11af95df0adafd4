/**
 * What a station says of the cloud, held against what the cloud's database had at that moment. Files are judged by the instants at
 * which the database says that they were whole and compared; documents and the audit trail by what was read right after the claim.
 */
import type { Pool } from 'pg';
import type { ArtefactRow, SyncView } from '../../../electron/contract/index.ts';
import { canonical } from '../../../electron/contract/index.ts';

type Document = Readonly<Record<string, unknown>>;

/** The cloud's database at one moment. */
export interface CloudMoment {
  /** By `<collection>/<id>`; not deleted. */
  readonly documents: ReadonlyMap<string, Document>;
  /** By SHA-256; ms since 1970, null: not yet. */
  readonly files: ReadonlyMap<string, { readonly storedAt: number | null; readonly verifiedAt: number | null }>;
  /** The last entry of the station's trail; 0: none. */
  readonly auditSequence: number;
}

interface FileTimes {
  readonly sha256: string;
  readonly stored_at: Date | null;
  readonly verified_at: Date | null;
}

export async function lookAt(pool: Pool, tenantId: string, stationId: string): Promise<CloudMoment> {
  const [documents, files, audit] = await Promise.all([
    pool.query<{ readonly key: string; readonly document: Document }>(
      `SELECT collection || '/' || id AS key, document FROM documents WHERE tenant_id = $1 AND NOT deleted`,
      [tenantId],
    ),
    pool.query<FileTimes>(
      `SELECT sha256, stored_at, verified_at FROM files WHERE tenant_id = $1 AND state IN ('stored', 'verified')`,
      [tenantId],
    ),
    pool.query<{ readonly last: number }>(
      'SELECT coalesce(max(sequence), 0)::int AS last FROM audit_entries WHERE station_id = $1',
      [stationId],
    ),
  ]);
  return {
    documents: new Map(documents.rows.map(({ key, document }) => [key, document])),
    files: new Map(
      files.rows.map(({ sha256, stored_at: stored, verified_at: verified }) => [
        sha256,
        { storedAt: stored?.getTime() ?? null, verifiedAt: verified?.getTime() ?? null },
      ]),
    ),
    auditSequence: audit.rows[0]?.last ?? 0,
  };
}

/** What the station acknowledged to somebody: from then on "everything is in the cloud" includes it. */
export interface Acknowledged {
  readonly what: string;
  /** ms since 1970, at whoever asked. */
  readonly at: number;
  readonly isIn: (documents: CloudMoment['documents']) => boolean;
  /** A file that belongs to it. */
  readonly sha256: string | null;
  /** Its entry in the station's trail. */
  readonly audit: { readonly action: string; readonly subjectId: string };
}

/** An artefact as the station has it in the end. */
export interface FinalArtefact {
  readonly id: string;
  readonly part: string;
  readonly collection: string;
  /** null: a value of the document. */
  readonly sha256: string | null;
}

export interface FinalStation {
  readonly artefacts: readonly FinalArtefact[];
  readonly documents: ReadonlyMap<string, Document>;
  readonly trail: readonly { readonly sequence: number; readonly action: string; readonly subjectId: string }[];
}

type Heard =
  | { readonly kind: 'view'; readonly at: number; readonly view: SyncView; readonly moment: CloudMoment }
  | { readonly kind: 'rows'; readonly at: number; readonly rows: readonly ArtefactRow[]; readonly moment: CloudMoment };

/** One thing that was said, and whether it was so. */
interface Claim {
  readonly text: string;
  readonly isTrue: boolean;
}

export class Claims {
  readonly #heard: Heard[] = [];
  readonly #acknowledged: Acknowledged[] = [];

  acknowledged(entry: Acknowledged): void {
    this.#acknowledged.push(entry);
  }

  /** @param at ms since 1970, when it was heard */
  heard(what: SyncView | readonly ArtefactRow[], at: number, moment: CloudMoment): void {
    if (isRows(what)) this.#heard.push({ kind: 'rows', at, rows: what, moment });
    else this.#heard.push({ kind: 'view', at, view: what, moment });
  }

  get views(): number {
    return this.#heard.length;
  }

  /**
   * Everything that was said, against what was so.
   * @param cloud in place of what the database had: the control puts an empty one here, and must find claims that are not so
   */
  judge(station: FinalStation, cloud?: CloudMoment): { readonly made: number; readonly untrue: readonly string[] } {
    const judged = this.#heard.flatMap((heard) => {
      const moment = cloud ?? heard.moment;
      return heard.kind === 'view'
        ? this.#ofView(heard.view, heard.at, moment, station)
        : ofRows(heard.rows, heard.at, moment, station);
    });
    return { made: judged.length, untrue: judged.filter(({ isTrue }) => !isTrue).map(({ text }) => text) };
  }

  #ofView(view: SyncView, at: number, moment: CloudMoment, station: FinalStation): Claim[] {
    const claims: Claim[] = [];
    const inCloud = countTrue(station, (artefact) => isIn(artefact, at, moment, station, 'storedAt'));
    const verified = countTrue(station, (artefact) => isIn(artefact, at, moment, station, 'verifiedAt'));
    if (view.steps.inCloud > 0) {
      const text = `${view.at}: ${view.steps.inCloud} artefacts are in the cloud, ${inCloud} were`;
      claims.push({ text, isTrue: view.steps.inCloud <= inCloud });
    }
    if (view.steps.verified > 0) {
      const text = `${view.at}: ${view.steps.verified} artefacts are verified, ${verified} were`;
      claims.push({ text, isTrue: view.steps.verified <= verified });
    }
    for (const { what, at: since, isIn: holds, sha256, audit } of this.#acknowledged) {
      if (since >= Date.parse(view.at)) continue;
      if (view.unpushed.documents === 0) {
        claims.push({ text: `${view.at}: no document waits, ${what} did`, isTrue: holds(moment.documents) });
      }
      if (view.unpushed.files === 0 && sha256 !== null) {
        const stored = moment.files.get(sha256)?.storedAt ?? Infinity;
        claims.push({ text: `${view.at}: no file waits, that of ${what} did`, isTrue: stored <= at });
      }
      if (view.unpushed.auditEntries === 0) {
        const entry = station.trail.find(
          ({ action, subjectId }) => action === audit.action && subjectId === audit.subjectId,
        );
        const isThere = entry !== undefined && entry.sequence <= moment.auditSequence;
        claims.push({ text: `${view.at}: no audit entry waits, ${audit.action} did`, isTrue: isThere });
      }
    }
    return claims;
  }
}

function isRows(what: SyncView | readonly ArtefactRow[]): what is readonly ArtefactRow[] {
  return Array.isArray(what);
}

function ofRows(rows: readonly ArtefactRow[], at: number, moment: CloudMoment, station: FinalStation): Claim[] {
  return rows.flatMap(({ artefact: { id, part }, inCloud, verified }) => {
    const known = station.artefacts.find((artefact) => artefact.id === id && artefact.part === part);
    const when = new Date(at).toISOString();
    const check = (what: 'storedAt' | 'verifiedAt', word: string): Claim => ({
      text: `${when}: ${part} is ${word}, and was not`,
      isTrue: known !== undefined && isIn(known, at, moment, station, what),
    });
    return [
      ...(inCloud.state === 'done' ? [check('storedAt', 'in the cloud')] : []),
      ...(verified.state === 'done' ? [check('verifiedAt', 'verified')] : []),
    ];
  });
}

function countTrue({ artefacts }: FinalStation, holds: (artefact: FinalArtefact) => boolean): number {
  return artefacts.filter(holds).length;
}

function isIn(
  { id, part, collection, sha256 }: FinalArtefact,
  at: number,
  moment: CloudMoment,
  station: FinalStation,
  what: 'storedAt' | 'verifiedAt',
): boolean {
  if (sha256 !== null) return (moment.files.get(sha256)?.[what] ?? Infinity) <= at;
  const key = `${collection}/${id}`;
  const value = valueOf(moment.documents.get(key), part);
  return value !== null && value === valueOf(station.documents.get(key), part);
}

/** A measured value as text; of anything else, that it is there. */
function valueOf(document: Document | undefined, part: string): string | null {
  if (document === undefined) return null;
  if (!part.startsWith('step:')) return 'there';
  const steps = document['steps'] as Readonly<Record<string, { readonly quantity: unknown }>>;
  const quantity = steps[part.slice('step:'.length)]?.quantity ?? null;
  return quantity === null ? null : canonical(quantity);
}
