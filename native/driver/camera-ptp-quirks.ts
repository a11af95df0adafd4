/**
 * What single kinds of cameras do differently, as data with the evidence. A quirk applies by what DeviceInfo offers, so a
 * camera nobody has seen yet gets it when it says the same of itself.
 */
import type { PtpDeviceInfo } from '../codec/ptp.ts';
import { PTP_OPERATION, PTP_PROPERTY, VANTAGE_EXTENSION } from '../codec/ptp-codes.ts';

export interface CameraQuirk {
  readonly name: 'subject-property' | 'eos-release' | 'eos-two-step-release';
  /** Where it was seen or read. */
  readonly evidence: string;
  readonly appliesTo: (info: PtpDeviceInfo) => boolean;
}

const QUIRKS: readonly CameraQuirk[] = [
  {
    name: 'subject-property',
    evidence:
      'native/simulator/camera-responder.ts: a simulated camera announces "vantage.simulator" in VendorExtensionDesc and draws ' +
      'what property 0xD7A0 says; the same number means something else, or nothing, elsewhere',
    appliesTo: (info) =>
      info.vendorExtensionDescription.includes(VANTAGE_EXTENSION) &&
      info.devicePropertiesSupported.includes(PTP_PROPERTY.VantageSubject),
  },
  {
    name: 'eos-release',
    evidence:
      'libgphoto2 camlibs/ptp2/library.c, camera_canon_eos_capture: EOS bodies offer no InitiateCapture; they are put into ' +
      'remote mode, released by 0x910F and asked for their events by 0x9116',
    appliesTo: (info) =>
      info.operationsSupported.includes(PTP_OPERATION.EosRemoteRelease) ||
      info.operationsSupported.includes(PTP_OPERATION.EosRemoteReleaseOn),
  },
  {
    name: 'eos-two-step-release',
    evidence:
      'libgphoto2 camlibs/ptp2/library.c, camera_canon_eos_capture: where 0x9128 is offered, half press (1) then full press ' +
      '(2), let go by 0x9129 in the other order. Not yet tried on a real body by this project',
    appliesTo: (info) => info.operationsSupported.includes(PTP_OPERATION.EosRemoteReleaseOn),
  },
];

/** The names of the quirks that apply to a camera. */
export function quirksOf(info: PtpDeviceInfo): ReadonlySet<CameraQuirk['name']> {
  return new Set(QUIRKS.filter((quirk) => quirk.appliesTo(info)).map((quirk) => quirk.name));
}
