/** How a patient is told of news: what they have agreed to, under their own scope. */
import type { ContractRouterClient } from '@orpc/contract';
import type { NoticeSettings, noticesContract } from '../../../electron/contract/index.ts';
import { MOST_NOTICE_WAYS, VantageError, newId } from '../../../electron/contract/index.ts';
import { isPushService } from '../internal/push-services.ts';
import type { PageCall } from './guard.ts';

type Way = Parameters<ContractRouterClient<typeof noticesContract>['agree']>[0];

export async function noticeSettings({ parts, transaction }: PageCall): Promise<NoticeSettings> {
  const { pushKey, mail } = parts.notices;
  const rows = await transaction(async (tx) =>
    tx.selectFrom('notice_ways').select(['id', 'kind', 'target', 'agreed_at']).orderBy('agreed_at').execute(),
  );
  return {
    pushKey,
    mail,
    ways: rows.map(({ id, kind, target, agreed_at: agreedAt }) => ({
      wayId: id,
      kind,
      address: kind === 'mail' ? target : null,
      agreedAt: agreedAt.toISOString(),
    })),
  };
}

/** @throws VantageError INPUT_INVALID, NOT_ALLOWED */
export async function agreeToNotices(call: PageCall, way: Way): Promise<NoticeSettings> {
  const { parts, person } = call;
  const { pushKey, mail, pushServices } = parts.notices;
  const { patientId } = person;
  if (patientId === undefined) throw new VantageError('NOT_ALLOWED');
  const isSent = way.kind === 'mail' ? mail : pushKey !== null && isPushService(way.endpoint, pushServices);
  if (!isSent) throw new VantageError('INPUT_INVALID', 'this cloud sends nothing there', { field: 'kind' });
  const target = way.kind === 'mail' ? way.address : way.endpoint;
  await call.transaction(async (tx) => {
    await tx.deleteFrom('notice_ways').where('kind', '=', way.kind).where('target', '=', target).execute();
    const known = await tx.selectFrom('notice_ways').select('id').execute();
    if (known.length >= MOST_NOTICE_WAYS) throw new VantageError('INPUT_INVALID', 'too many', { field: 'kind' });
    await tx
      .insertInto('notice_ways')
      .values({
        id: newId(),
        tenant_id: person.tenantId,
        patient_id: patientId,
        person_id: person.personId,
        kind: way.kind,
        target,
        keys: way.kind === 'push' ? JSON.stringify({ p256dh: way.p256dh, auth: way.auth }) : null,
        locale: way.locale,
        agreed_at: parts.now(),
      })
      .execute();
  });
  return noticeSettings(call);
}

export async function withdrawFromNotices(call: PageCall, wayId: string): Promise<NoticeSettings> {
  await call.transaction(async (tx) => tx.deleteFrom('notice_ways').where('id', '=', wayId).execute());
  return noticeSettings(call);
}
