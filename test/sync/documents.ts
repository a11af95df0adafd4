/**
 * Documents of every collection, and changes to them. Every value that is written says which write it came from: a number that is used
 * once. So it can be told afterwards whose value won, and whether fields that belong together came from the same write.
 */
import { createHash } from 'node:crypto';
import { derivedId } from '../../electron/contract/index.ts';
import type { CollectionName, DocumentOf } from '../../electron/contract/index.ts';
import type { Draft } from '../../electron/core/store/index.ts';

/** Where a station stands. */
export interface Place {
  readonly tenantId: string;
  readonly locationId: string;
  readonly authorId: string;
}

type Fields = Readonly<Record<string, unknown>>;

interface Kind {
  /** A whole document. */
  readonly draft: (mark: number) => Fields;
  /** Each changes one group of fields. */
  readonly changes: readonly ((mark: number) => Fields)[];
}

const EPOCH = Date.parse('2026-01-01T00:00:00.000Z');

/** What the collections' documents are made of. Each value is another one for each mark. */
const KINDS: { readonly [N in CollectionName]: Kind } = {
  staff: {
    draft: (mark) => ({ ...person(mark), roles: ['facilitator'], pinHash: text(mark) }),
    changes: [person, (mark) => ({ pinHash: text(mark) })],
  },
  appointments: {
    draft: (mark) => ({ patientId: idOf(mark), protocolId: 'wellness-short', ...time(mark), note: text(mark) }),
    changes: [time, (mark) => ({ note: text(mark) }), (mark) => ({ codeHash: hashOf(mark) })],
  },
  patients: {
    draft: (mark) => ({ number: text(mark), ...name(mark), sex: 'unknown' }),
    changes: [
      name,
      (mark) => ({ number: text(mark) }),
      (mark) => ({ allergies: [text(mark), 'Latex'] }),
      (mark) => ({ addedByALaterVersion: { mark } }),
    ],
  },
  consents: {
    draft: (mark) => ({
      patientId: idOf(mark),
      sessionId: idOf(mark),
      decisions: { measurements: true, 'care-team': true, research: false },
      textVersion: text(mark),
      language: 'en',
      signature: { strokes: [], typedName: text(mark) },
      surface: 'checkin',
      signedAt: instant(mark),
    }),
    changes: [(mark) => ({ textVersion: text(mark) }), (mark) => ({ signedAt: instant(mark) })],
  },
  sessions: {
    draft: (mark) => ({
      appointmentId: idOf(mark),
      patientId: idOf(mark),
      protocolId: 'wellness-short',
      protocolVersion: '1',
      day: '2026-11-21',
      status: 'CHECKED_IN',
      leadStationId: idOf(mark),
      checkedInAt: instant(mark),
      startedAt: null,
      pausedAt: null,
      capturedAt: null,
      endedAt: null,
      endedReason: null,
      consentId: null,
      steps: {},
      reportId: null,
      endsLocally: true,
    }),
    changes: [
      (mark) => ({ leadStationId: idOf(mark), startedAt: instant(mark), endedReason: text(mark) }),
      (mark) => ({ reportId: idOf(mark) }),
      (mark) => ({ steps: { weight: { state: 'skipped', skippedReason: text(mark) } } }),
    ],
  },
  captures: {
    draft: (mark) => ({
      sessionId: idOf(mark),
      patientId: idOf(mark),
      stepId: 'body-front',
      attempt: 1,
      state: 'requested',
      settings: { subject: 'body-front' },
      deviceId: idOf(mark),
      device: null,
      fieldAngleDegrees: null,
      calibrationId: null,
      simulated: true,
      requestedAt: instant(mark),
      tokenBefore: text(mark),
      triggered: false,
      token: null,
      takenAt: null,
      deviceTakenAt: null,
      blobId: null,
      sha256: null,
      size: null,
      mediaType: null,
      onDiskAt: null,
      releasedAt: null,
      judgement: null,
      judgedAt: null,
      thumbnailBlobId: null,
      overlayBlobId: null,
      kept: null,
      problem: null,
    }),
    changes: [
      (mark) => ({ blobId: text(mark), sha256: hashOf(mark), size: mark, token: text(mark) }),
      (mark) => ({ judgedAt: instant(mark), thumbnailBlobId: text(mark), overlayBlobId: text(mark) }),
      (mark) => ({ kept: { reason: text(mark), by: idOf(mark), at: instant(mark) } }),
    ],
  },
  findings: {
    draft: (mark) => ({
      sessionId: idOf(mark),
      patientId: idOf(mark),
      captureId: idOf(mark),
      kind: 'retinal-vessels',
      eye: 'right',
      values: [],
      overlayBlobId: text(mark),
      provenance: {
        model: 'retinal-vessels',
        version: '1',
        sha256: hashOf(mark),
        provider: 'cpu',
        runtime: 'onnxruntime',
        durationMs: mark,
      },
      inputSha256: hashOf(mark),
      calibrationId: null,
    }),
    changes: [(mark) => ({ overlayBlobId: text(mark) }), (mark) => ({ inputSha256: hashOf(mark) })],
  },
  reports: {
    draft: (mark) => ({ sessionId: idOf(mark), patientId: idOf(mark), version: 1, ...file(mark), review: null }),
    changes: [
      file,
      (mark) => ({
        review: {
          decision: 'approved',
          reportSha256: hashOf(mark),
          by: idOf(mark),
          byName: text(mark),
          at: instant(mark),
          reason: null,
          notes: null,
        },
      }),
    ],
  },
  devices: {
    draft: (mark) => ({ configuration: configuration(mark), identity: null, lastSeenAt: instant(mark) }),
    changes: [
      (mark) => ({ configuration: configuration(mark) }),
      (mark) => ({ lastSeenAt: instant(mark) }),
      (mark) => ({ identity: { manufacturer: 'A', model: 'B', serial: text(mark), firmware: '1' } }),
    ],
  },
  calibrations: {
    draft: (mark) => ({
      deviceId: idOf(mark),
      deviceKind: 'scale',
      identity: { manufacturer: 'A', model: 'B', serial: text(mark), firmware: '1' },
      procedure: { name: 'scale', version: '1' },
      reference: { name: 'Weight', certificate: text(mark), expiresOn: '2030-01-01' },
      rawReadings: [{ mark }],
      result: { mark },
      tolerance: {},
      verdict: 'passed',
      validFrom: instant(mark),
      validUntil: instant(mark + 1),
      supersedes: null,
      signature: text(mark),
    }),
    changes: [(mark) => ({ signature: text(mark) }), (mark) => ({ supersedes: idOf(mark) })],
  },
  alerts: {
    draft: (mark) => ({ kind: 'disk', severity: 'warn', subjectId: text(mark), text: text(mark), resolvedAt: null }),
    changes: [(mark) => ({ text: text(mark) }), (mark) => ({ resolvedAt: instant(mark) })],
  },
};

