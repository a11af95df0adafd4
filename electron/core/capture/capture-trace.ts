/** The audit entry for a change of a capture that has none of its own: what was not taken leaves a trace, too. */
import type { AuditEntryInput, Capture } from '../../contract/index.ts';

/** @param at ISO 8601. @returns nothing where neither its state nor its problem has changed. */
export function traceOfChange(
  next: Capture,
  current: Capture,
  at: string,
): { readonly audit?: readonly AuditEntryInput[] } {
  const problem = next.problem?.code ?? null;
  if (next.state === current.state && problem === (current.problem?.code ?? null)) return {};
  return {
    audit: [
      {
        at,
        actorId: next.authorId,
        role: 'station',
        action: 'capture.went-on',
        subjectKind: 'capture',
        subjectId: next.id,
        detail: { from: current.state, to: next.state, problem },
      },
    ],
  };
}
