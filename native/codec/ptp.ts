/**
 * Datasets of ISO 15740 (PTP): bytes <-> values. Pure, bounded, little-endian (as PTP/IP and USB both carry them). Decoders
 * return null for anything truncated or absurd and never throw; arrays and strings are bounded by the bytes that are there.
 */

/** Reads fixed-size fields; after an overrun `ok` is false and every further value is 0 or empty. */
export class PtpReader {
  ok = true;
  private offset = 0;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.view.byteLength - this.offset;
  }

  u8(): number {
    return this.take(1) ? this.view.getUint8(this.offset - 1) : 0;
  }
  u16(): number {
    return this.take(2) ? this.view.getUint16(this.offset - 2, true) : 0;
  }
  u32(): number {
    return this.take(4) ? this.view.getUint32(this.offset - 4, true) : 0;
  }
  u64(): bigint {
    return this.take(8) ? this.view.getBigUint64(this.offset - 8, true) : 0n;
  }
  /** ISO 15740 5.3.3: length in characters including the terminating null, then UTF-16LE; 0 = empty. */
  string(): string {
    const length = this.u8();
    let text = '';
    for (let index = 0; index < length; index++) {
      const unit = this.u16();
      if (index < length - 1) text += String.fromCharCode(unit);
    }
    return this.ok ? text : '';
  }
  /** ISO 15740 5.3.2: 32-bit count, then the elements. */
  array(element: 'u16' | 'u32'): number[] {
    const count = this.u32();
    const width = element === 'u16' ? 2 : 4;
    if (count * width > this.remaining) {
      this.ok = false;
      return [];
    }
    return Array.from({ length: count }, () => (element === 'u16' ? this.u16() : this.u32()));
  }

  private take(width: number): boolean {
    if (!this.ok || this.remaining < width) {
      this.ok = false;
      return false;
    }
    this.offset += width;
    return true;
  }
}

/** Builds a dataset field by field. */
export class PtpWriter {
  private readonly parts: Buffer[] = [];

  u8(value: number): this {
    return this.raw(Buffer.from([value & 0xff]));
  }
  u16(value: number): this {
    const part = Buffer.alloc(2);
    part.writeUInt16LE(value & 0xffff);
    return this.raw(part);
  }
  u32(value: number): this {
    const part = Buffer.alloc(4);
    part.writeUInt32LE(value >>> 0);
    return this.raw(part);
  }
  u64(value: bigint): this {
    const part = Buffer.alloc(8);
    part.writeBigUInt64LE(BigInt.asUintN(64, value));
    return this.raw(part);
  }
  /** At most 254 UTF-16 units (ISO 15740 5.3.3); longer text is cut. */
  string(text: string): this {
    const cut = text.slice(0, 254);
    if (cut === '') return this.u8(0);
    return this.u8(cut.length + 1).raw(Buffer.from(`${cut}\0`, 'utf16le'));
  }
  array(element: 'u16' | 'u32', values: readonly number[]): this {
    this.u32(values.length);
    for (const value of values)
      if (element === 'u16') this.u16(value);
      else this.u32(value);
    return this;
  }
  raw(bytes: Uint8Array): this {
    this.parts.push(Buffer.from(bytes));
    return this;
  }
  bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}

/** DeviceInfo dataset (ISO 15740 5.5, answered by GetDeviceInfo 10.4.1). */
export interface PtpDeviceInfo {
  readonly standardVersion: number;
  readonly vendorExtensionId: number;
  readonly vendorExtensionVersion: number;
  readonly vendorExtensionDescription: string;
  readonly functionalMode: number;
  readonly operationsSupported: readonly number[];
  readonly eventsSupported: readonly number[];
  readonly devicePropertiesSupported: readonly number[];
  readonly captureFormats: readonly number[];
  readonly imageFormats: readonly number[];
  readonly manufacturer: string;
  readonly model: string;
  readonly deviceVersion: string;
  readonly serialNumber: string;
}

export function encodeDeviceInfo(info: PtpDeviceInfo): Buffer {
  return new PtpWriter()
    .u16(info.standardVersion)
    .u32(info.vendorExtensionId)
    .u16(info.vendorExtensionVersion)
    .string(info.vendorExtensionDescription)
    .u16(info.functionalMode)
    .array('u16', info.operationsSupported)
    .array('u16', info.eventsSupported)
    .array('u16', info.devicePropertiesSupported)
    .array('u16', info.captureFormats)
    .array('u16', info.imageFormats)
    .string(info.manufacturer)
    .string(info.model)
    .string(info.deviceVersion)
    .string(info.serialNumber)
    .bytes();
}

