/** A made-up visit with drawn pictures, for tests of the report. */
import { createHash } from 'node:crypto';
import sharp from 'sharp';
import type { Check, FindingValue, Provenance } from '../../../contract/index.ts';
import type { ReportFinding, ReportInput, ReportPicture } from '../report-input.ts';

const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

const focus: Provenance = {
  model: 're-blur-sharpness',
  version: '1.0',
  sha256: sha('re-blur-sharpness'),
  provider: 'cpu',
  runtime: 'sharp 0.35.5',
  durationMs: 31,
};
const exposure: Provenance = { ...focus, model: 'exposure', sha256: sha('exposure'), durationMs: 4 };
const framing: Provenance = { ...focus, model: 'framing', sha256: sha('framing'), durationMs: 12 };
const light: Provenance = { ...focus, model: 'quadrant-light', sha256: sha('light'), durationMs: 3 };
const vessels: Provenance = {
  model: 'retinal-vessels',
  version: '1.4.0',
  sha256: sha('vessels'),
  provider: 'cpu',
  runtime: 'onnxruntime 1.30.0',
  durationMs: 167.4,
};

function checks(retina: boolean, softest: number): Check[] {
  const base = { reason: null } as const;
  const all: Check[] = [
    {
      ...base,
      id: 'focus',
      passed: softest >= 6,
      value: softest,
      limit: 6,
      direction: 'at-least',
      unit: 'ratio',
      provenance: focus,
    },
    {
      ...base,
      id: 'exposure',
      passed: true,
      value: 0.3,
      limit: 1,
      direction: 'at-most',
      unit: 'percent',
      provenance: exposure,
    },
    {
      ...base,
      id: 'framing',
      passed: true,
      value: 4.2,
      limit: 3,
      direction: 'at-least',
      unit: 'percent',
      provenance: framing,
    },
  ];
  if (retina) {
    all.push({
      ...base,
      id: 'even-light',
      passed: true,
      value: 0.84,
      limit: 0.7,
      direction: 'at-least',
      unit: 'none',
      provenance: light,
    });
  }
  return all;
}

/** A figure before a wall, 3:4. */
async function bodyImage(shift: number): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="1200" viewBox="0 0 900 1200">
    <rect width="900" height="1200" fill="#cfd3d1"/><rect y="1040" width="900" height="160" fill="#a9adab"/>
    <g fill="#b98a6a" transform="translate(${shift} 0)"><circle cx="450" cy="180" r="75"/><rect x="425" y="240" width="50" height="60"/>
    <path d="M330 300 Q450 270 570 300 L600 620 L565 625 L545 400 L540 660 L530 1090 L470 1090 L452 720 L430 1090 L370 1090 L360 660 L355 400 L335 625 L300 620z"/></g>
    <path transform="translate(${shift} 0)" fill="#3d4a55" d="M352 560 L548 560 L542 740 L470 740 L452 700 L430 740 L358 740z"/></svg>`;
  return new Uint8Array(await sharp(Buffer.from(svg)).jpeg({ quality: 90 }).toBuffer());
}

const BRANCHES = [
  'M640 480 C600 380 480 300 330 290',
  'M640 480 C610 600 500 720 340 720',
  'M640 480 C680 380 720 300 760 230',
  'M640 480 C690 590 740 660 790 730',
  'M480 330 C440 400 420 420 380 440',
  'M500 660 C460 600 440 590 400 560',
];

function branches(colour: string, width: number): string {
  return BRANCHES.map((d, at) => `<path d="${d}" fill="none" stroke="${colour}" stroke-width="${width - at}"/>`).join(
    '',
  );
}

/** A field with a disc and vessels on a wide black frame, as a camera gives it; mirrored for the left eye. */
async function retinaImage(eye: 'right' | 'left'): Promise<{ image: Uint8Array; overlay: Uint8Array }> {
  const mirror = eye === 'left' ? 'translate(1000 0) scale(-1 1)' : '';
  const frame = (inner: string): Buffer =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="1300" height="1000" viewBox="-150 0 1300 1000"><g transform="${mirror}">${inner}</g></svg>`,
    );
  const picture = frame(
    `<defs><radialGradient id="g"><stop offset="0" stop-color="#d0662a"/><stop offset="1" stop-color="#6a1f0c"/></radialGradient></defs>
     <rect x="-150" width="1300" height="1000"/><circle cx="500" cy="500" r="470" fill="url(#g)"/>
     <circle cx="640" cy="480" r="60" fill="#ffb95e"/><circle cx="400" cy="500" r="70" fill="#3a0d05" opacity=".5"/>${branches('#7a1408', 14)}`,
  );
  return {
    image: new Uint8Array(await sharp(picture).jpeg({ quality: 92 }).toBuffer()),
    overlay: new Uint8Array(
      await sharp(frame(branches('#45E0D0', 12)))
        .png()
        .toBuffer(),
    ),
  };
}

