/**
 * Numbers of ISO 15740 (PTP) and of the Canon EOS extension, by name. Only what this station speaks or must recognise.
 * Sources: ISO 15740 clauses 10.4 (operations), 11.3 (responses), 12.5 (events), 13.4 (properties), 6 (formats); the EOS
 * extension is not published by Canon, its numbers are those that libgphoto2 (camlibs/ptp2/ptp.h) uses with real cameras.
 */

/** Operation codes (ISO 15740 10.4; `Eos*` from the Canon EOS extension, 0x9101 and up). */
export const PTP_OPERATION = {
  GetDeviceInfo: 0x1001,
  OpenSession: 0x1002,
  CloseSession: 0x1003,
  GetStorageIDs: 0x1004,
  GetStorageInfo: 0x1005,
  GetNumObjects: 0x1006,
  GetObjectHandles: 0x1007,
  GetObjectInfo: 0x1008,
  GetObject: 0x1009,
  GetThumb: 0x100a,
  DeleteObject: 0x100b,
  InitiateCapture: 0x100e,
  GetDevicePropDesc: 0x1014,
  GetDevicePropValue: 0x1015,
  SetDevicePropValue: 0x1016,
  GetPartialObject: 0x101b,
  EosGetPartialObject: 0x9107,
  EosRemoteRelease: 0x910f,
  EosSetDevicePropValueEx: 0x9110,
  EosSetRemoteMode: 0x9114,
  EosSetEventMode: 0x9115,
  EosGetEvent: 0x9116,
  EosRemoteReleaseOn: 0x9128,
  EosRemoteReleaseOff: 0x9129,
} as const;

/** Response codes (ISO 15740 11.3). */
export const PTP_RESPONSE = {
  OK: 0x2001,
  GeneralError: 0x2002,
  SessionNotOpen: 0x2003,
  InvalidTransactionID: 0x2004,
  OperationNotSupported: 0x2005,
  ParameterNotSupported: 0x2006,
  IncompleteTransfer: 0x2007,
  InvalidStorageID: 0x2008,
  InvalidObjectHandle: 0x2009,
  DevicePropNotSupported: 0x200a,
  InvalidObjectFormatCode: 0x200b,
  StoreFull: 0x200c,
  ObjectWriteProtected: 0x200d,
  StoreReadOnly: 0x200e,
  AccessDenied: 0x200f,
  NoThumbnailPresent: 0x2010,
  SelfTestFailed: 0x2011,
  PartialDeletion: 0x2012,
  StoreNotAvailable: 0x2013,
  SpecificationByFormatUnsupported: 0x2014,
  DeviceBusy: 0x2019,
  InvalidParentObject: 0x201a,
  InvalidDevicePropFormat: 0x201b,
  InvalidDevicePropValue: 0x201c,
  InvalidParameter: 0x201d,
  SessionAlreadyOpen: 0x201e,
  TransactionCancelled: 0x201f,
} as const;

/** Event codes (ISO 15740 12.5). */
export const PTP_EVENT = {
  CancelTransaction: 0x4001,
  ObjectAdded: 0x4002,
  ObjectRemoved: 0x4003,
  StoreAdded: 0x4004,
  StoreRemoved: 0x4005,
  DevicePropChanged: 0x4006,
  DeviceInfoChanged: 0x4008,
  StoreFull: 0x400a,
  CaptureComplete: 0x400d,
} as const;

/** Object formats (ISO 15740 clause 6; B1xx are Canon's raw files). */
export const PTP_FORMAT = {
  Undefined: 0x3000,
  Association: 0x3001,
  ExifJpeg: 0x3801,
  Jfif: 0x3808,
  Tiff: 0x380d,
  CanonCr2: 0xb103,
  CanonCr3: 0xb108,
} as const;

/** Device properties (ISO 15740 13.4) whose values say how a picture was taken. */
export const PTP_PROPERTY = {
  BatteryLevel: 0x5001,
  FNumber: 0x5007,
  FocalLength: 0x5008,
  ExposureTime: 0x500d,
  ExposureIndex: 0x500f,
  /** EOS: where pictures go. 2 = card. */
  EosCaptureDestination: 0xd11c,
  /** Only our simulators have it ({@link VANTAGE_EXTENSION}): text, which picture the next exposure shows. */
  VantageSubject: 0xd7a0,
} as const;

/** Vendor extension ids (ISO 15740 5.5, DeviceInfo). */
export const PTP_VENDOR = { Microsoft: 0x6, Canon: 0xb } as const;

/**
 * Marks a simulated camera in DeviceInfo's VendorExtensionDesc. Property numbers from 0xD000 up mean something else with each
 * vendor (ISO 15740 13.4), so the driver writes `VantageSubject` only to a device that says this.
 */
export const VANTAGE_EXTENSION = 'vantage.simulator: 1.0;';

const responseNames = new Map<number, string>(Object.entries(PTP_RESPONSE).map(([name, code]) => [code, name]));
const operationNames = new Map<number, string>(Object.entries(PTP_OPERATION).map(([name, code]) => [code, name]));

/** Name of a response code for logs: `DeviceBusy (0x2019)`. */
export function ptpResponseName(code: number): string {
  return `${responseNames.get(code) ?? 'Vendor'} (0x${code.toString(16).padStart(4, '0')})`;
}

/** Name of an operation code for logs: `GetObjectInfo (0x1008)`. */
export function ptpOperationName(code: number): string {
  return `${operationNames.get(code) ?? 'Vendor'} (0x${code.toString(16).padStart(4, '0')})`;
}
