/** Documents and pushes as stations make them. */
import type {
  CollectionName,
  DocumentRow,
  MasterRow,
  PullResponse,
  PushResponse,
} from '../../../electron/contract/index.ts';
import { CONTRACT_VERSION, newId, replicationPath } from '../../../electron/contract/index.ts';
import type { SeededLocation } from '../../database/testing/seed.ts';
import { patientDocument } from '../../database/testing/seed.ts';
import type { TestStation } from './station.ts';

export type Fields = Readonly<Record<string, unknown>>;
export type Assumed = (DocumentRow & { readonly version: number | null }) | null;

export function alertDocument(place: SeededLocation, fields: Fields = {}): Fields {
  const {
    number: _number,
    givenName: _given,
    familyName: _family,
    birthDate: _born,
    sex: _sex,
    ...common
  } = patientDocument(place, newId());
  return {
    ...common,
    hlc: {},
    kind: 'disk',
    severity: 'warn',
    subjectId: 'disk',
    text: 'Little room is left',
    resolvedAt: null,
    ...fields,
  };
}

export function sessionDocument(place: SeededLocation, fields: Fields = {}): Fields {
  const {
    number: _number,
    givenName: _given,
    familyName: _family,
    birthDate: _born,
    sex: _sex,
    ...common
  } = patientDocument(place, newId());
  return {
    ...common,
    hlc: {},
    appointmentId: newId(),
    patientId: place.patientId,
    protocolId: 'wellness-imaging',
    protocolVersion: '1',
    day: '2026-11-21',
    status: 'CHECKED_IN',
    leadStationId: place.stationId,
    checkedInAt: null,
    startedAt: null,
    pausedAt: null,
    capturedAt: null,
    endedAt: null,
    endedReason: null,
    consentId: null,
    steps: {},
    reportId: null,
    endsLocally: false,
    cloud: null,
    ...fields,
  };
}

/** What every document of a place has. */
function commonDocument(place: SeededLocation): Fields {
  const {
    number: _number,
    givenName: _given,
    familyName: _family,
    birthDate: _born,
    sex: _sex,
    ...common
  } = patientDocument(place, newId());
  return { ...common, hlc: {}, patientId: place.patientId };
}

export function captureDocument(place: SeededLocation, sessionId: string, fields: Fields = {}): Fields {
  return {
    ...commonDocument(place),
    sessionId,
    stepId: 'body-front',
    attempt: 1,
    state: 'on-disk',
    settings: { subject: 'body-front' },
    deviceId: newId(),
    device: null,
    fieldAngleDegrees: null,
    calibrationId: null,
    simulated: false,
    requestedAt: '2026-11-21T09:00:00.000Z',
    tokenBefore: null,
    triggered: true,
    token: null,
    takenAt: null,
    deviceTakenAt: null,
    blobId: 'b',
    sha256: null,
    size: 1,
    mediaType: 'image/jpeg',
    onDiskAt: null,
    releasedAt: null,
    judgement: null,
    judgedAt: null,
    thumbnailBlobId: null,
    overlayBlobId: null,
    kept: null,
    problem: null,
    ...fields,
  };
}

export function reportDocument(place: SeededLocation, sessionId: string, fields: Fields = {}): Fields {
  return {
    ...commonDocument(place),
    sessionId,
    version: 1,
    blobId: 'b',
    sha256: '0'.repeat(64),
    size: 1,
    pages: 1,
    madeAt: '2026-11-21T09:00:00.000Z',
    review: null,
    ...fields,
  };
}

export function rowOf(document: Fields, assumed: Assumed = null, deleted = false) {
  return { document, deleted, assumed };
}

/** Pushes rows. @throws Error with the answer when the whole request was refused */
export async function push(
  station: TestStation,
  collection: CollectionName,
  rows: readonly unknown[],
  more: Fields = {},
): Promise<PushResponse> {
  const body = { contractVersion: CONTRACT_VERSION, mutationId: newId(), checkpoint: null, rows, ...more };
  const answer = await station.call(replicationPath(collection, 'push'), body);
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as unknown as PushResponse;
}

export async function pull(
  station: TestStation,
  collection: CollectionName,
  checkpoint: PullResponse['checkpoint'] | null = null,
  limit = 100,
): Promise<PullResponse> {
  const body = { contractVersion: CONTRACT_VERSION, checkpoint, limit };
  const answer = await station.call(replicationPath(collection, 'pull'), body);
  if (answer.status !== 200) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as unknown as PullResponse;
}

/** Everything that a station is shown of a collection, page by page. */
export async function pullAll(station: TestStation, collection: CollectionName, limit = 7): Promise<MasterRow[]> {
  const rows: MasterRow[] = [];
  for (let checkpoint: PullResponse['checkpoint'] | null = null; ;) {
    const page = await pull(station, collection, checkpoint, limit);
    rows.push(...page.rows);
    checkpoint = page.checkpoint;
    if (page.rows.length < limit) return rows;
  }
}
