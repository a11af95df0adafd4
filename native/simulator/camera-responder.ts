/**
 * What a simulated camera answers to each operation (ISO 15740 clause 10.4 and the EOS extension). Its own state machine; it
 * shares only codecs with the driver. Knows nothing of sockets.
 */
import {
  decodePropertyValue,
  encodeArray32,
  encodeDeviceInfo,
  encodeObjectInfo,
  encodePropertyDescription,
  encodePropertyValue,
  encodeStorageInfo,
  PTP_TYPE,
  type PtpDeviceInfo,
  type PtpPropertyDescription,
} from '../codec/ptp.ts';
import { encodeEosEvents, type EosEvent } from '../codec/ptp-canon.ts';
import {
  PTP_EVENT,
  PTP_FORMAT,
  PTP_OPERATION,
  PTP_PROPERTY,
  PTP_RESPONSE,
  PTP_VENDOR,
  VANTAGE_EXTENSION,
} from '../codec/ptp-codes.ts';
import { type CameraBody, type CameraObject, STORAGE_ID } from './camera-body.ts';

/**
 * `plain`: ISO 15740 alone; `minimal`: without partial reads, too. `eos` releases and reports by the Canon EOS extension,
 * `eos-r` presses the release in two steps as later bodies do.
 */
export type CameraDialect = 'plain' | 'minimal' | 'eos' | 'eos-r';

/** An answer: the response, and the data before it, read piece by piece. */
export interface Answer {
  readonly code: number;
  readonly parameters?: readonly number[];
  readonly data?: { readonly length: number; read(offset: number, length: number): Promise<Buffer> };
}

export interface EventToSend {
  readonly name: 'ObjectAdded' | 'CaptureComplete' | 'StoreFull';
  readonly code: number;
  readonly parameters: readonly number[];
}

export interface ResponderOptions {
  readonly body: CameraBody;
  readonly dialect: CameraDialect;
  readonly manufacturer: string;
  readonly model: string;
  readonly serial: string;
  /** Sends an event to the initiator, with the transaction that caused it. */
  readonly sendEvent: (event: EventToSend, transactionId: number) => Promise<void>;
}

const ALL = 0xffff_ffff;
const EOS_FULL_PRESS = 2;
const BASE_OPERATIONS: readonly number[] = [
  PTP_OPERATION.GetDeviceInfo,
  PTP_OPERATION.OpenSession,
  PTP_OPERATION.CloseSession,
  PTP_OPERATION.GetStorageIDs,
  PTP_OPERATION.GetStorageInfo,
  PTP_OPERATION.GetNumObjects,
  PTP_OPERATION.GetObjectHandles,
  PTP_OPERATION.GetObjectInfo,
  PTP_OPERATION.GetObject,
  PTP_OPERATION.GetThumb,
  PTP_OPERATION.DeleteObject,
  PTP_OPERATION.GetDevicePropDesc,
  PTP_OPERATION.GetDevicePropValue,
  PTP_OPERATION.SetDevicePropValue,
];
const EOS_OPERATIONS: readonly number[] = [
  ...BASE_OPERATIONS,
  PTP_OPERATION.EosGetPartialObject,
  PTP_OPERATION.EosSetDevicePropValueEx,
  PTP_OPERATION.EosSetRemoteMode,
  PTP_OPERATION.EosSetEventMode,
  PTP_OPERATION.EosGetEvent,
];
const OPERATIONS: Record<CameraDialect, readonly number[]> = {
  plain: [...BASE_OPERATIONS, PTP_OPERATION.InitiateCapture, PTP_OPERATION.GetPartialObject],
  minimal: [...BASE_OPERATIONS, PTP_OPERATION.InitiateCapture],
  eos: [...EOS_OPERATIONS, PTP_OPERATION.EosRemoteRelease],
  'eos-r': [...EOS_OPERATIONS, PTP_OPERATION.EosRemoteReleaseOn, PTP_OPERATION.EosRemoteReleaseOff],
};
/** Operations whose data phase goes from the initiator to the responder; libgphoto2's DataPhaseInfo does not say so. */
export const DATA_OUT_OPERATIONS: ReadonlySet<number> = new Set([
  PTP_OPERATION.SetDevicePropValue,
  PTP_OPERATION.EosSetDevicePropValueEx,
]);

export class CameraResponder {
  private readonly options: ResponderOptions;
  private sessionOpen = false;
  private remoteMode = false;
  private eventMode = false;
  private readonly eosEvents: EosEvent[] = [];

  constructor(options: ResponderOptions) {
    this.options = options;
  }

