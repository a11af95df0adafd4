/**
 * Event records of the Canon EOS extension, as GetEvent (0x9116) answers them: a run of records, each with its length and
 * type, ended by a record of length 8 and type 0. Not published by Canon; layouts as libgphoto2 (camlibs/ptp2/ptp-pack.c)
 * reads them from real cameras. Pure; never throws; records that are not understood keep their raw bytes.
 */
import { PtpReader, PtpWriter } from './ptp.ts';

/** EOS event types this station understands. */
const EOS_EVENT = {
  ObjectAddedEx: 0xc181,
  ObjectRemoved: 0xc182,
  StoreFull: 0xc187,
  PropertyChanged: 0xc189,
  /** As 0xC181 with one field more, sent by cameras from about 2018 on (EOS R). */
  ObjectAddedEx2: 0xc1a7,
} as const;

export type EosEvent =
  | {
      readonly type: 'objectAdded';
      readonly handle: number;
      readonly storageId: number;
      readonly objectFormat: number;
      readonly size: number;
      readonly filename: string;
    }
  | { readonly type: 'other'; readonly code: number; readonly raw: Uint8Array };

const RECORD_HEADER = 8;
const MAX_RECORDS = 10_000;
/** Offsets from the start of the record: id 8, storage 12, format 16, size 28, then parent and the name. */
const NAME_OFFSET = { [EOS_EVENT.ObjectAddedEx]: 40, [EOS_EVENT.ObjectAddedEx2]: 44 } as const;

/** Records in order; reading stops at the end record or where lengths make no sense. */
export function decodeEosEvents(bytes: Uint8Array): EosEvent[] {
  const events: EosEvent[] = [];
  let offset = 0;
  while (offset + RECORD_HEADER <= bytes.byteLength && events.length < MAX_RECORDS) {
    const header = new PtpReader(bytes.subarray(offset));
    const length = header.u32();
    const code = header.u32();
    if (length < RECORD_HEADER || offset + length > bytes.byteLength || (length === RECORD_HEADER && code === 0)) break;
    events.push(decodeRecord(code, bytes.subarray(offset, offset + length)));
    offset += length;
  }
  return events;
}

function decodeRecord(code: number, record: Uint8Array): EosEvent {
  const nameOffset =
    code === EOS_EVENT.ObjectAddedEx || code === EOS_EVENT.ObjectAddedEx2 ? NAME_OFFSET[code] : undefined;
  if (nameOffset === undefined || record.byteLength < nameOffset + 1) {
    return { type: 'other', code, raw: record.slice(0, 256) };
  }
  const field = (offset: number): number => new PtpReader(record.subarray(offset)).u32();
  const name = Buffer.from(record.subarray(nameOffset)).toString('latin1');
  return {
    type: 'objectAdded',
    handle: field(8),
    storageId: field(12),
    objectFormat: field(16) & 0xffff,
    size: field(28),
    filename: name.split('\0', 1)[0] ?? '',
  };
}

/** The answer to GetEvent with these records; `objectAdded` is written as 0xC181. */
export function encodeEosEvents(events: readonly EosEvent[]): Buffer {
  const writer = new PtpWriter();
  for (const event of events) {
    if (event.type === 'other') {
      writer.raw(event.raw);
      continue;
    }
    const name = Buffer.from(`${event.filename}\0`, 'latin1');
    const padded = Buffer.concat([name, Buffer.alloc((4 - (name.byteLength % 4)) % 4)]);
    writer
      .u32(NAME_OFFSET[EOS_EVENT.ObjectAddedEx] + padded.byteLength)
      .u32(EOS_EVENT.ObjectAddedEx)
      .u32(event.handle)
      .u32(event.storageId)
      .u16(event.objectFormat)
      .raw(Buffer.alloc(10))
      .u32(event.size)
      .u32(0)
      .u32(0)
      .raw(padded);
  }
  return writer.u32(RECORD_HEADER).u32(0).bytes();
}
