/** Devices as contract: kinds, states, identities, what a scale and a camera report. */
import { z } from 'zod';
import { problemSchema } from './problems.ts';

export const deviceKindSchema = z.enum(['scale', 'body-camera', 'fundus-camera']);
export type DeviceKind = z.infer<typeof deviceKindSchema>;

/** Where a device can be reached. Serial paths and hosts are configuration, never identity. */
export const deviceAddressSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('serial'), path: z.string().min(1), baudRate: z.number().int().positive().default(9600) }),
  z.object({ type: z.literal('tcp'), host: z.string().min(1), port: z.number().int().min(1).max(65_535) }),
  z.object({
    type: z.literal('ptpip'),
    host: z.string().min(1),
    port: z.number().int().min(1).max(65_535).default(15_740),
  }),
]);
export type DeviceAddress = z.infer<typeof deviceAddressSchema>;

/** What the station knows about a device before it has spoken to it. */
export const deviceConfigurationSchema = z.object({
  deviceId: z.uuid(),
  kind: deviceKindSchema,
  /** As staff call it: "Scale", "Body camera", "Fundus". */
  name: z.string().min(1),
  room: z.string().default(''),
  /** Key into `native/registry`: which driver and quirks apply. */
  model: z.string().min(1),
  address: deviceAddressSchema,
  /** If set, a device that reports another serial number is refused (DEVICE_WRONG). */
  expectedSerial: z.string().optional(),
  simulated: z.boolean().default(false),
  /** Fundus cameras: field of view in degrees. Belongs to the device record (retinal-vessels model card). */
  fieldAngleDegrees: z.number().positive().optional(),
});
export type DeviceConfiguration = z.infer<typeof deviceConfigurationSchema>;

export const deviceIdentitySchema = z.object({
  manufacturer: z.string(),
  model: z.string(),
  serial: z.string(),
  firmware: z.string(),
  /** Scales: capacity and division in kg. */
  capacityKg: z.number().optional(),
  divisionKg: z.number().optional(),
});
export type DeviceIdentity = z.infer<typeof deviceIdentitySchema>;

export const deviceStateSchema = z.enum([
  'absent',
  'detected',
  'claiming',
  'identifying',
  'uncalibrated',
  'ready',
  'busy',
  'faulted',
  'recovering',
  'quarantined',
]);
export type DeviceState = z.infer<typeof deviceStateSchema>;

export const deviceStatusSchema = z.object({
  deviceId: z.uuid(),
  kind: deviceKindSchema,
  name: z.string(),
  room: z.string(),
  state: deviceStateSchema,
  /** When this state began. */
  since: z.iso.datetime(),
  /** Raised at each detach; answers of an older generation are dropped. */
  generation: z.number().int(),
  identity: deviceIdentitySchema.nullable(),
  simulated: z.boolean(),
  problem: problemSchema.nullable(),
});
export type DeviceStatus = z.infer<typeof deviceStatusSchema>;

/** One live value of a scale. `kg` is null for overload and underload. */
export const weightSampleSchema = z.object({
  deviceId: z.uuid(),
  /** Station clock, ms since 1970, when the frame's last byte arrived. */
  atMs: z.number(),
  kg: z.number().nullable(),
  state: z.enum(['stable', 'dynamic', 'overload', 'underload']),
  /** Counts per connection; gaps mean dropped samples. */
  sequence: z.number().int(),
});
export type WeightSample = z.infer<typeof weightSampleSchema>;

/** A reading the scale itself called stable. */
export const weightReadingSchema = z.object({
  deviceId: z.uuid(),
  kg: z.number(),
  /** Half the width of the interval to show, kg: the maximum permissible error in service (OIML R 76-1 3.5.2) at this load. */
  errorKg: z.number(),
  divisionKg: z.number(),
  at: z.iso.datetime(),
  /** The frame as received, ASCII. */
  raw: z.string(),
});
export type WeightReading = z.infer<typeof weightReadingSchema>;

/** What is asked of a camera for one picture. The simulators also use `subject` to draw the right thing. */
export const captureSettingsSchema = z.object({
  /** Which picture is meant; sent to no real camera, written into provenance. */
  subject: z.enum(['body-front', 'body-back', 'body-left', 'body-right', 'retina-right', 'retina-left']),
});
export type CaptureSettings = z.infer<typeof captureSettingsSchema>;
export type CaptureSubject = CaptureSettings['subject'];