  /** Executes one operation. `received` is the data the initiator sent with it. */
  async execute(code: number, parameters: readonly number[], transactionId: number, received: Buffer): Promise<Answer> {
    const { body, dialect } = this.options;
    if (!OPERATIONS[dialect].includes(code)) return { code: PTP_RESPONSE.OperationNotSupported };
    if (code === PTP_OPERATION.GetDeviceInfo) return bytes(encodeDeviceInfo(this.deviceInfo()));
    if (code === PTP_OPERATION.OpenSession) {
      if (this.sessionOpen) return { code: PTP_RESPONSE.SessionAlreadyOpen };
      this.sessionOpen = true;
      return { code: PTP_RESPONSE.OK };
    }
    if (!this.sessionOpen) return { code: PTP_RESPONSE.SessionNotOpen };
    const first = parameters[0] ?? 0;
    switch (code) {
      case PTP_OPERATION.CloseSession:
        this.sessionOpen = false;
        return { code: PTP_RESPONSE.OK };
      case PTP_OPERATION.GetStorageIDs:
        return bytes(encodeArray32([STORAGE_ID]));
      case PTP_OPERATION.GetStorageInfo:
        if (first !== STORAGE_ID) return { code: PTP_RESPONSE.InvalidStorageID };
        return body.cardPresent
          ? bytes(encodeStorageInfo(body.storageInfo()))
          : { code: PTP_RESPONSE.StoreNotAvailable };
      case PTP_OPERATION.GetNumObjects:
      case PTP_OPERATION.GetObjectHandles:
        return this.listObjects(code, parameters);
      case PTP_OPERATION.DeleteObject:
        return this.deleteObject(first);
      case PTP_OPERATION.GetDevicePropDesc:
      case PTP_OPERATION.GetDevicePropValue:
        return this.property(code, first);
      case PTP_OPERATION.SetDevicePropValue:
        return this.setProperty(first, received);
      case PTP_OPERATION.EosSetDevicePropValueEx:
        return { code: received.byteLength >= 12 ? PTP_RESPONSE.OK : PTP_RESPONSE.InvalidDevicePropFormat };
      case PTP_OPERATION.EosSetRemoteMode:
        this.remoteMode = first !== 0;
        return { code: PTP_RESPONSE.OK };
      case PTP_OPERATION.EosSetEventMode:
        this.eventMode = first !== 0;
        return { code: PTP_RESPONSE.OK };
      case PTP_OPERATION.EosGetEvent:
        return bytes(encodeEosEvents(this.eventMode ? this.eosEvents.splice(0) : []));
      case PTP_OPERATION.EosRemoteRelease:
        return this.remoteMode ? this.release(transactionId) : { code: PTP_RESPONSE.AccessDenied };
      case PTP_OPERATION.EosRemoteReleaseOn:
        if (!this.remoteMode) return { code: PTP_RESPONSE.AccessDenied };
        return first === EOS_FULL_PRESS ? this.release(transactionId) : { code: PTP_RESPONSE.OK };
      case PTP_OPERATION.EosRemoteReleaseOff:
        return { code: PTP_RESPONSE.OK };
      case PTP_OPERATION.InitiateCapture:
        return this.release(transactionId);
      default:
        return this.readObject(code, parameters);
    }
  }

  private get eos(): boolean {
    return this.options.dialect === 'eos' || this.options.dialect === 'eos-r';
  }

  private deviceInfo(): PtpDeviceInfo {
    const { dialect, manufacturer, model, serial } = this.options;
    return {
      standardVersion: 100,
      vendorExtensionId: this.eos ? PTP_VENDOR.Canon : 0,
      vendorExtensionVersion: 100,
      vendorExtensionDescription: VANTAGE_EXTENSION,
      functionalMode: 0,
      operationsSupported: OPERATIONS[dialect],
      eventsSupported: this.eos ? [] : [PTP_EVENT.ObjectAdded, PTP_EVENT.StoreFull, PTP_EVENT.CaptureComplete],
      devicePropertiesSupported: properties(this.options.body).map((entry) => entry.property),
      captureFormats: [PTP_FORMAT.ExifJpeg],
      imageFormats: [PTP_FORMAT.ExifJpeg],
      manufacturer,
      model,
      deviceVersion: '1.0.0',
      serialNumber: serial,
    };
  }

  private listObjects(code: number, parameters: readonly number[]): Answer {
    const [storage = ALL, format = 0] = parameters;
    const { body } = this.options;
    if (storage !== ALL && storage !== STORAGE_ID) return { code: PTP_RESPONSE.InvalidStorageID };
    if (!body.cardPresent) return { code: PTP_RESPONSE.StoreNotAvailable };
    const handles = [...body.objects.values()]
      .filter((object) => format === 0 || object.info.objectFormat === format)
      .map((object) => object.handle);
    if (code === PTP_OPERATION.GetNumObjects) return { code: PTP_RESPONSE.OK, parameters: [handles.length] };
    return bytes(encodeArray32(handles));
  }

