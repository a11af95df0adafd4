/** What an intent about a device's calibration or a site's acceptance carries: all that its delivery needs. */
import { z } from 'zod';
import type { DeviceCalibrationInput, Intent, IntentInput, SiteAcceptanceInput } from '../../contract/index.ts';
import {
  ACCEPTANCE_MESSAGES,
  CALIBRATION_MESSAGES,
  MESSAGE_OF_INTENT,
  VISITS_QUEUE,
  WORKFLOW_TYPES,
  deviceCalibrationInputSchema,
  siteAcceptanceInputSchema,
  workflowIdOf,
} from '../../contract/index.ts';
import type { OutboxRequest } from './sender.ts';

export type CalibrationIntentKind = Extract<IntentInput['kind'], `calibration-${string}`>;
export type AcceptanceIntentKind = Extract<IntentInput['kind'], `acceptance-${string}`>;

/** Null with a start, which has no message. */
type Message = { readonly at: string } | null;

const calibrationPayload = z.object({ start: deviceCalibrationInputSchema, message: z.unknown() });
const acceptancePayload = z.object({ start: siteAcceptanceInputSchema, message: z.unknown() });

/** @param id the same for the same thing, also when it is written twice */
export function calibrationIntent(
  kind: CalibrationIntentKind,
  id: string,
  start: DeviceCalibrationInput,
  message: Message,
): IntentInput {
  return { id, kind, subjectId: start.calibrationId, payload: { start, message } };
}

/** @param id the same for the same thing, also when it is written twice */
export function acceptanceIntent(
  kind: AcceptanceIntentKind,
  id: string,
  start: SiteAcceptanceInput,
  message: Message,
): IntentInput {
  return { id, kind, subjectId: start.runId, payload: { start, message } };
}

/** @throws z.ZodError: the intent is not what the cloud's workflows take. */
export function siteRequestOf(
  { id, subjectId, payload }: Pick<Intent, 'id' | 'subjectId' | 'payload'>,
  kind: CalibrationIntentKind | AcceptanceIntentKind,
): OutboxRequest {
  if (kind === 'acceptance-start' || kind === 'acceptance-cancelled') {
    const { start, message } = acceptancePayload.parse(payload);
    const name = MESSAGE_OF_INTENT[kind];
    return {
      workflow: workflow('acceptance', subjectId, start),
      message: name === null ? null : { name, id, argument: ACCEPTANCE_MESSAGES[name].parse(message) },
    };
  }
  const { start, message } = calibrationPayload.parse(payload);
  const name = MESSAGE_OF_INTENT[kind];
  return {
    workflow: workflow('calibration', subjectId, start),
    message: name === null ? null : { name, id, argument: CALIBRATION_MESSAGES[name].parse(message) },
  };
}

function workflow(subject: 'calibration' | 'acceptance', subjectId: string, argument: object) {
  return { type: WORKFLOW_TYPES[subject], id: workflowIdOf(subject, subjectId), queue: VISITS_QUEUE, argument };
}
