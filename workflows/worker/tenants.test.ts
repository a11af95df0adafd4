/** Several clinics share a namespace of Temporal: what one starts there never acts for another. */
import { Client, WithStartWorkflowOperation } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { WORKFLOW_TYPES, newId, workflowIdOf } from '../../electron/contract/index.ts';
import { SOUTH_HARBOUR } from '../api/testing/test-api.ts';
import { clientConverter } from '../codec/data-converter.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import { ownKeys, tenantKey } from '../codec/keys.ts';
import { needsTemporal } from '../testing/needs-temporal.ts';
import { Rig, TEST_KEY } from '../testing/rig.ts';

let rig: Rig;
beforeAll(async () => {
  const server = inject('temporal');
  if (server !== null) rig = await Rig.start(server);
});
afterAll(async () => rig?.close());

/** As a station of another clinic has one. */
function strangersClient(): Client {
  const { tenantId } = SOUTH_HARBOUR;
  const keys = ownKeys(tenantId, [tenantKey(TEST_KEY, tenantId)]);
  return new Client({
    connection: rig.client.connection,
    namespace: rig.server.namespace,
    dataConverter: clientConverter(new EncryptionCodec(keys, tenantId)),
  });
}

/** What a workflow failed of, from the outside in. */
function typesOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return [];
  return [...(error instanceof ApplicationFailure ? [error.type ?? ''] : []), ...typesOf(error.cause)];
}

describe('a visit that another clinic started', () => {
  it('under its own keys does nothing for the clinic that it names', async (context) => {
    needsTemporal(context);
    const lane = await rig.lane();
    const visit = lane.visit();
    await visit.send();
    const startWorkflowOperation = new WithStartWorkflowOperation(WORKFLOW_TYPES.session, {
      workflowId: workflowIdOf('session', newId()),
      taskQueue: lane.taskQueue,
      args: [visit.input],
      workflowIdConflictPolicy: 'USE_EXISTING',
    });
    const client = strangersClient();
    await client.workflow.executeUpdateWithStart('captured', {
      args: [{ at: '2026-11-21T09:20:00.000Z' }],
      startWorkflowOperation,
    });
    const handle = await startWorkflowOperation.workflowHandle();
    const approval = {
      decision: 'approved',
      reportSha256: visit.documents.pdf.sha256,
      reviewerId: newId(),
      role: 'clinician',
      at: '2026-11-21T10:00:00.000Z',
      reason: null,
    };
    // Taken while it runs, refused once it has failed.
    await handle.executeUpdate('review', { args: [approval] }).catch(() => null);
    const outcome: unknown = await handle.result().catch((error: unknown) => error);
    expect(await rig.events(visit.input.sessionId)).toEqual([]);
    expect(await rig.cloudFields(visit.input.sessionId)).not.toHaveProperty('publishedAt');
    expect(typesOf(outcome)).toEqual(['STEP_FAILED', 'TENANT_MISMATCH']);
  });
});