export function decodeDeviceInfo(bytes: Uint8Array): PtpDeviceInfo | null {
  const reader = new PtpReader(bytes);
  const info: PtpDeviceInfo = {
    standardVersion: reader.u16(),
    vendorExtensionId: reader.u32(),
    vendorExtensionVersion: reader.u16(),
    vendorExtensionDescription: reader.string(),
    functionalMode: reader.u16(),
    operationsSupported: reader.array('u16'),
    eventsSupported: reader.array('u16'),
    devicePropertiesSupported: reader.array('u16'),
    captureFormats: reader.array('u16'),
    imageFormats: reader.array('u16'),
    manufacturer: reader.string(),
    model: reader.string(),
    deviceVersion: reader.string(),
    serialNumber: reader.string(),
  };
  return reader.ok ? info : null;
}

/** StorageInfo dataset (ISO 15740 5.5, answered by GetStorageInfo 10.4.5). Sizes in bytes. */
export interface PtpStorageInfo {
  readonly storageType: number;
  readonly filesystemType: number;
  readonly accessCapability: number;
  readonly maxCapacity: bigint;
  readonly freeSpaceInBytes: bigint;
  readonly freeSpaceInImages: number;
  readonly storageDescription: string;
  readonly volumeLabel: string;
}

export function encodeStorageInfo(info: PtpStorageInfo): Buffer {
  return new PtpWriter()
    .u16(info.storageType)
    .u16(info.filesystemType)
    .u16(info.accessCapability)
    .u64(info.maxCapacity)
    .u64(info.freeSpaceInBytes)
    .u32(info.freeSpaceInImages)
    .string(info.storageDescription)
    .string(info.volumeLabel)
    .bytes();
}

export function decodeStorageInfo(bytes: Uint8Array): PtpStorageInfo | null {
  const reader = new PtpReader(bytes);
  const info: PtpStorageInfo = {
    storageType: reader.u16(),
    filesystemType: reader.u16(),
    accessCapability: reader.u16(),
    maxCapacity: reader.u64(),
    freeSpaceInBytes: reader.u64(),
    freeSpaceInImages: reader.u32(),
    storageDescription: reader.string(),
    volumeLabel: reader.string(),
  };
  return reader.ok ? info : null;
}

/** ObjectInfo dataset (ISO 15740 5.5, answered by GetObjectInfo 10.4.8). Sizes in bytes and pixels, dates as 5.3.5. */
export interface PtpObjectInfo {
  readonly storageId: number;
  readonly objectFormat: number;
  readonly protectionStatus: number;
  readonly objectCompressedSize: number;
  readonly thumbFormat: number;
  readonly thumbCompressedSize: number;
  readonly thumbPixWidth: number;
  readonly thumbPixHeight: number;
  readonly imagePixWidth: number;
  readonly imagePixHeight: number;
  readonly imageBitDepth: number;
  readonly parentObject: number;
  readonly associationType: number;
  readonly associationDescription: number;
  readonly sequenceNumber: number;
  readonly filename: string;
  readonly captureDate: string;
  readonly modificationDate: string;
  readonly keywords: string;
}

export function encodeObjectInfo(info: PtpObjectInfo): Buffer {
  return new PtpWriter()
    .u32(info.storageId)
    .u16(info.objectFormat)
    .u16(info.protectionStatus)
    .u32(info.objectCompressedSize)
    .u16(info.thumbFormat)
    .u32(info.thumbCompressedSize)
    .u32(info.thumbPixWidth)
    .u32(info.thumbPixHeight)
    .u32(info.imagePixWidth)
    .u32(info.imagePixHeight)
    .u32(info.imageBitDepth)
    .u32(info.parentObject)
    .u16(info.associationType)
    .u32(info.associationDescription)
    .u32(info.sequenceNumber)
    .string(info.filename)
    .string(info.captureDate)
    .string(info.modificationDate)
    .string(info.keywords)
    .bytes();
}

export function decodeObjectInfo(bytes: Uint8Array): PtpObjectInfo | null {
  const reader = new PtpReader(bytes);
  const info: PtpObjectInfo = {
    storageId: reader.u32(),
    objectFormat: reader.u16(),
    protectionStatus: reader.u16(),
    objectCompressedSize: reader.u32(),
    thumbFormat: reader.u16(),
    thumbCompressedSize: reader.u32(),
    thumbPixWidth: reader.u32(),
    thumbPixHeight: reader.u32(),
    imagePixWidth: reader.u32(),
    imagePixHeight: reader.u32(),
    imageBitDepth: reader.u32(),
    parentObject: reader.u32(),
    associationType: reader.u16(),
    associationDescription: reader.u32(),
    sequenceNumber: reader.u32(),
    filename: reader.string(),
    captureDate: reader.string(),
    modificationDate: reader.string(),
    keywords: reader.string(),
  };
  return reader.ok ? info : null;
}

