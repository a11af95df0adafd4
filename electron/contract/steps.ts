/** What follows from a session and its captures: marks, the next step, tries left. Pure. */
import type { Capture, Session, StepRecord } from './documents.ts';
import { VantageError } from './problems.ts';
import type { Protocol, Step } from './protocols.ts';
import { PROTOCOLS } from './protocols.ts';
import type { StepMark } from './views.ts';

export const EMPTY_STEP: StepRecord = {
  state: 'todo',
  quantity: null,
  captureId: null,
  attempts: 0,
  skippedReason: null,
  doneAt: null,
  doneBy: null,
};

/** @throws VantageError NOT_FOUND for a protocol that this version doesn't have. */
export function protocolOf(protocolId: string): Protocol {
  const protocol = Object.hasOwn(PROTOCOLS, protocolId) ? PROTOCOLS[protocolId] : undefined;
  if (protocol === undefined) throw new VantageError('NOT_FOUND', `protocol ${protocolId}`);
  return protocol;
}

export function stepOf(protocol: Protocol, stepId: string): Step {
  const step = protocol.steps.find((candidate) => candidate.id === stepId);
  if (step === undefined) throw new VantageError('NOT_FOUND', `step ${stepId}`);
  return step;
}

export function recordOf(session: Pick<Session, 'steps'>, stepId: string): StepRecord {
  return (Object.hasOwn(session.steps, stepId) ? session.steps[stepId] : undefined) ?? EMPTY_STEP;
}

/** The first step that is neither done nor skipped. Later ones may be taken first when a device is missing. */
export function currentStepOf(protocol: Protocol, session: Pick<Session, 'steps'>): Step | null {
  return protocol.steps.find((step) => recordOf(session, step.id).state === 'todo') ?? null;
}

/** Whether this try shows a picture that failed its checks or could not be read. Tries without a picture don't count. */
export function isFailedTry(capture: Capture): boolean {
  return (
    (capture.judgement !== null && !capture.judgement.passed && capture.kept === null) ||
    (capture.state === 'failed' && capture.blobId !== null)
  );
}

export function isUnderWay(capture: Capture): boolean {
  return (
    capture.state === 'requested' ||
    capture.state === 'taking' ||
    capture.state === 'uncertain' ||
    (capture.state === 'on-disk' && capture.problem === null)
  );
}

export function attemptsLeft(step: Step, tries: readonly Capture[]): number {
  if (step.type !== 'picture') return 0;
  return Math.max(0, step.attempts - tries.filter(isFailedTry).length);
}

/** `care`: something about the step waits for a person (a failed picture, an uncertain one). */
export function markOf(
  step: Step,
  session: Pick<Session, 'steps' | 'status'>,
  tries: readonly Capture[],
  current: Step | null,
): StepMark['mark'] {
  const record = recordOf(session, step.id);
  if (record.state !== 'todo') return record.state;
  const last = tries.at(-1);
  if (last !== undefined && (isFailedTry(last) || last.state === 'failed' || last.state === 'uncertain')) return 'care';
  return session.status === 'CAPTURING' && current?.id === step.id ? 'now' : 'todo';
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}

/** Local calendar day of an instant at the clinic, YYYY-MM-DD. */
export function dayOf(at: Date): string {
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
}

/** Full years between a birth date and a day. */
export function ageOn(birthDate: string, day: string): number {
  const years = Number(day.slice(0, 4)) - Number(birthDate.slice(0, 4));
  return day.slice(5) < birthDate.slice(5) ? years - 1 : years;
}
