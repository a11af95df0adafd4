/** What a check found, before it has a name and times. */
import type { CheckPart, CheckResult } from '../../../contract/index.ts';
import { outcomeOf } from '../../../contract/index.ts';

export type Finding = Pick<CheckResult, 'outcome' | 'reason' | 'parts' | 'measures'>;

/** The outcome of its parts; its reason is that of the first part which has the same outcome. */
export function findingOf(parts: readonly CheckPart[], measures: CheckResult['measures'] = []): Finding {
  const outcome = outcomeOf(parts);
  const first = parts.find((part) => part.outcome === outcome);
  return {
    outcome,
    reason: outcome === 'passed' ? null : (first?.reason ?? 'NOTHING_TO_TRY'),
    parts: [...parts],
    measures,
  };
}

export function part(subject: string, reason: string | null, isAvailable = true): CheckPart {
  const outcome = reason === null ? 'passed' : isAvailable ? 'failed' : 'not-available';
  return { subject, outcome, reason };
}
