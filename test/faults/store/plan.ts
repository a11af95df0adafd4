/**
 * What the writer of the store's proofs writes, from a seed alone: whoever knows the seed and how many batches there are knows
 * every document, every audit entry, every intent and every file.
 */
import { createHash } from 'node:crypto';
import { derivedId } from '../../../electron/contract/index.ts';
import type { AuditEntryInput, IntentInput } from '../../../electron/contract/index.ts';
import type { Draft, Store } from '../../../electron/core/store/index.ts';
import {
  AUTHOR,
  LOCATION,
  TENANT,
  appointmentDraft,
  auditEntry,
  patientDraft,
} from '../../../electron/core/store/testing/documents.ts';
import { Random } from '../../fixtures/random.ts';

const SHARE_OF_UPDATES = 0.2;
const SUBJECTS = 7;

/** One document at one of its versions; versions count from 0. */
export interface PlannedWrite {
  readonly item: number;
  readonly version: number;
}

/** Becomes one transaction. Batches count from 1. */
export interface PlannedBatch {
  readonly number: number;
  readonly writes: readonly PlannedWrite[];
}

/** Goes through the batches in order. */
export class Plan {
  /** The newest version of each document so far, by item. */
  readonly versions: number[] = [];
  readonly #seed: number;
  readonly #largest: number;
  #batches = 0;

  /** @param largest documents in the largest batch; sizes are spread evenly over the orders of magnitude from 1. */
  constructor(seed: number, largest: number) {
    this.#seed = seed;
    this.#largest = largest;
  }

  next(): PlannedBatch {
    this.#batches += 1;
    const random = new Random(Math.imul(this.#seed + 1, 0x9e37_79b1) ^ Math.imul(this.#batches, 0x85eb_ca6b));
    const size = Math.min(this.#largest, Math.floor(Math.exp(random.next() * Math.log(this.#largest + 1))));
    const writes: PlannedWrite[] = [];
    const before = this.versions.length;
    for (let index = 0; index < size; index += 1) {
      const isUpdate = before > 0 && random.next() < SHARE_OF_UPDATES;
      const item = isUpdate ? random.between(0, before - 1) : this.versions.length;
      const version = (this.versions[item] ?? -1) + 1;
      this.versions[item] = version;
      writes.push({ item, version });
    }
    return { number: this.#batches, writes };
  }

  /** Passes over the first batches. @returns itself */
  after(batches: number): this {
    while (this.#batches < batches) this.next();
    return this;
  }
}

type Write = Parameters<Store['writeMany']>[0][number];

/** By turns a patient, an appointment, an alert; one in a hundred is larger than several pages of the file. */
export function plannedDocument(seed: number, { item, version }: PlannedWrite): Write {
  const text = textOf(seed, item, version);
  switch (item % 3) {
    case 0:
      return { name: 'patients', document: patientDraft(item, { allergies: [text], accessNeeds: [String(version)] }) };
    case 1:
      return { name: 'appointments', document: appointmentDraft(item, { note: text, room: String(version) }) };
    default:
      return { name: 'alerts', document: alertDraft(item, text, String(version)) };
  }
}

function alertDraft(item: number, text: string, version: string): Draft<'alerts'> {
  return {
    id: derivedId('faults', 'alert', item),
    tenantId: TENANT,
    locationId: LOCATION,
    authorId: AUTHOR,
    kind: 'fault-proof',
    severity: 'info',
    subjectId: version,
    text,
    resolvedAt: null,
  };
}

function textOf(seed: number, item: number, version: number): string {
  const digest = createHash('sha256').update(`${seed}/${item}/${version}`).digest();
  const length = digest.readUInt8(0) < 3 ? 5000 + digest.readUInt16LE(1) / 2 : digest.readUInt16LE(1) % 300;
  return digest
    .toString('hex')
    .repeat(Math.ceil(length / 64) + 1)
    .slice(0, Math.max(8, length));
}

export const BATCH_ACTION = 'faults.batch';
export const FILE_ACTION = 'faults.file';

/** One to three entries a batch. */
export function plannedAudit(batch: PlannedBatch): AuditEntryInput[] {
  return Array.from({ length: 1 + (batch.number % 3) }, (_, part) =>
    auditEntry(BATCH_ACTION, subjectOf(batch.number), {
      batch: batch.number,
      part,
      of: 1 + (batch.number % 3),
      writes: batch.writes.length,
    }),
  );
}

/** One a batch, over few subjects, so that each has many in a row. */
export function plannedIntent(number: number): IntentInput {
  return {
    id: derivedId('faults', 'intent', number),
    kind: 'session-captured',
    subjectId: subjectOf(number),
    payload: { batch: number },
  };
}

function subjectOf(batch: number): string {
  return derivedId('faults', 'subject', batch % SUBJECTS);
}

/** Content of the file with this number: every third one has been seen before. @param largest bytes */
export function plannedFile(seed: number, number: number, largest: number): Buffer {
  const name = number % 3 === 2 ? `same-${number % 5}` : String(number);
  const block = createHash('sha512').update(`${seed}/${name}`).digest();
  const size = Math.floor(Math.exp((block.readUInt32LE(0) / 2 ** 32) * Math.log(largest)));
  return Buffer.alloc(Math.max(1, size), block);
}

/** The document that names a stored file. */
export function fileDocument(
  number: number,
  file: { readonly blobId: string; readonly sha256: string; readonly size: number },
): Draft<'reports'> {
  return {
    id: fileDocumentId(number),
    tenantId: TENANT,
    locationId: LOCATION,
    authorId: AUTHOR,
    sessionId: derivedId('faults', 'session', number),
    patientId: derivedId('faults', 'patient', number),
    version: number,
    blobId: file.blobId,
    sha256: file.sha256,
    size: file.size,
    pages: 1,
    madeAt: '2026-11-21T12:00:00.000Z',
    review: null,
  };
}

export function fileDocumentId(number: number): string {
  return derivedId('faults', 'file', number);
}

export function fileAudit(number: number): AuditEntryInput {
  return auditEntry(FILE_ACTION, fileDocumentId(number), { file: number });
}