  private async readObject(code: number, parameters: readonly number[]): Promise<Answer> {
    const [handle = 0, offset = 0, maximum = 0] = parameters;
    const { body } = this.options;
    if (!body.cardPresent) return { code: PTP_RESPONSE.StoreNotAvailable };
    const object = body.objects.get(handle);
    if (object === undefined) return { code: PTP_RESPONSE.InvalidObjectHandle };
    const size = object.info.objectCompressedSize;
    switch (code) {
      case PTP_OPERATION.GetObjectInfo:
        return bytes(encodeObjectInfo(object.info));
      case PTP_OPERATION.GetObject:
        return { code: PTP_RESPONSE.OK, data: { length: size, read: (at, length) => object.read(at, length) } };
      case PTP_OPERATION.GetThumb: {
        const thumbnail = await body.thumbnail(object);
        return thumbnail === null ? { code: PTP_RESPONSE.NoThumbnailPresent } : bytes(thumbnail);
      }
      default: {
        if (offset >= size) return { code: PTP_RESPONSE.InvalidParameter };
        const length = Math.min(maximum, size - offset);
        return {
          code: PTP_RESPONSE.OK,
          parameters: [length],
          data: { length, read: (at, count) => object.read(offset + at, Math.min(count, length - at)) },
        };
      }
    }
  }

  private deleteObject(handle: number): Answer {
    const { body } = this.options;
    if (handle === ALL) body.objects.clear();
    else if (!body.objects.delete(handle)) return { code: PTP_RESPONSE.InvalidObjectHandle };
    return { code: PTP_RESPONSE.OK };
  }

  private property(code: number, property: number): Answer {
    const description = properties(this.options.body).find((entry) => entry.property === property);
    if (description === undefined) return { code: PTP_RESPONSE.DevicePropNotSupported };
    return bytes(
      code === PTP_OPERATION.GetDevicePropDesc
        ? encodePropertyDescription(description)
        : encodePropertyValue(description.dataType, description.current),
    );
  }

  private setProperty(property: number, received: Buffer): Answer {
    if (property !== PTP_PROPERTY.VantageSubject) {
      const known = properties(this.options.body).some((entry) => entry.property === property);
      return { code: known ? PTP_RESPONSE.AccessDenied : PTP_RESPONSE.DevicePropNotSupported };
    }
    const value = decodePropertyValue(PTP_TYPE.String, received);
    if (value === null) return { code: PTP_RESPONSE.InvalidDevicePropFormat };
    return {
      code: this.options.body.chooseSubject(String(value)) ? PTP_RESPONSE.OK : PTP_RESPONSE.InvalidDevicePropValue,
    };
  }

  private release(transactionId: number): Answer {
    const exposure = this.options.body.release();
    if (exposure === 'busy') return { code: PTP_RESPONSE.DeviceBusy };
    if (exposure === 'absent') return { code: PTP_RESPONSE.StoreNotAvailable };
    if (exposure === 'full') return { code: PTP_RESPONSE.StoreFull };
    void exposure.then((object) => this.announce(object, transactionId));
    return { code: PTP_RESPONSE.OK };
  }

  private async announce(object: CameraObject | null, transactionId: number): Promise<void> {
    if (this.eos) {
      if (object === null) return;
      const { info, handle } = object;
      const { storageId, objectFormat, objectCompressedSize: size, filename } = info;
      this.eosEvents.push({ type: 'objectAdded', handle, storageId, objectFormat, size, filename });
      return;
    }
    const { sendEvent } = this.options;
    if (object !== null) {
      await sendEvent({ name: 'ObjectAdded', code: PTP_EVENT.ObjectAdded, parameters: [object.handle] }, transactionId);
    }
    await sendEvent({ name: 'CaptureComplete', code: PTP_EVENT.CaptureComplete, parameters: [] }, transactionId);
  }
}

/** Exposure settings that are shown but not changed, and which picture comes next. */
function properties(body: CameraBody): PtpPropertyDescription[] {
  return [
    fixed(PTP_PROPERTY.BatteryLevel, PTP_TYPE.Uint8, 80),
    fixed(PTP_PROPERTY.FNumber, PTP_TYPE.Uint16, 800),
    fixed(PTP_PROPERTY.FocalLength, PTP_TYPE.Uint32, 5_000),
    fixed(PTP_PROPERTY.ExposureTime, PTP_TYPE.Uint32, 80),
    fixed(PTP_PROPERTY.ExposureIndex, PTP_TYPE.Uint16, 200),
    {
      property: PTP_PROPERTY.VantageSubject,
      dataType: PTP_TYPE.String,
      writable: true,
      factoryDefault: '',
      current: body.subject,
      allowed: null,
    },
  ];
}

function fixed(
  property: number,
  dataType: PtpPropertyDescription['dataType'],
  current: number,
): PtpPropertyDescription {
  return { property, dataType, writable: false, factoryDefault: current, current, allowed: null };
}

function bytes(data: Buffer): Answer {
  return {
    code: PTP_RESPONSE.OK,
    data: { length: data.byteLength, read: (at, length) => Promise.resolve(data.subarray(at, at + length)) },
  };
}
