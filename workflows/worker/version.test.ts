import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import { needsTemporal } from '../testing/needs-temporal.ts';
import { Rig } from '../testing/rig.ts';
import { deploymentOf } from './version.ts';

describe('which build a worker is', () => {
  it('is the package’s version and its commit, unless it is named', () => {
    const { version, useWorkerVersioning } = deploymentOf({});
    expect(version.buildId).toMatch(/^\d+\.\d+\.\d+(\+[0-9a-f]{12,})?$/);
    expect(useWorkerVersioning).toBe(false);
    expect(deploymentOf({ TEMPORAL_BUILD_ID: '1.2.3+abc', TEMPORAL_DEPLOYMENT: 'clinics' })).toEqual({
      version: { deploymentName: 'clinics', buildId: '1.2.3+abc' },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    });
    // A dot would end the deployment's name.
    expect(() => deploymentOf({ TEMPORAL_DEPLOYMENT: 'a.b' })).toThrow('TEMPORAL_DEPLOYMENT');
    expect(() => deploymentOf({ TEMPORAL_BUILD_ID: 'a b' })).toThrow('TEMPORAL_BUILD_ID');
  });
});

describe('a rollout', () => {
  let rig: Rig;
  beforeAll(async () => {
    const server = inject('temporal');
    if (server !== null) rig = await Rig.start(server);
  });
  afterAll(async () => rig?.close());

  it('gives visits to the build that is current, those that began under another one among them', async (context) => {
    needsTemporal(context);
    const deploymentName = `rollout-${newId()}`;
    const makeCurrent = async (buildId: string): Promise<void> => {
      const { workflowService } = rig.client;
      const { namespace } = rig.server;
      // A build is known once its worker has asked for work.
      await expect
        .poll(
          async () =>
            workflowService
              .setWorkerDeploymentCurrentVersion({ namespace, deploymentName, buildId })
              .then(() => 'current')
              .catch((error: unknown) => String(error)),
          { timeout: 30_000, interval: 200 },
        )
        .toBe('current');
    };
    const deployment = (buildId: string) =>
      deploymentOf({ TEMPORAL_DEPLOYMENT: deploymentName, TEMPORAL_BUILD_ID: buildId });
    const first = await rig.lane({ deployment: deployment('1') });
    const visit = first.visit();
    await visit.start();
    await makeCurrent('1');
    await visit.until(({ step }) => step === 'waiting-for-captures');
    const buildOf = async (): Promise<string | null | undefined> =>
      (await visit.handle.describe()).raw.workflowExecutionInfo?.versioningInfo?.deploymentVersion?.buildId;
    expect(await buildOf()).toBe('1');

    await rig.lane({ deployment: deployment('2'), taskQueue: first.taskQueue });
    await makeCurrent('2');
    await first.worker.stop();
    expect(await visit.captured()).toEqual({ outcome: 'accepted' });
    await visit.until(({ step }) => step === 'waiting-for-sync');
    await expect.poll(buildOf, { timeout: 30_000 }).toBe('2');
  });
});