/** Simple data types of device properties (ISO 15740 5.3.1). */
export const PTP_TYPE = { Uint8: 0x0002, Uint16: 0x0004, Uint32: 0x0006, String: 0xffff } as const;
export type PtpPropertyType = (typeof PTP_TYPE)[keyof typeof PTP_TYPE];

/** DevicePropDesc dataset (ISO 15740 13.3.3), of the simple types that {@link PTP_TYPE} names. */
export interface PtpPropertyDescription {
  readonly property: number;
  readonly dataType: PtpPropertyType;
  readonly writable: boolean;
  readonly factoryDefault: number | string;
  readonly current: number | string;
  /** Allowed values (enumeration form), or null when there is no form. */
  readonly allowed: readonly (number | string)[] | null;
}

const ENUMERATION_FORM = 2;

/** One property value as GetDevicePropValue and SetDevicePropValue carry it (ISO 15740 10.4.21, 10.4.22). */
export function encodePropertyValue(dataType: PtpPropertyType, value: number | string): Buffer {
  const writer = new PtpWriter();
  if (dataType === PTP_TYPE.String) return writer.string(String(value)).bytes();
  const number = Number(value);
  if (dataType === PTP_TYPE.Uint8) return writer.u8(number).bytes();
  return dataType === PTP_TYPE.Uint16 ? writer.u16(number).bytes() : writer.u32(number).bytes();
}

/** The value, or null when the bytes are too few. */
export function decodePropertyValue(dataType: PtpPropertyType, bytes: Uint8Array): number | string | null {
  const reader = new PtpReader(bytes);
  const value = readValue(reader, dataType);
  return reader.ok ? value : null;
}

export function encodePropertyDescription(description: PtpPropertyDescription): Buffer {
  const { dataType } = description;
  const writer = new PtpWriter()
    .u16(description.property)
    .u16(dataType)
    .u8(description.writable ? 1 : 0)
    .raw(encodePropertyValue(dataType, description.factoryDefault))
    .raw(encodePropertyValue(dataType, description.current))
    .u8(description.allowed === null ? 0 : ENUMERATION_FORM);
  if (description.allowed !== null) {
    writer.u16(description.allowed.length);
    for (const value of description.allowed) writer.raw(encodePropertyValue(dataType, value));
  }
  return writer.bytes();
}

/** Null for truncated bytes, other data types and the range form (no property this station reads has one). */
export function decodePropertyDescription(bytes: Uint8Array): PtpPropertyDescription | null {
  const reader = new PtpReader(bytes);
  const property = reader.u16();
  const code = reader.u16();
  const dataType = Object.values(PTP_TYPE).find((type) => type === code);
  if (dataType === undefined) return null;
  const writable = reader.u8() === 1;
  const factoryDefault = readValue(reader, dataType);
  const current = readValue(reader, dataType);
  const form = reader.u8();
  if (!reader.ok || (form !== 0 && form !== ENUMERATION_FORM)) return null;
  let allowed: (number | string)[] | null = null;
  if (form === ENUMERATION_FORM) {
    allowed = [];
    for (let left = reader.u16(); left > 0 && reader.ok; left--) allowed.push(readValue(reader, dataType));
  }
  return reader.ok ? { property, dataType, writable, factoryDefault, current, allowed } : null;
}

function readValue(reader: PtpReader, dataType: PtpPropertyType): number | string {
  switch (dataType) {
    case PTP_TYPE.String:
      return reader.string();
    case PTP_TYPE.Uint8:
      return reader.u8();
    case PTP_TYPE.Uint16:
      return reader.u16();
    default:
      return reader.u32();
  }
}

/** An array of object handles, storage ids or other 32-bit values (ISO 15740 5.3.2), or null when truncated. */
export function decodeArray32(bytes: Uint8Array): number[] | null {
  const reader = new PtpReader(bytes);
  const values = reader.array('u32');
  return reader.ok ? values : null;
}

export function encodeArray32(values: readonly number[]): Buffer {
  return new PtpWriter().array('u32', values).bytes();
}

/** A date as PTP writes it, `YYYYMMDDThhmmss` (ISO 15740 5.3.5), in UTC. */
export function encodePtpDate(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
}

/**
 * `YYYYMMDDThhmmss[.s][Z|+hhmm]` as ISO 8601 (ISO 15740 5.3.5), or null. Without a zone the camera's own clock is meant, and
 * the result has no zone either: guessing one would be a claim.
 */
export function ptpDateToIso(text: string): string | null {
  const match = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(?:\.\d)?(Z|[+-]\d{4})?$/.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, zone] = match;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  if (Number.isNaN(Date.parse(`${iso}Z`))) return null;
  if (zone === undefined || zone === 'Z') return iso + (zone ?? '');
  return `${iso}${zone.slice(0, 3)}:${zone.slice(3)}`;
}
