/** The codec server as Temporal's page and command line ask it. */
import { createHash } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';
import type { JSONPayload } from '@temporalio/common/lib/proto-utils.js';
import { JSONToPayload, payloadToJSON } from '@temporalio/common/lib/proto-utils.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EncryptionCodec } from '../../codec/encryption-codec.ts';
import type { NamedKey } from '../../codec/keys.ts';
import { derivedKeys } from '../../codec/keys.ts';
import type { TestApi } from '../testing/test-api.ts';
import { NORTH_HARBOUR, SOUTH_HARBOUR, startTestApi } from '../testing/test-api.ts';
import { codecOriginsOf } from './origins.ts';

const [OLD, KEY, GONE] = ['old', 'new', 'gone'].map((id): NamedKey => ({
  id,
  key: createHash('sha256').update(`codec ${id}`).digest(),
})) as [NamedKey, NamedKey, NamedKey];
const PAGE = 'https://temporal.example.org';
const NOTES = 'a canary of the clinic';

let cloud: TestApi;
let admin: string;
beforeAll(async () => {
  cloud = await startTestApi(
    {},
    { workflows: { temporal: null, webUrl: null, keys: [KEY, OLD], codecOrigins: [PAGE] } },
  );
  admin = await cloud.person('admin', NORTH_HARBOUR, true);
});
afterAll(async () => cloud.close());

const plain = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);

async function sealed(tenantId: string, value: unknown, key: NamedKey = KEY): Promise<JSONPayload> {
  const [payload] = await new EncryptionCodec(derivedKeys([key]), tenantId).encode([plain(value)]);
  return payloadToJSON(payload ?? {});
}

