/** Protocols are data: ordered steps with what they need, when they are good enough and who may skip them. */
import { z } from 'zod';
import { captureSettingsSchema, deviceKindSchema } from './devices.ts';
import { checkIdSchema } from './judgement.ts';
import { roleSchema } from './roles.ts';

const stepBase = {
  id: z.string().max(64),
  title: z.string(),
  /** For the facilitator, one sentence. */
  instruction: z.string(),
  /** Name of the drawing that shows what to do. */
  picture: z.enum([
    'feet-on-plate',
    'stadiometer',
    'body-front',
    'body-back',
    'body-left',
    'body-right',
    'eye-right',
    'eye-left',
  ]),
  expectedMinutes: z.number(),
  /** Steps of one group are shown as one station with several parts (four body photographs). */
  group: z.object({ id: z.string(), title: z.string() }).nullable(),
  skippableBy: z.array(roleSchema),
  /** What the patient reads: what happens, two things to do, and why. Reviewed text; never findings or numbers. */
  patient: z.object({ title: z.string(), instructions: z.array(z.string()).max(3), why: z.string() }),
};

export const stepSchema = z.discriminatedUnion('type', [
  z.object({ ...stepBase, type: z.literal('weight'), deviceKind: z.literal('scale') }),
  z.object({
    ...stepBase,
    type: z.literal('typed'),
    quantity: z.object({
      name: z.literal('height'),
      unit: z.literal('cm'),
      minimum: z.number(),
      maximum: z.number(),
      error: z.number(),
      decimals: z.number().int(),
    }),
  }),
  z.object({
    ...stepBase,
    type: z.literal('picture'),
    deviceKind: deviceKindSchema.exclude(['scale']),
    subject: captureSettingsSchema.shape.subject,
    gates: z.array(checkIdSchema).min(1),
    findings: z.array(z.enum(['retinal-vessels'])),
    /** Tries before a senior decides. */
    attempts: z.number().int().positive(),
  }),
]);
export type Step = z.infer<typeof stepSchema>;

export const protocolSchema = z.object({
  id: z.string(),
  version: z.string(),
  title: z.string(),
  steps: z.array(stepSchema).min(1),
});
export type Protocol = z.infer<typeof protocolSchema>;

const SENIORS = ['clinician', 'admin'] as const;
const EVERYBODY = ['facilitator', 'clinician', 'admin'] as const;

const weight: Step = {
  id: 'weight',
  type: 'weight',
  deviceKind: 'scale',
  title: 'Weight',
  instruction: 'Shoes off, both feet on the plate, look straight ahead.',
  picture: 'feet-on-plate',
  expectedMinutes: 1,
  group: null,
  skippableBy: [...EVERYBODY],
  patient: {
    title: 'Your weight',
    instructions: ['Take your shoes off.', 'Stand still with both feet on the plate.'],
    why: 'Your weight helps your clinician to see changes between visits and to read your other measurements correctly.',
  },
};

const height: Step = {
  id: 'height',
  type: 'typed',
  quantity: { name: 'height', unit: 'cm', minimum: 50, maximum: 250, error: 0.2, decimals: 1 },
  title: 'Height',
  instruction: 'Heels, back and head against the wall; read at eye level and type it in.',
  picture: 'stadiometer',
  expectedMinutes: 1,
  group: null,
  skippableBy: [...EVERYBODY],
  patient: {
    title: 'Your height',
    instructions: ['Stand straight with your back to the wall.', 'Look straight ahead.'],
    why: 'Your height is needed to make sense of your weight and of the pictures of your body.',
  },
};

function bodyStep(side: 'front' | 'back' | 'left' | 'right'): Step {
  const words = {
    front: 'from the front',
    back: 'from the back',
    left: 'from your left side',
    right: 'from your right side',
  };
  const staff = { front: 'Front', back: 'Back', left: 'Left side', right: 'Right side' };
  return {
    id: `body-${side}`,
    type: 'picture',
    deviceKind: 'body-camera',
    subject: `body-${side}`,
    gates: ['framing', 'focus', 'exposure'],
    findings: [],
    attempts: 3,
    title: `Body, ${staff[side].toLowerCase()}`,
    instruction: 'Feet on the marks, arms a little away from the body, head and feet in the picture.',
    picture: `body-${side}`,
    expectedMinutes: 1,
    group: { id: 'body', title: 'Body photographs' },
    skippableBy: [...EVERYBODY],
    patient: {
      title: `A picture ${words[side]}`,
      instructions: ['Stand on the marks on the floor.', 'Hold your arms a little away from your body.'],
      why: 'Pictures from four sides let your clinician compare your posture and shape between visits. Only your care team sees them.',
    },
  };
}

function retinaStep(eye: 'right' | 'left'): Step {
  return {
    id: `retina-${eye}`,
    type: 'picture',
    deviceKind: 'fundus-camera',
    subject: `retina-${eye}`,
    gates: ['focus', 'exposure', 'framing', 'even-light'],
    findings: ['retinal-vessels'],
    attempts: 3,
    title: eye === 'right' ? 'Retina, right eye' : 'Retina, left eye',
    instruction: 'Chin on the rest, forehead against the band, look at the green light.',
    picture: eye === 'right' ? 'eye-right' : 'eye-left',
    expectedMinutes: eye === 'right' ? 4 : 2,
    group: null,
    skippableBy: [...EVERYBODY],
    patient: {
      title: eye === 'right' ? 'A picture of your right eye' : 'A picture of your left eye',
      instructions: [
        'Look at the green light and blink once.',
        'Then keep your eye wide open. There is one short flash.',
      ],
      why: 'The back of your eye is the one place where small blood vessels can be seen directly. Your clinician looks at how they are doing.',
    },
  };
}

const body = [bodyStep('front'), bodyStep('back'), bodyStep('left'), bodyStep('right')];
const retina = [retinaStep('right'), retinaStep('left')];

/** Shipped protocols by id. A new one is one entry here. */
export const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  'wellness-imaging-short': {
    id: 'wellness-imaging-short',
    version: '1.0',
    title: 'Wellness imaging, short',
    steps: [weight, height, ...body, ...retina],
  },
  'body-scan': { id: 'body-scan', version: '1.0', title: 'Body scan only', steps: [weight, height, ...body] },
  'retina-only': { id: 'retina-only', version: '1.0', title: 'Retina only', steps: retina },
};

/** The steps as people count them, in order: those of one group (four body photographs) are one. */
export function stationIdsOf(steps: readonly Step[]): readonly string[] {
  return [...new Set(steps.map(stationIdOf))];
}

export function stationIdOf(step: Step): string {
  return step.group?.id ?? step.id;
}

export function maySkip(step: Step, roles: readonly string[]): boolean {
  return (
    step.skippableBy.some((role) => roles.includes(role)) ||
    roles.some((role) => (SENIORS as readonly string[]).includes(role))
  );
}

/** Version of the consent text that a signature stands under. */
export const CONSENT_TEXT_VERSION = '2026-11';
