import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeEosEvents, encodeEosEvents, type EosEvent } from './ptp-canon.ts';
import { ptpOperationName, ptpResponseName } from './ptp-codes.ts';
import {
  decodeArray32,
  decodeDeviceInfo,
  decodeObjectInfo,
  decodePropertyDescription,
  decodePropertyValue,
  decodeStorageInfo,
  encodeArray32,
  encodeDeviceInfo,
  encodeObjectInfo,
  encodePropertyDescription,
  encodePropertyValue,
  encodePtpDate,
  encodeStorageInfo,
  PTP_TYPE,
  ptpDateToIso,
} from './ptp.ts';

const u8 = fc.nat(0xff);
const u16 = fc.nat(0xffff);
const u32 = fc.nat(0xffff_ffff);
const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
const text = fc.string({ maxLength: 60 }).map((value) => value.replaceAll('\0', ''));

const deviceInfo = fc.record({
  standardVersion: u16,
  vendorExtensionId: u32,
  vendorExtensionVersion: u16,
  vendorExtensionDescription: text,
  functionalMode: u16,
  operationsSupported: fc.array(u16),
  eventsSupported: fc.array(u16),
  devicePropertiesSupported: fc.array(u16),
  captureFormats: fc.array(u16),
  imageFormats: fc.array(u16),
  manufacturer: text,
  model: text,
  deviceVersion: text,
  serialNumber: text,
});
const storageInfo = fc.record({
  storageType: u16,
  filesystemType: u16,
  accessCapability: u16,
  maxCapacity: u64,
  freeSpaceInBytes: u64,
  freeSpaceInImages: u32,
  storageDescription: text,
  volumeLabel: text,
});
const objectInfo = fc.record({
  storageId: u32,
  objectFormat: u16,
  protectionStatus: u16,
  objectCompressedSize: u32,
  thumbFormat: u16,
  thumbCompressedSize: u32,
  thumbPixWidth: u32,
  thumbPixHeight: u32,
  imagePixWidth: u32,
  imagePixHeight: u32,
  imageBitDepth: u32,
  parentObject: u32,
  associationType: u16,
  associationDescription: u32,
  sequenceNumber: u32,
  filename: text,
  captureDate: text,
  modificationDate: text,
  keywords: text,
});
const valueOf = {
  [PTP_TYPE.Uint8]: u8,
  [PTP_TYPE.Uint16]: u16,
  [PTP_TYPE.Uint32]: u32,
  [PTP_TYPE.String]: text,
} as const;
const propertyDescription = fc.constantFrom(...Object.values(PTP_TYPE)).chain((dataType) =>
  fc.record({
    property: u16,
    dataType: fc.constant(dataType),
    writable: fc.boolean(),
    factoryDefault: valueOf[dataType] as fc.Arbitrary<number | string>,
    current: valueOf[dataType] as fc.Arbitrary<number | string>,
    allowed: fc.option(fc.array(valueOf[dataType] as fc.Arbitrary<number | string>, { maxLength: 9 }), { nil: null }),
  }),
);

