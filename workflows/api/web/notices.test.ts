/** How patients agree to be told, and what of it an activity gets. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MOST_NOTICE_WAYS, newId } from '../../../electron/contract/index.ts';
import { TestBrowser } from '../testing/browser.ts';
import { call } from '../testing/station.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';

const SERVICE = 'http://127.0.0.1:9';
let cloud: TestApi;
beforeAll(async () => {
  cloud = await startTestApi({}, { notices: { pushKey: 'B'.repeat(87), pushServices: [SERVICE], mail: true } });
});
afterAll(async () => cloud.close());

interface Somebody {
  readonly patientId: string;
  readonly subject: string;
  readonly notices: ReturnType<TestBrowser['client']>['notices'];
}

async function somebody(): Promise<Somebody> {
  const patientId = newId();
  const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
  const subject = await cloud.subject('patient', NORTH_HARBOUR, false, patientId);
  await browser.signIn(subject);
  return { patientId, subject, notices: browser.client().notices };
}

const pushWay = () =>
  ({
    kind: 'push',
    endpoint: `${SERVICE}/${newId()}`,
    p256dh: 'p'.repeat(87),
    auth: 'a'.repeat(22),
    locale: 'en',
  }) as const;
const mailWay = { kind: 'mail', address: 'somebody@example.org', locale: 'ar' } as const;

async function internal(path: string, body: object, tenantId = NORTH_HARBOUR.tenantId) {
  return call(cloud.base, `/internal/v1/notices/${path}`, await cloud.service(tenantId), body);
}

async function waysOf(patientId: string, key = 'k'): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { body } = await internal('ways', { patientId, key });
  return body['ways'] as Readonly<Record<string, unknown>>[];
}

async function codeOf(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => 'no failure',
    (error: unknown) => String((error as { readonly data?: { readonly code?: string } }).data?.code),
  );
}

describe('being told of news', () => {
  it('is agreed to and taken back by the patient alone', async () => {
    const [amara, other] = [await somebody(), await somebody()];
    expect(await amara.notices.settings()).toEqual({ pushKey: 'B'.repeat(87), mail: true, ways: [] });
    const way = pushWay();
    await amara.notices.agree(way);
    await amara.notices.agree(mailWay);
    // The same again: one way, in the other language.
    const { ways } = await amara.notices.agree({ ...way, locale: 'ar' });
    expect(ways.map(({ kind, address }) => [kind, address])).toEqual([
      ['mail', 'somebody@example.org'],
      ['push', null],
    ]);
    expect((await other.notices.settings()).ways).toEqual([]);
    const [first] = ways;
    await other.notices.withdraw({ wayId: first?.wayId ?? '' });
    expect((await amara.notices.settings()).ways).toHaveLength(2);
    expect((await amara.notices.withdraw({ wayId: first?.wayId ?? '' })).ways).toHaveLength(1);
    expect(await waysOf(amara.patientId)).toMatchObject([
      { kind: 'push', target: way.endpoint, keys: { p256dh: way.p256dh, auth: way.auth }, locale: 'ar' },
    ]);
    expect(await waysOf(other.patientId)).toEqual([]);
  });

  it('is for what this cloud sends, to push services, and not without end', async () => {
    const { notices } = await somebody();
    expect(await codeOf(notices.agree({ ...pushWay(), endpoint: 'https://10.0.0.1/internal' }))).toBe('INPUT_INVALID');
    for (let made = 0; made < MOST_NOTICE_WAYS; made += 1) await notices.agree(pushWay());
    expect(await codeOf(notices.agree(pushWay()))).toBe('INPUT_INVALID');
    const staff = new TestBrowser(cloud.base, cloud.config.publicUrl);
    await staff.signIn(await cloud.subject('admin', NORTH_HARBOUR));
    expect(await codeOf(staff.client().notices.settings())).toBe('NOT_ALLOWED');
  });

  it('happens once by each way, and never by one that is gone or to somebody who is that patient no more', async () => {
    const { patientId, subject, notices } = await somebody();
    await notices.agree(mailWay);
    await notices.agree(pushWay());
    const [mail, push] = (await waysOf(patientId)).map(({ wayId }) => String(wayId));
    await internal('outcome', { key: 'k', delivered: [mail], gone: [] });
    await internal('outcome', { key: 'k', delivered: [mail], gone: [] });
    expect((await waysOf(patientId)).map(({ wayId }) => wayId)).toEqual([push]);
    expect(await waysOf(patientId, 'another')).toHaveLength(2);
    // Another clinic's activity forgets nothing here.
    await internal('outcome', { key: 'k', delivered: [], gone: [push] }, SOUTH_HARBOUR.tenantId);
    expect(await waysOf(patientId)).toHaveLength(1);
    await internal('outcome', { key: 'k', delivered: [], gone: [push] });
    expect((await notices.settings()).ways.map(({ kind }) => kind)).toEqual(['mail']);
    const admin = await cloud.database.admin.query('DELETE FROM people_roles WHERE person_id = $1', [subject]);
    expect(admin.rowCount).toBe(1);
    expect(await waysOf(patientId, 'another')).toEqual([]);
    expect((await internal('ways', { patientId, key: 'k' }, SOUTH_HARBOUR.tenantId)).body['ways']).toEqual([]);
  });
});

it('leaves no address in the log', () => {
  expect(JSON.stringify(cloud.logged)).not.toContain('somebody@example.org');
});
