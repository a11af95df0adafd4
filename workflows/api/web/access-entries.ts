/** The cloud's own trail of what people were shown and what they decided. Ids and codes only; written before anything is shown. */
import { newId } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import type { PersonCaller } from '../access/callers.ts';
import { actorOf } from '../access/callers.ts';

export interface AccessEntry {
  readonly locationId: string;
  /** Verb and noun, as in the stations' trails. */
  readonly action:
    | 'patient.in-review-list'
    | 'patient.read'
    | 'picture.read'
    | 'report.read'
    | 'report.approved'
    | 'report.sent-back'
    | 'visit.followed';
  readonly subjectKind: 'patient' | 'session' | 'capture' | 'report';
  readonly subjectId: string;
  readonly patientId: string;
  readonly detail?: Readonly<Record<string, string | null>>;
}

export async function recordAccess(tx: Scoped, caller: PersonCaller, entries: readonly AccessEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await tx
    .insertInto('access_entries')
    .values(
      entries.map((entry) => ({
        id: newId(),
        tenant_id: caller.tenantId,
        location_id: entry.locationId,
        actor: actorOf(caller),
        role: caller.role,
        action: entry.action,
        subject_kind: entry.subjectKind,
        subject_id: entry.subjectId,
        patient_id: entry.patientId,
        detail: JSON.stringify(entry.detail ?? {}),
      })),
    )
    .execute();
}