describe('PTP datasets', () => {
  test('come back as they were written', () => {
    fc.assert(
      fc.property(deviceInfo, (info) => {
        expect(decodeDeviceInfo(encodeDeviceInfo(info))).toEqual(info);
      }),
    );
    fc.assert(
      fc.property(storageInfo, (info) => {
        expect(decodeStorageInfo(encodeStorageInfo(info))).toEqual(info);
      }),
    );
    fc.assert(
      fc.property(objectInfo, (info) => {
        expect(decodeObjectInfo(encodeObjectInfo(info))).toEqual(info);
      }),
    );
    fc.assert(
      fc.property(propertyDescription, (description) => {
        expect(decodePropertyDescription(encodePropertyDescription(description))).toEqual(description);
      }),
    );
    fc.assert(
      fc.property(fc.array(u32), (values) => {
        expect(decodeArray32(encodeArray32(values))).toEqual(values);
      }),
    );
  });

  test('are null when any byte at the end is missing', () => {
    fc.assert(
      fc.property(objectInfo, fc.double({ min: 0, max: 0.999, noNaN: true }), (info, part) => {
        const bytes = encodeObjectInfo(info);
        expect(decodeObjectInfo(bytes.subarray(0, Math.floor(bytes.byteLength * part)))).toBeNull();
      }),
    );
    expect(decodePropertyValue(PTP_TYPE.Uint32, encodePropertyValue(PTP_TYPE.Uint16, 7))).toBeNull();
  });

  test('never throw and never grow on garbage', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        decodeDeviceInfo(bytes);
        decodeStorageInfo(bytes);
        decodeObjectInfo(bytes);
        decodePropertyDescription(bytes);
        expect(decodeEosEvents(bytes).length).toBeLessThanOrEqual(bytes.byteLength / 8);
      }),
    );
    // An array that claims four billion elements is refused without allocating them.
    expect(decodeArray32(Buffer.from('ffffffff00000000', 'hex'))).toBeNull();
  });

  test('cut strings at 254 characters', () => {
    const encoded = encodePropertyValue(PTP_TYPE.String, 'x'.repeat(1000));
    expect(decodePropertyValue(PTP_TYPE.String, encoded)).toBe('x'.repeat(254));
  });

  test('dates keep their zone and claim none', () => {
    expect(ptpDateToIso('20261121T101530')).toBe('2026-11-21T10:15:30');
    expect(ptpDateToIso('20261121T101530.5Z')).toBe('2026-11-21T10:15:30Z');
    expect(ptpDateToIso('20261121T101530+0530')).toBe('2026-11-21T10:15:30+05:30');
    expect(ptpDateToIso('20261341T101530')).toBeNull();
    expect(ptpDateToIso('')).toBeNull();
    expect(encodePtpDate(new Date('2026-11-21T10:15:30.900Z'))).toBe('20261121T101530');
  });

  test('codes have names for the log', () => {
    expect(ptpResponseName(0x2019)).toBe('DeviceBusy (0x2019)');
    expect(ptpOperationName(0x100e)).toBe('InitiateCapture (0x100e)');
    expect(ptpResponseName(0xa001)).toBe('Vendor (0xa001)');
  });
});

describe('EOS events', () => {
  const added: fc.Arbitrary<EosEvent> = fc.record({
    type: fc.constant('objectAdded' as const),
    handle: u32,
    storageId: u32,
    objectFormat: u16,
    size: u32,
    filename: fc.stringMatching(/^[A-Z0-9_.]{0,12}$/),
  });

  test('come back as they were written', () => {
    fc.assert(
      fc.property(fc.array(added), (events) => {
        expect(decodeEosEvents(encodeEosEvents(events))).toEqual(events);
      }),
    );
  });

  test('the newer record with one field more is read, too', () => {
    const record = Buffer.alloc(48 + 8);
    record.writeUInt32LE(48, 0);
    record.writeUInt32LE(0xc1a7, 4);
    record.writeUInt32LE(77, 8);
    record.writeUInt32LE(0x20001, 12);
    record.writeUInt16LE(0x3801, 16);
    record.writeUInt32LE(123_456, 28);
    record.write('A.J', 44, 'latin1');
    record.writeUInt32LE(8, 48);
    expect(decodeEosEvents(record)).toEqual([
      { type: 'objectAdded', handle: 77, storageId: 0x20001, objectFormat: 0x3801, size: 123_456, filename: 'A.J' },
    ]);
  });

  test('an unknown record between known ones is kept raw', () => {
    const first: EosEvent = { type: 'objectAdded', handle: 1, storageId: 2, objectFormat: 3, size: 4, filename: 'A' };
    const raw = Buffer.from('0c00000099c10000deadbeef', 'hex');
    const events = decodeEosEvents(encodeEosEvents([first, { type: 'other', code: 0xc199, raw }, first]));
    expect(events.map((event) => event.type)).toEqual(['objectAdded', 'other', 'objectAdded']);
    expect(events[1]).toMatchObject({ code: 0xc199, raw: raw });
  });
});
