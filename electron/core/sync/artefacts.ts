/** Where every artefact is, page by page: sync says how far each has come, the clinic's documents say what and whose it is. */
import type {
  ArtefactPage,
  ArtefactQuery,
  ArtefactRef,
  ArtefactRow,
  Capture,
  Report,
  Session,
} from '../../contract/index.ts';
import type { Store } from '../store/index.ts';
import type { CloudReceipts, SyncReader } from './sync-reader.ts';

export interface ArtefactSources {
  readonly store: Store;
  readonly sync: SyncReader;
  /** Blobs that are not what was written. */
  readonly lostBlobs: { has(blobId: string): boolean };
}

/** A page, and everybody whose name is in it. */
export interface NamedPage {
  readonly page: ArtefactPage;
  readonly patientIds: readonly string[];
}

type Here = Omit<ArtefactRow, 'artefact' | 'visit' | 'patient' | keyof CloudReceipts>;

interface Found {
  readonly session: Session;
  readonly here: Here;
}

/** Pictures that were, or may have been, taken and have not come to this disk. */
export async function onlyOnDevice(store: Store): Promise<number> {
  return store.count('captures', { selector: { state: { $in: ['taking', 'uncertain'] }, triggered: true } });
}

/** @param withNames whether who asks may see who the patients are; without, a visit is its time and room. */
export async function artefactPage(
  sources: ArtefactSources,
  query: ArtefactQuery,
  withNames: boolean,
): Promise<NamedPage> {
  const { items, next, total } = await sources.sync.page(query);
  const visits = new Visits(sources.store, withNames);
  const rows: ArtefactRow[] = [];
  const patientIds = new Set<string>();
  for (const { artefact, inCloud, verified } of items) {
    const found = await find(sources, artefact);
    // Deleted meanwhile.
    if (found === null) continue;
    rows.push({ artefact, ...found.here, ...(await visits.of(found.session)), inCloud, verified });
    if (withNames) patientIds.add(found.session.patientId);
  }
  return { page: { rows, next, total }, patientIds: [...patientIds] };
}

async function find({ store, lostBlobs }: ArtefactSources, { kind, id, part }: ArtefactRef): Promise<Found | null> {
  switch (kind) {
    case 'session': {
      const session = await store.get('sessions', id);
      return session === null ? null : foundValue(session, part);
    }
    case 'report': {
      const report = await store.get('reports', id);
      return report === null ? null : inVisit(store, report.sessionId, reportHere(report, lostBlobs));
    }
    case 'finding': {
      const finding = await store.get('findings', id);
      const capture = finding === null ? null : await store.get('captures', finding.captureId);
      if (finding === null) return null;
      return inVisit(store, finding.sessionId, {
        ...madeHere(finding.createdAt, bytesOf(finding)),
        stepId: capture?.stepId ?? null,
        attempt: capture?.attempt ?? 1,
      });
    }
    case 'capture': {
      const capture = await store.get('captures', id);
      if (capture === null) return null;
      return inVisit(store, capture.sessionId, captureHere(capture, part, lostBlobs));
    }
    default:
      return kind satisfies never;
  }
}

async function inVisit(store: Store, sessionId: string, here: Here): Promise<Found | null> {
  const session = await store.get('sessions', sessionId);
  return session === null ? null : { session, here };
}

function foundValue(session: Session, part: string): Found | null {
  const stepId = part.replace(/^step:/, '');
  const quantity = session.steps[stepId]?.quantity ?? null;
  if (quantity === null) return null;
  return { session, here: { ...madeHere(quantity.at, bytesOf(quantity)), stepId } };
}

/** What never was a file on a device. */
function madeHere(at: string | null, size: number | null): Here {
  return {
    stepId: null,
    attempt: 1,
    onDevice: { state: 'none', at: null },
    onDisk: { state: 'done', at },
    size,
  };
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function reportHere({ madeAt, size, version, blobId }: Report, lostBlobs: ArtefactSources['lostBlobs']): Here {
  const here = { ...madeHere(madeAt, size), attempt: version };
  return lostBlobs.has(blobId) ? { ...here, onDisk: { state: 'damaged', at: null } } : here;
}

function captureHere(capture: Capture, part: string, lostBlobs: ArtefactSources['lostBlobs']): Here {
  const { stepId, attempt } = capture;
  if (part === 'image') {
    return { stepId, attempt, onDevice: onDeviceOf(capture), onDisk: onDiskOf(capture, lostBlobs), size: capture.size };
  }
  const blobId = part === 'overlay' ? capture.overlayBlobId : capture.thumbnailBlobId;
  const isLost = blobId !== null && lostBlobs.has(blobId);
  const here = { ...madeHere(capture.judgedAt, null), stepId, attempt };
  return isLost ? { ...here, onDisk: { state: 'damaged', at: null } } : here;
}

function onDeviceOf({ releasedAt, onDiskAt, token, takenAt }: Capture): ArtefactRow['onDevice'] {
  if (releasedAt !== null) return { state: 'cleared', at: releasedAt };
  if (onDiskAt === null) return { state: 'only', at: takenAt };
  return token === null ? { state: 'none', at: null } : { state: 'kept', at: takenAt };
}

function onDiskOf(capture: Capture, lostBlobs: ArtefactSources['lostBlobs']): ArtefactRow['onDisk'] {
  if (capture.state === 'purged') return { state: 'purged', at: capture.purgedAt };
  if (capture.blobId !== null && lostBlobs.has(capture.blobId)) return { state: 'damaged', at: null };
  if (capture.onDiskAt !== null) return { state: 'done', at: capture.onDiskAt };
  return { state: capture.state === 'taking' ? 'writing' : 'not-yet', at: null };
}

/** When and where a visit was, and who came; each looked up once. */
class Visits {
  readonly #store: Store;
  readonly #withNames: boolean;
  readonly #known = new Map<string, Pick<ArtefactRow, 'visit' | 'patient'>>();

  constructor(store: Store, withNames: boolean) {
    this.#store = store;
    this.#withNames = withNames;
  }

  async of(session: Session): Promise<Pick<ArtefactRow, 'visit' | 'patient'>> {
    const known = this.#known.get(session.id);
    if (known !== undefined) return known;
    const appointment = await this.#store.get('appointments', session.appointmentId);
    const patient = this.#withNames ? await this.#store.get('patients', session.patientId) : null;
    const made = {
      visit: {
        sessionId: session.id,
        protocolId: session.protocolId,
        startsAt: appointment?.startsAt ?? session.startedAt ?? session.createdAt,
        room: appointment?.room ?? '',
      },
      patient: patient === null ? null : { givenName: patient.givenName, familyName: patient.familyName },
    };
    this.#known.set(session.id, made);
    return made;
  }
}
