/**
 * What is known about each model of device, as data: which driver speaks to it, over which addresses, and where it differs
 * from the standard, each with the evidence. A new device that speaks a known language is one entry here.
 */
import type { DeviceAddress, DeviceKind } from '../../electron/contract/index.ts';

/** How a model differs from its standard or what it does not tell about itself. */
interface Quirk {
  readonly what: string;
  /** Where this is known from: a document and clause, or a recorded dialogue. */
  readonly evidence: string;
}

interface ModelBase {
  readonly manufacturer: string;
  readonly name: string;
  readonly kinds: readonly DeviceKind[];
  readonly addresses: readonly DeviceAddress['type'][];
  readonly quirks: readonly Quirk[];
}

/** An entry; `driver` chooses the factory in `drivers.ts`, the rest of its fields are what that factory needs. */
export type DeviceModel =
  | (ModelBase & {
      readonly driver: 'mt-sics-scale';
      /** Verification interval e in kg, or null where it must be derived from what the scale writes. */
      readonly divisionKg: number | null;
      readonly capabilities: readonly ('weigh' | 'stream' | 'zero')[];
    })
  | (ModelBase & {
      readonly driver: 'ptp-camera';
      readonly capabilities: readonly ('capture' | 'recover' | 'release')[];
    });

export const DEVICE_MODELS: Readonly<Record<string, DeviceModel>> = {
  'mt-sics-scale': {
    driver: 'mt-sics-scale',
    manufacturer: 'Mettler-Toledo',
    name: 'Scale with MT-SICS',
    kinds: ['scale'],
    addresses: ['serial', 'tcp'],
    divisionKg: null,
    capabilities: ['weigh', 'stream', 'zero'],
    quirks: [
      {
        what: 'does not tell its verification interval; the largest one that its decimals allow is taken',
        evidence:
          'MT-SICS reference manual, levels 0 and 1: no command reports e; OIML R 76-1 3.2: e is 1, 2 or 5 x 10^k',
      },
    ],
  },
  'vantage-sim-scale': {
    driver: 'mt-sics-scale',
    manufacturer: 'Vantage',
    name: 'Simulated scale',
    kinds: ['scale'],
    addresses: ['serial', 'tcp'],
    divisionKg: 0.05,
    capabilities: ['weigh', 'stream', 'zero'],
    quirks: [],
  },
  'canon-eos-r5-ptpip': {
    driver: 'ptp-camera',
    manufacturer: 'Canon',
    name: 'EOS R5',
    kinds: ['body-camera', 'fundus-camera'],
    addresses: ['ptpip'],
    capabilities: ['capture', 'recover', 'release'],
    // Quirks of single cameras are told apart by what they report: native/driver/camera-ptp-quirks.ts.
    quirks: [],
  },
  'vantage-sim-camera': {
    driver: 'ptp-camera',
    manufacturer: 'Vantage',
    name: 'Simulated camera',
    kinds: ['body-camera', 'fundus-camera'],
    addresses: ['ptpip'],
    capabilities: ['capture', 'recover', 'release'],
    quirks: [],
  },
};
