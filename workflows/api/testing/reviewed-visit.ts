/** A finished visit that waits for review, with its files, as a station sends it. */
import { newId } from '../../../electron/contract/index.ts';
import type { SeededLocation } from '../../database/testing/seed.ts';
import { patientDocument } from '../../database/testing/seed.ts';
import type { Fields } from './documents.ts';
import { captureDocument, push, reportDocument, rowOf, sessionDocument } from './documents.ts';
import type { TestStation } from './station.ts';
import type { Content } from './uploads.ts';
import { TestUploader, newContent } from './uploads.ts';

export interface VisitForReview {
  readonly patientId: string;
  readonly sessionId: string;
  readonly captureId: string;
  readonly reportId: string;
  /** Without a report as long as the clinic has made none. */
  readonly documents: Readonly<Record<'patients' | 'appointments' | 'sessions' | 'captures' | 'findings', Fields>> & {
    readonly reports?: Fields;
  };
  readonly picture: Content;
  readonly overlay: Content;
  readonly pdf: Content;
}

const PROVENANCE = {
  model: 'retina-vessels',
  version: '1.4.0',
  sha256: '7'.repeat(64),
  provider: 'cpu',
  runtime: 'onnxruntime 1.30.0',
  durationMs: 167,
};
const REGIONS = ['whole', 'upper-temporal', 'upper-nasal', 'lower-temporal', 'lower-nasal'] as const;

/** @param files their bytes, where what is in them matters */
export function visitForReview(
  place: SeededLocation,
  leadStationId: string,
  files: { readonly picture?: Content; readonly overlay?: Content; readonly pdf?: Content } = {},
): VisitForReview {
  const { picture = newContent(5000), overlay = newContent(700), pdf = newContent(3000) } = files;
  const patientId = newId();
  const patient = patientDocument({ ...place, patientId, stationId: leadStationId });
  const { number: _n, givenName: _g, familyName: _f, birthDate: _b, sex: _s, ...common } = patient;
  const [appointmentId, reportId, captureId, staffId] = [newId(), newId(), newId(), String(common['authorId'])];
  const at = '2026-11-21T09:20:00.000Z';
  const step = { state: 'done', quantity: null, captureId: null, attempts: 0, skippedReason: null, doneAt: at };
  const weight = {
    value: 71.85,
    unit: 'kg',
    error: 0.05,
    source: 'device',
    deviceId: null,
    calibrationId: null,
    at,
    raw: '',
  };
  const own = { stationId: leadStationId, patientId };
  const session = sessionDocument(place, {
    ...own,
    appointmentId,
    status: 'REVIEW',
    leadStationId,
    protocolId: 'wellness-imaging-short',
    startedAt: '2026-11-21T09:00:00.000Z',
    capturedAt: at,
    reportId,
    steps: {
      weight: { ...step, quantity: weight, doneBy: staffId },
      'retina-right': { ...step, captureId, attempts: 1, doneBy: staffId },
    },
  });
  const sessionId = String(session['id']);
  const judgement = {
    sha256: picture.sha256,
    passed: true,
    width: 820,
    height: 820,
    checks: [],
    tiles: [],
    field: { x: 0.5, y: 0.5, radius: 0.47 },
    findings: [],
    findingsMissing: null,
    thumbnail: { sha256: picture.sha256, size: picture.bytes.length, mediaType: 'image/jpeg', width: 820, height: 820 },
    overlay: { sha256: overlay.sha256, size: overlay.bytes.length, mediaType: 'image/png', width: 820, height: 820 },
    durationMs: 640,
  };
  const capture = captureDocument(place, sessionId, {
    ...own,
    id: captureId,
    stepId: 'retina-right',
    state: 'judged',
    settings: { subject: 'retina-right' },
    takenAt: '2026-11-21T09:10:00.000Z',
    onDiskAt: '2026-11-21T09:10:05.000Z',
    sha256: picture.sha256,
    size: picture.bytes.length,
    judgement,
    judgedAt: '2026-11-21T09:10:08.000Z',
  });
  const finding = {
    ...common,
    ...own,
    id: newId(),
    hlc: {},
    sessionId,
    captureId,
    kind: 'retinal-vessels',
    eye: 'right',
    values: REGIONS.map((region) => ({
      measure: 'vessel-area',
      region,
      value: 10.9,
      standardError: 0.2,
      unit: 'percent',
    })),
    overlayBlobId: null,
    provenance: PROVENANCE,
    inputSha256: picture.sha256,
    calibrationId: null,
  };
  const report = reportDocument(place, sessionId, {
    ...own,
    id: reportId,
    sha256: pdf.sha256,
    size: pdf.bytes.length,
    madeAt: new Date().toISOString(),
  });
  const appointment = {
    ...common,
    ...own,
    id: appointmentId,
    hlc: {},
    startsAt: '2026-11-21T09:00:00.000Z',
    day: '2026-11-21',
    protocolId: 'wellness-imaging-short',
    room: 'Room 1',
  };
  const documents = {
    patients: { ...patient, stationId: leadStationId },
    appointments: appointment,
    sessions: session,
    captures: capture,
    findings: finding,
    reports: report,
  };
  return { patientId, sessionId, captureId, reportId, documents, picture, overlay, pdf };
}

/** Pushes the documents. @throws Error when one was not taken */
export async function sendVisit(station: TestStation, visit: VisitForReview): Promise<void> {
  for (const [name, document] of Object.entries(visit.documents)) {
    const { verdicts } = await push(station, name as keyof VisitForReview['documents'], [rowOf(document)]);
    if (verdicts.some(({ verdict }) => verdict !== 'accepted')) throw new Error(`${name}: ${JSON.stringify(verdicts)}`);
  }
}

/** Sends the files and waits until the cloud has compared them. */
export async function sendFiles(base: string, station: TestStation, visit: VisitForReview): Promise<void> {
  const uploader = new TestUploader(base, station);
  for (const [content, mediaType] of [
    [visit.picture, 'image/jpeg'],
    [visit.overlay, 'image/png'],
    [visit.pdf, 'application/pdf'],
  ] as const) {
    await uploader.send(content, mediaType);
    while ((await uploader.receipt(content.sha256)).state !== 'verified') {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
