/** Lists show patients, too: each leaves an entry for every patient in it, once for a sign-in and not at every redraw. */
import type { AuditEntryInput } from '../../contract/index.ts';
import type { ClinicParts } from '../clinic-parts.ts';
import type { CallContext } from './guard.ts';
import { actorOf } from './guard.ts';

/** @param action e.g. `patient.listed`. Resolves when the entries are durable: only then may the list be shown. */
export type RecordShown = (
  context: CallContext,
  action: 'patient.listed' | 'patient.in-review-list' | 'patient.in-sync-list',
  patientIds: Iterable<string>,
) => Promise<void>;

export function recordShown({ store, now }: Pick<ClinicParts, 'store' | 'now'>): RecordShown {
  /** By the sign-in under which they were shown; goes with it. */
  const shown = new WeakMap<AbortSignal, Set<string>>();
  return async (context, action, patientIds) => {
    const { signal } = context.signIn;
    const known = shown.get(signal) ?? new Set();
    shown.set(signal, known);
    const fresh = [...new Set(patientIds)].filter((patientId) => !known.has(`${action} ${patientId}`));
    if (fresh.length === 0) return;
    const actor = actorOf(context);
    const at = now().toISOString();
    const entries = fresh.map((patientId): AuditEntryInput => ({
      at,
      actorId: actor.staffId,
      role: actor.roles.join(','),
      action,
      subjectKind: 'patient',
      subjectId: patientId,
      detail: {},
    }));
    await store.audit.append(...entries);
    for (const patientId of fresh) known.add(`${action} ${patientId}`);
  };
}