export const COLLECTIONS = Object.keys(KINDS) as CollectionName[];

/** A new document with values of this mark only. */
export function draftOf<N extends CollectionName>(name: N, id: string, place: Place, mark: number): Draft<N> {
  return { ...KINDS[name].draft(mark), ...place, id } as unknown as Draft<N>;
}

/** How many groups of fields of a collection are changed. */
export function changesOf(name: CollectionName): number {
  return KINDS[name].changes.length;
}

/** The document with one group of fields changed. @param change from 0 */
export function changed<N extends CollectionName>(
  name: N,
  document: DocumentOf<N>,
  change: number,
  mark: number,
): DocumentOf<N> {
  return { ...document, ...KINDS[name].changes[change]?.(mark) };
}

function text(mark: number): string {
  // Beyond ASCII, so that lengths and orders that count bytes would show.
  return `mark ${mark} é 漢 😀`;
}

function idOf(mark: number): string {
  return derivedId('sync-proof', 'mark', mark);
}

function hashOf(mark: number): string {
  return createHash('sha256').update(String(mark)).digest('hex');
}

function instant(mark: number): string {
  return new Date(EPOCH + mark * 1000).toISOString();
}

function person(mark: number): Fields {
  return { name: text(mark), initials: mark.toString(36).slice(-3) };
}

function name(mark: number): Fields {
  return { givenName: text(mark), familyName: text(mark), birthDate: instant(mark).slice(0, 10) };
}

function time(mark: number): Fields {
  return { startsAt: instant(mark), day: '2026-11-21', room: text(mark) };
}

function file(mark: number): Fields {
  return { blobId: text(mark), sha256: hashOf(mark), size: mark, pages: 1, madeAt: instant(mark) };
}

function configuration(mark: number): Fields {
  return {
    deviceId: idOf(mark),
    kind: 'scale',
    name: text(mark),
    room: '',
    model: 'mt-sics',
    address: { type: 'tcp', host: 'scale', port: 4305 },
    simulated: true,
  };
}
