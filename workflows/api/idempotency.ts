/** At most one effect per mutation: what it was answered is kept in the same transaction, and given again when it is sent again. */
import { createHash } from 'node:crypto';
import { canonical, VantageError } from '../../electron/contract/index.ts';
import type { Scoped } from '../database/scope.ts';
import type { Caller } from './access/callers.ts';
import { actorOf } from './access/callers.ts';

export interface Mutation {
  /** Names it among those of its caller. */
  readonly id: string;
  /** SHA-256 of what was asked, to tell a repetition from another request under the same id. */
  readonly requestSha256: string;
}

/** Of a request whose fields have no order. */
export function requestSha256(request: unknown): string {
  return createHash('sha256').update(canonical(request)).digest('hex');
}

/**
 * Runs `work` unless this mutation ran before. Callers hold the tenant's turn to write (`lockWrites`), so that two that are sent at
 * once follow each other.
 *
 * @throws VantageError STATUS_CONFLICT when the id was used for another request
 */
export async function once<T>(
  tx: Scoped,
  caller: Exclude<Caller, { readonly kind: 'anyone' }>,
  mutation: Mutation,
  work: () => Promise<T>,
): Promise<T> {
  const key = { tenant_id: caller.tenantId, actor: actorOf(caller), mutation_id: mutation.id };
  const known = await tx
    .selectFrom('mutations')
    .select(['request_sha256', 'response'])
    .where('tenant_id', '=', key.tenant_id)
    .where('actor', '=', key.actor)
    .where('mutation_id', '=', key.mutation_id)
    .executeTakeFirst();
  if (known !== undefined) {
    if (known.request_sha256 !== mutation.requestSha256)
      throw new VantageError('STATUS_CONFLICT', 'the id was used already');
    return known.response as T;
  }
  const response = await work();
  await tx
    .insertInto('mutations')
    .values({
      ...key,
      location_id: caller.kind === 'station' ? caller.locationId : null,
      request_sha256: mutation.requestSha256,
      response: JSON.stringify(response),
    })
    .execute();
  return response;
}