function values(base: number): FindingValue[] {
  const offsets = [0, 1.91, 1.81, 0.4, -4.04];
  const errors = [0.24, 0.56, 0.54, 0.43, 0.33];
  return (['whole', 'upper-temporal', 'upper-nasal', 'lower-temporal', 'lower-nasal'] as const).map(
    (region, index) => ({
      measure: 'vessel-area',
      region,
      value: base + (offsets[index] ?? 0),
      standardError: errors[index] ?? 0,
      unit: 'percent',
    }),
  );
}

function finding(eye: 'right' | 'left', base: number): ReportFinding {
  return {
    title: 'Vessel map',
    eye,
    values: values(base),
    provenance: vessels,
    inputSha256: sha(`retina-${eye}`),
    intendedUse: 'measuring, not a diagnosis',
  };
}

const CAMERA = { manufacturer: 'Canon', model: 'EOS R5', serial: '082024001234', firmware: '1.9.0' };
const FUNDUS = { manufacturer: 'Vantage', model: 'Fundus FC-7702', serial: 'FC7702-00417', firmware: '4.1.2' };

/** A complete visit; `changes` replace whole parts of it. */
export async function sampleReport(changes: Partial<ReportInput> = {}): Promise<ReportInput> {
  const picture = (
    stepId: ReportPicture['subject'],
    title: string,
    minute: number,
  ): Omit<ReportPicture, 'image' | 'overlay'> => {
    const retina = stepId.startsWith('retina');
    return {
      captureId: `00000000-0000-4000-8000-0000000000${minute}`,
      stepId,
      title,
      subject: stepId,
      field: retina ? { x: 0.5, y: 0.5, radius: 470 / 1300 } : null,
      passed: true,
      checks: checks(retina, 8.7),
      kept: null,
      simulated: true,
      takenAt: `2026-11-21T06:${minute}:18.000Z`,
      takenBy: 'Ines Modelo',
      attempt: 1,
      attempts: 1,
      device: retina ? FUNDUS : CAMERA,
      settings: retina
        ? { exposureTimeS: '0.0167', iso: '400', pixels: '2600x2600' }
        : { exposureTimeS: '0.0063', fNumber: '8', iso: '200', focalLengthMm: '50', pixels: '4480x6720' },
      fieldAngleDegrees: retina ? 30 : null,
      sha256: sha(stepId),
      size: retina ? 8_412_330 : 14_203_118,
    };
  };
  const [right, left] = await Promise.all([retinaImage('right'), retinaImage('left')]);
  const body = await Promise.all([0, 12, -20, 24].map((shift) => bodyImage(shift)));
  return {
    reportId: '7d0c5f0e-52b4-5c7e-9a4d-3c2f7f0b9e11',
    sessionId: '1f6f7f3a-2f5e-5a3c-8d2b-90f1c2a4b7d3',
    version: 1,
    madeAt: '2026-11-21T07:10:00.000Z',
    timeZone: 'Europe/Amsterdam',
    mark: 'simulated',
    clinic: { name: 'Harbour Clinic', location: 'Harbour Road', station: 'Station 2' },
    patient: { number: 'HR-03611', givenName: 'Noa', familyName: 'Dugma', birthDate: '1990-10-15', age: 36 },
    visit: {
      protocolTitle: 'Wellness imaging, short',
      protocolVersion: '1.0',
      startedAt: '2026-11-21T06:40:00.000Z',
      capturedAt: '2026-11-21T06:58:00.000Z',
      endedReason: null,
    },
    quantities: [
      {
        title: 'Weight',
        quantity: {
          value: 72.45,
          unit: 'kg',
          error: 0.1,
          source: 'device',
          deviceId: '00000000-0000-4000-8000-000000000001',
          calibrationId: null,
          at: '2026-11-21T06:41:12.000Z',
          raw: 'S S      72.45 kg',
        },
        deviceName: 'Scale',
        takenBy: 'Ines Modelo',
      },
      {
        title: 'Height',
        quantity: {
          value: 176.5,
          unit: 'cm',
          error: 0.2,
          source: 'by-hand',
          deviceId: null,
          calibrationId: null,
          at: '2026-11-21T06:42:40.000Z',
          raw: '',
        },
        deviceName: null,
        takenBy: 'Ines Modelo',
      },
    ],
    pictures: [
      { ...picture('body-front', 'Body, front', 44), image: body[0] ?? null, overlay: null },
      { ...picture('body-back', 'Body, back', 45), image: body[1] ?? null, overlay: null },
      { ...picture('body-left', 'Body, left side', 46), image: body[2] ?? null, overlay: null },
      {
        ...picture('body-right', 'Body, right side', 47),
        image: body[3] ?? null,
        overlay: null,
        passed: false,
        attempt: 3,
        attempts: 3,
        checks: checks(false, 3.1),
        kept: { reason: 'Cannot stand still for longer today.', byName: 'Dr Leila Nemuneh' },
      },
      { ...picture('retina-right', 'Retina, right eye', 52), ...right },
      { ...picture('retina-left', 'Retina, left eye', 55), ...left, attempt: 2, attempts: 2 },
    ],
    findings: [finding('right', 10.93), finding('left', 10.41)],
    skipped: [],
    ...changes,
  };
}
