/**
 * The codec server of Temporal's page and command line (`/encode`, `/decode` below `/v1/codec`): what lies encrypted in histories, shown to
 * whoever may see it. That is an administrator of all of a clinic, for payloads of that clinic: they hold clinical content, and none of
 * them says of which location. Operators see workflows without it. What was opened is written down before it is answered.
 */
import type { Payload } from '@temporalio/common';
import { ValueError } from '@temporalio/common';
import { JSONToPayload, payloadToJSON } from '@temporalio/common/lib/proto-utils.js';
import { z } from 'zod';
import { VantageError, newId } from '../../../electron/contract/index.ts';
import { EncryptionCodec, tenantOf } from '../../codec/encryption-codec.ts';
import { derivedKeys } from '../../codec/keys.ts';
import type { Scoped } from '../../database/scope.ts';
import type { PersonCaller } from '../access/callers.ts';
import { actorOf } from '../access/callers.ts';
import type { Call } from '../route.ts';
import { rawRoute, route } from '../route.ts';
import { CODEC_PATH } from './origins.ts';

const BODY_BYTES = 16 * 1024 * 1024;
const PAYLOADS = 5000;

const base64 = z.string();
const payloadsSchema = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), base64).nullish(), data: base64.nullish() }))
    .max(PAYLOADS)
    .default([]),
});
type Body = z.output<typeof payloadsSchema>;
type CodecCall = Call<unknown, unknown, Body>;

/** From the address of the page that asks, where the browser says it, or a header of whoever else asks. */
const WORKFLOW_ID = /^[A-Za-z0-9][\w.:+-]{0,199}$/;

export const CODEC_ROUTES = [
  ...['encode', 'decode'].map((name) =>
    rawRoute({
      method: 'OPTIONS',
      path: `${CODEC_PATH}/${name}`,
      summary: 'From which pages the codec may be asked (CORS)',
      who: ['anyone'],
      answers: { 204: 'Access-Control-Allow-*, for the origins that are configured' },
      handle: async ({ reply }) => {
        await reply.code(204).send();
      },
    }),
  ),
  route({
    method: 'POST',
    path: `${CODEC_PATH}/decode`,
    summary:
      'Payloads of the caller’s clinic, opened; those of others and those that nothing here opens stay as they are',
    who: ['admin'],
    bodyLimit: BODY_BYTES,
    body: payloadsSchema,
    answer: payloadsSchema,
    handle: async (call) => {
      const { caller, codec } = permitted(call);
      const asked = call.body.payloads.map((payload) => JSONToPayload(payload as Parameters<typeof JSONToPayload>[0]));
      const opened = await Promise.all(asked.map(async (payload) => open(codec, payload, caller.tenantId)));
      const count = opened.filter((payload, at) => payload !== asked[at]).length;
      const workflowId = workflowIdOf(call);
      // Who asks for nothing that is encrypted learns nothing.
      if (count > 0) await call.transaction(async (tx) => record(tx, caller, call.parts.now(), count, workflowId));
      const line = {
        requestId: call.requestId,
        actor: actorOf(caller),
        asked: asked.length,
        opened: count,
        workflowId,
      };
      call.parts.log.info(line, 'payloads opened');
      return { payloads: opened.map((payload) => payloadToJSON(payload)) };
    },
  }),
  route({
    method: 'POST',
    path: `${CODEC_PATH}/encode`,
    summary: 'Payloads, encrypted under the key of the caller’s clinic',
    who: ['admin'],
    bodyLimit: BODY_BYTES,
    body: payloadsSchema,
    answer: payloadsSchema,
    handle: async (call) => {
      const { caller, codec } = permitted(call);
      const payloads = call.body.payloads.map((payload) =>
        JSONToPayload(payload as Parameters<typeof JSONToPayload>[0]),
      );
      const sealed = await codec.encode(payloads);
      const line = { requestId: call.requestId, actor: actorOf(caller), encrypted: sealed.length };
      call.parts.log.info(line, 'payloads encrypted');
      return { payloads: sealed.map((payload) => payloadToJSON(payload)) };
    },
  }),
];

/** @throws VantageError NOT_ALLOWED, NOT_FOUND where no key is configured, INPUT_INVALID for another namespace */
function permitted(call: CodecCall): { readonly caller: PersonCaller; readonly codec: EncryptionCodec } {
  const { caller, parts, headers } = call;
  if (caller.kind !== 'person' || caller.locations !== '*') throw new VantageError('NOT_ALLOWED', 'all locations');
  if (parts.workflowKeys.length === 0) throw new VantageError('NOT_FOUND', 'WORKFLOW_KEYS is not configured');
  const { namespace } = parts.temporal.visits;
  const asked = headers['x-namespace'];
  if (namespace !== null && asked !== undefined && asked !== namespace) {
    throw new VantageError('INPUT_INVALID', 'X-Namespace', { field: 'X-Namespace' });
  }
  return { caller, codec: new EncryptionCodec(derivedKeys(parts.workflowKeys), caller.tenantId) };
}

async function open(codec: EncryptionCodec, payload: Payload, tenantId: string): Promise<Payload> {
  if (tenantOf(payload) !== tenantId) return payload;
  try {
    const [opened = payload] = await codec.decode([payload]);
    return opened;
  } catch (error) {
    // Under a key that is not configured any more, or changed: the page shows that it is still encrypted.
    if (error instanceof ValueError) return payload;
    throw error;
  }
}

function workflowIdOf({ headers }: CodecCall): string | null {
  const { referer } = headers;
  const inReferer = referer === undefined ? undefined : /\/workflows\/([^/?#]+)/.exec(referer)?.[1];
  const said = headers['x-workflow-id'] ?? (inReferer === undefined ? undefined : decoded(inReferer));
  return typeof said === 'string' && WORKFLOW_ID.test(said) ? said : null;
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

async function record(
  tx: Scoped,
  caller: PersonCaller,
  now: Date,
  opened: number,
  workflowId: string | null,
): Promise<void> {
  await tx
    .insertInto('domain_events')
    .values({
      id: newId(),
      tenant_id: caller.tenantId,
      location_id: null,
      type: 'PayloadsOpened',
      subject_id: caller.personId,
      data: JSON.stringify({ payloads: opened, workflowId }),
      metadata: JSON.stringify({ actor: actorOf(caller), role: caller.role }),
      occurred_at: now,
    })
    .execute();
}