async function ask(
  what: 'encode' | 'decode',
  token: string | null,
  payloads: readonly JSONPayload[],
  headers: Readonly<Record<string, string>> = {},
) {
  const response = await fetch(`${cloud.base}/v1/codec/${what}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-namespace': 'default',
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ payloads }),
  });
  const body = (await response.json()) as { readonly payloads?: readonly JSONPayload[]; readonly code?: string };
  return { status: response.status, headers: response.headers, code: body.code, payloads: body.payloads ?? [] };
}

function valueOf(payload: JSONPayload | undefined): unknown {
  return defaultPayloadConverter.fromPayload(JSONToPayload(payload ?? {}));
}

async function opened() {
  const { rows } = await cloud.database.admin.query<{ data: unknown; metadata: unknown }>(
    "SELECT data, metadata FROM domain_events WHERE type = 'PayloadsOpened' ORDER BY recorded_at",
  );
  return rows;
}

describe('the codec server', () => {
  it('opens for an administrator what is their clinic’s, and leaves everything else as it is', async () => {
    const payloads = [
      await sealed(NORTH_HARBOUR.tenantId, { notes: NOTES }),
      await sealed(NORTH_HARBOUR.tenantId, { notes: NOTES }, OLD),
      await sealed(SOUTH_HARBOUR.tenantId, { notes: NOTES }),
      await sealed(NORTH_HARBOUR.tenantId, { notes: NOTES }, GONE),
      payloadToJSON(plain('in plain text')),
    ];
    const changed = { ...payloads[0], data: Buffer.alloc(60, 1).toString('base64') };
    const answer = await ask('decode', admin, [...payloads, changed]);
    expect(answer.status).toBe(200);
    expect(answer.payloads.slice(0, 2).map(valueOf)).toEqual([{ notes: NOTES }, { notes: NOTES }]);
    expect(answer.payloads.slice(2)).toEqual([...payloads.slice(2), changed]);
  });

  it('encrypts what is sent by hand, so that workers open it', async () => {
    const { payloads } = await ask('encode', admin, [payloadToJSON(plain({ at: '2026-11-21T09:20:00.000Z' }))]);
    expect(JSON.stringify(payloads)).not.toContain(Buffer.from('2026-11-21').toString('base64').slice(0, 8));
    const codec = new EncryptionCodec(derivedKeys([KEY]), null);
    const [payload] = await codec.decode(payloads.map((one) => JSONToPayload(one)));
    expect(defaultPayloadConverter.fromPayload(payload ?? {})).toEqual({ at: '2026-11-21T09:20:00.000Z' });
    expect((await ask('decode', admin, payloads)).payloads.map(valueOf)).toEqual([{ at: '2026-11-21T09:20:00.000Z' }]);
  });

  it('writes down who opened how many, of which workflow as far as it is said, and nothing of what', async () => {
    const before = (await opened()).length;
    const payload = await sealed(NORTH_HARBOUR.tenantId, { notes: NOTES });
    await ask('decode', admin, [payload, payload], {
      referer: `${PAGE}/namespaces/default/workflows/session-7d3c/0198/history`,
    });
    await ask('decode', admin, [payload], { 'x-workflow-id': 'session-1' });
    await ask('decode', admin, [payload], { 'x-workflow-id': "x' OR Jane Doe" });
    // Nothing was opened.
    await ask('decode', admin, [payloadToJSON(plain(1)), await sealed(SOUTH_HARBOUR.tenantId, 1)]);
    const rows = (await opened()).slice(before);
    expect(rows.map(({ data }) => data)).toEqual([
      { payloads: 2, workflowId: 'session-7d3c' },
      { payloads: 1, workflowId: 'session-1' },
      { payloads: 1, workflowId: null },
    ]);
    expect(rows[0]?.metadata).toEqual({ actor: expect.stringMatching(/^person:/) as string, role: 'admin' });
    const lines = cloud.logged.filter(({ msg }) => msg === 'payloads opened');
    expect(lines).toContainEqual(expect.objectContaining({ asked: 2, opened: 2, workflowId: 'session-7d3c' }));
    expect(JSON.stringify([rows, cloud.logged])).not.toContain(NOTES);
    expect(JSON.stringify(cloud.logged)).not.toContain('Jane Doe');
  });

  it('opens nothing for operators and clinicians, for an administrator of some locations, or without a token', async () => {
    const before = (await opened()).length;
    const payload = await sealed(NORTH_HARBOUR.tenantId, { notes: NOTES });
    const tokens = [
      await cloud.person('operator', NORTH_HARBOUR, true),
      await cloud.person('clinician', NORTH_HARBOUR, true),
      await cloud.person('admin', NORTH_HARBOUR),
      await cloud.service(NORTH_HARBOUR.tenantId),
    ];
    for (const what of ['decode', 'encode'] as const) {
      for (const token of tokens) {
        expect(await ask(what, token, [payload])).toMatchObject({ status: 403, code: 'NOT_ALLOWED', payloads: [] });
      }
      expect(await ask(what, null, [payload])).toMatchObject({ status: 401, payloads: [] });
    }
    expect(await opened()).toHaveLength(before);
    expect(await ask('decode', admin, [{ data: 5 } as unknown as JSONPayload])).toMatchObject({ status: 400 });
  });

  it('is for the pages that are configured, refusals among the answers', async () => {
    const preflight = async (origin: string) =>
      fetch(`${cloud.base}/v1/codec/decode`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,content-type,x-namespace',
        },
      });
    const allowed = await preflight(PAGE);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get('access-control-allow-origin')).toBe(PAGE);
    expect(allowed.headers.get('access-control-allow-headers')).toContain('x-namespace');
    expect(allowed.headers.get('vary')).toContain('Origin');
    for (const origin of ['https://elsewhere.example.org', 'null', `${PAGE}.example.org`]) {
      expect((await preflight(origin)).headers.get('access-control-allow-origin')).toBeNull();
    }
    const refused = await ask('decode', null, [], { origin: PAGE });
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, PAGE]);
    const elsewhere = await fetch(`${cloud.base}/v1/stations`, { headers: { origin: PAGE } });
    expect(elsewhere.headers.get('access-control-allow-origin')).toBeNull();
  });

  it('knows its pages by their origins, Temporal’s own among them', () => {
    expect(codecOriginsOf('', null)).toEqual([]);
    expect(codecOriginsOf(`${PAGE}, http://localhost:8233`, `${PAGE}/ui`)).toEqual([PAGE, 'http://localhost:8233']);
    expect(() => codecOriginsOf('*', null)).toThrow('CODEC_ORIGINS');
    expect(() => codecOriginsOf(`${PAGE}/`, null)).toThrow('CODEC_ORIGINS');
  });
});
