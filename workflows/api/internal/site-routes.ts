/** What the workflows of a place write: how a calibration or an acceptance goes, and a station's signed report. */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { z } from 'zod';
import { VantageError, alertSchema, canonical, signedAcceptanceSchema } from '../../../electron/contract/index.ts';
import type { SignedAcceptance } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { route } from '../route.ts';
import { eventSchema, recordEvents } from './events.ts';
import { causeSchema, mutate } from './mutations.ts';
import { raiseAlert } from './session-routes.ts';

/** Activities of all runs of a tenant are one caller. */
const PER_MINUTE = 60_000;

const params = z.object({ subjectId: z.uuid() });

const siteStepSchema = z.object({
  locationId: z.uuid(),
  event: eventSchema.pick({ type: true, data: true }),
  /** For people at the location: no patient data. */
  alert: alertSchema.pick({ kind: true, severity: true, text: true }).nullable(),
});

export const SITE_ROUTES = [
  route({
    method: 'POST',
    path: '/internal/v1/sites/:subjectId/step',
    summary: 'A step of a calibration’s or an acceptance’s workflow: what happened, and who has to be told',
    who: ['service'],
    perMinute: PER_MINUTE,
    params,
    body: siteStepSchema.extend({ cause: causeSchema }),
    answer: z.object({ done: z.literal(true) }),
    handle: async (call) =>
      mutate(call, `site-step:${call.params.subjectId}`, async (tx, { tenantId }) => {
        const { cause, locationId, event, alert } = call.body;
        const { subjectId } = call.params;
        const at = call.parts.now().toISOString();
        await recordEvents(tx, tenantId, cause, 'site-step', [{ ...event, subjectId, locationId, occurredAt: at }]);
        if (alert !== null) await raiseAlert(tx, { tenantId, locationId, subjectId, cause, alert, at });
        return { done: true as const };
      }),
  }),
  route({
    method: 'POST',
    path: '/internal/v1/sites/:subjectId/acceptance',
    summary: 'Keep the report that a station has signed, word for word, with the domain events',
    who: ['service'],
    perMinute: PER_MINUTE,
    params,
    body: z.object({ cause: causeSchema, locationId: z.uuid(), signed: signedAcceptanceSchema }),
    answer: z.object({ isKnownKey: z.boolean() }),
    handle: async (call) =>
      mutate(call, `site-acceptance:${call.params.subjectId}`, async (tx, { tenantId }) => {
        const { cause, locationId, signed } = call.body;
        const { subjectId } = call.params;
        const { report } = signed;
        const isAboutThis =
          report.runId === subjectId && report.tenantId === tenantId && report.locationId === locationId;
        if (!isAboutThis || !isAsSigned(signed)) {
          throw new VantageError('INPUT_INVALID', 'not as the station signed it', { field: 'signed' });
        }
        const isKnownKey = await isKeyOf(tx, report.stationId, signed.publicKey);
        await recordEvents(tx, tenantId, cause, 'site-acceptance', [
          {
            type: 'AcceptanceReported',
            subjectId,
            locationId,
            data: { signed: JSON.parse(JSON.stringify(signed)) as z.core.util.JSONType, isKnownKey },
            occurredAt: report.concludedAt,
          },
        ]);
        return { isKnownKey };
      }),
  }),
];

function isAsSigned({ report, sha256, publicKey, keyId, signature }: SignedAcceptance): boolean {
  const text = Buffer.from(canonical(report));
  const der = Buffer.from(publicKey, 'base64');
  if (hashOf(text) !== sha256 || hashOf(der) !== keyId) return false;
  try {
    const key = createPublicKey({ key: der, type: 'spki', format: 'der' });
    return key.asymmetricKeyType === 'ed25519' && verify(null, text, key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Whether the cloud has accepted this key of that station, now or before it was replaced. */
async function isKeyOf(tx: Scoped, stationId: string, publicKey: string): Promise<boolean> {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), type: 'spki', format: 'der' });
  const { x } = key.export({ format: 'jwk' });
  const known = await tx
    .selectFrom('station_keys')
    .select('public_key')
    .where('station_id', '=', stationId)
    .where('state', '!=', 'revoked')
    .execute();
  return known.some(({ public_key: { x: each } }) => each === x);
}
