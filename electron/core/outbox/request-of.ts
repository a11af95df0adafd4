/** What goes out for an intent, by what it is about. */
import type { Intent, IntentInput } from '../../contract/index.ts';
import type { OutboxRequest } from './sender.ts';
import { sessionRequestOf } from './session-request.ts';
import { siteRequestOf } from './site-request.ts';

type Kind = IntentInput['kind'];
type Subject = Kind extends `${infer S}-${string}` ? S : never;

/** @throws z.ZodError: the intent is not what the cloud's workflows take. */
export function requestOf(intent: Intent): OutboxRequest {
  const { kind } = intent;
  switch (kind) {
    case 'calibration-start':
    case 'calibration-measured':
    case 'calibration-cancelled':
    case 'acceptance-start':
    case 'acceptance-cancelled':
      return siteRequestOf(intent, kind);
    default:
      return sessionRequestOf(intent, kind);
  }
}

/** Whether it asks for the start alone, which the cloud takes in without anybody working there. */
export function isStart(kind: Kind): boolean {
  return kind.endsWith('-start');
}

/** For the audit trail. */
export function subjectOf(kind: Kind): Subject {
  return kind.slice(0, kind.indexOf('-')) as Subject;
}
