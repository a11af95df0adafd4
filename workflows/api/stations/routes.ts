/** Stations: enrolment, tokens, keys; and what those who look after them may do. */
import { z } from 'zod';
import {
  CLOUD_PATHS,
  VantageError,
  challengeRequestSchema,
  challengeResponseSchema,
  enrolRequestSchema,
  enrolResponseSchema,
  newId,
  payloadKeysSchema,
  rotateKeyRequestSchema,
  rotateKeyResponseSchema,
  tokenRequestSchema,
  tokenResponseSchema,
  unpushedSchema,
} from '../../../electron/contract/index.ts';
import { actorOf } from '../access/callers.ts';
import { route, stationOf } from '../route.ts';
import { enrol, hashOfCode, newEnrolmentCode } from './enrolment.ts';
import { payloadKeysOf } from './payload-keys.ts';
import { announceKey, challengeFor, tokenFor } from './tokens.ts';

/** Guesses of a code from one address a minute. */
const ENROLMENTS_PER_MINUTE = 10;
const TOKENS_PER_MINUTE = 120;
const MS_PER_HOUR = 3_600_000;

const stationSchema = z.object({
  stationId: z.uuid(),
  locationId: z.uuid(),
  name: z.string(),
  state: z.enum(['active', 'revoked']),
  contractVersion: z.string(),
  enrolledAt: z.iso.datetime(),
  lastSeenAt: z.iso.datetime().nullable(),
});

export const STATION_ROUTES = [
  route({
    method: 'POST',
    path: CLOUD_PATHS.enrol,
    summary: 'Take a station in, with the code that an administrator made',
    who: ['anyone'],
    perMinute: ENROLMENTS_PER_MINUTE,
    body: enrolRequestSchema,
    answer: enrolResponseSchema,
    handle: async ({ parts, body }) => enrol(parts, body),
  }),
  route({
    method: 'POST',
    path: CLOUD_PATHS.challenge,
    summary: 'Something for a station to sign',
    who: ['anyone'],
    perMinute: TOKENS_PER_MINUTE,
    body: challengeRequestSchema,
    answer: challengeResponseSchema,
    handle: async ({ parts, body }) => ({
      challenge: await challengeFor(parts, body.stationId),
      serverTime: parts.now().toISOString(),
    }),
  }),
  route({
    method: 'POST',
    path: CLOUD_PATHS.token,
    summary: 'A token for a station that signed a challenge',
    who: ['anyone'],
    perMinute: TOKENS_PER_MINUTE,
    body: tokenRequestSchema,
    answer: tokenResponseSchema,
    handle: async ({ parts, body }) => tokenFor(parts, body.assertion, body.contractVersion),
  }),
  route({
    method: 'POST',
    path: CLOUD_PATHS.rotateKey,
    summary: 'Announce the next key of the station that calls',
    who: ['station'],
    body: rotateKeyRequestSchema,
    answer: rotateKeyResponseSchema,
    handle: async (call) => ({
      keyId: await call.transaction(async (tx) =>
        announceKey(tx, call.parts, stationOf(call), call.body.publicKey, call.body.proof),
      ),
    }),
  }),
  route({
    method: 'POST',
    path: CLOUD_PATHS.payloadKeys,
    summary: 'The keys with which the station that calls encrypts what it sends to workflows',
    who: ['station'],
    answer: payloadKeysSchema,
    handle: async (call) => {
      const { tenantId } = stationOf(call);
      // Looked up like every request of a station: one that is revoked gets no key.
      return call.transaction(async () => {
        const keys = payloadKeysOf(call.parts.workflowKeys, tenantId);
        if (keys === null) throw new VantageError('NOT_FOUND');
        return keys;
      });
    },
  }),
  route({
    method: 'POST',
    path: CLOUD_PATHS.backlog,
    summary: 'What the station that calls has and the cloud does not, in counts',
    who: ['station'],
    body: unpushedSchema,
    answer: z.object({ ok: z.literal(true) }),
    handle: async (call) => {
      await call.transaction(async (tx) =>
        tx
          .updateTable('stations')
          .set({ backlog: JSON.stringify(call.body), backlog_at: call.parts.now() })
          .where('id', '=', stationOf(call).stationId)
          .execute(),
      );
      return { ok: true as const };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/enrolment-codes',
    summary: 'A code for one station at a location; it is shown once',
    who: ['admin', 'operator'],
    body: z.object({ locationId: z.uuid(), hours: z.number().int().min(1).max(72).default(24) }),
    answer: z.object({ code: z.string(), expiresAt: z.iso.datetime() }),
    handle: async ({ transaction, caller, body, parts }) => {
      const code = newEnrolmentCode();
      const expiresAt = new Date(parts.now().getTime() + body.hours * MS_PER_HOUR);
      await transaction(async (tx) => {
        // Those of other locations are not seen.
        const location = await tx
          .selectFrom('locations')
          .select('tenant_id')
          .where('id', '=', body.locationId)
          .executeTakeFirst();
        if (location === undefined) throw new VantageError('NOT_FOUND');
        await tx
          .insertInto('enrolment_codes')
          .values({
            id: newId(),
            tenant_id: location.tenant_id,
            location_id: body.locationId,
            code_sha256: hashOfCode(code),
            created_by: actorOf(caller),
            created_at: parts.now(),
            expires_at: expiresAt,
          })
          .execute();
      });
      return { code, expiresAt: expiresAt.toISOString() };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/stations',
    summary: 'Stations of the locations that the caller looks after',
    who: ['admin', 'operator', 'technician'],
    answer: z.object({ stations: z.array(stationSchema) }),
    handle: async ({ transaction }) => {
      const rows = await transaction(async (tx) => tx.selectFrom('stations').selectAll().orderBy('name').execute());
      return {
        stations: rows.map((row) => ({
          stationId: row.id,
          locationId: row.location_id,
          name: row.name,
          state: row.state,
          contractVersion: row.contract_version,
          enrolledAt: row.enrolled_at.toISOString(),
          lastSeenAt: row.last_seen_at?.toISOString() ?? null,
        })),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/v1/stations/:stationId/revoke',
    summary: 'Take a station out of service, at once; only a new code brings it back',
    who: ['admin', 'operator'],
    params: z.object({ stationId: z.uuid() }),
    answer: z.object({ state: z.literal('revoked') }),
    handle: async ({ transaction, caller, params, parts }) => {
      await transaction(async (tx) => {
        const station = await tx
          .updateTable('stations')
          .set({ state: 'revoked' })
          .where('id', '=', params.stationId)
          .returning(['tenant_id', 'location_id'])
          .executeTakeFirst();
        if (station === undefined) throw new VantageError('NOT_FOUND');
        await tx
          .updateTable('station_keys')
          .set({ state: 'revoked' })
          .where('station_id', '=', params.stationId)
          .execute();
        await tx
          .insertInto('domain_events')
          .values({
            id: newId(),
            ...station,
            type: 'StationRevoked',
            subject_id: params.stationId,
            data: '{}',
            metadata: JSON.stringify({ actor: actorOf(caller) }),
            occurred_at: parts.now(),
          })
          .execute();
      });
      return { state: 'revoked' as const };
    },
  }),
];
