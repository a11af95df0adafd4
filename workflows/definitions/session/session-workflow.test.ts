import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { needsTemporal } from '../../testing/needs-temporal.ts';
import { Rig } from '../../testing/rig.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';

let rig: Rig;
beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  rig = await Rig.start(server, await bundleWorkflows());
  await rig.worker();
});
afterAll(async () => rig?.close());

describe('a visit', () => {
  it('goes from check-in to its published report', async (context) => {
    needsTemporal(context);
    const visit = rig.visit();
    await visit.start();
    await visit.until(({ step }) => step === 'waiting-for-captures');
    expect(await visit.captured()).toEqual({ outcome: 'accepted' });
    await visit.send();
    await visit.until(({ step }) => step === 'in-review');
    expect(await visit.review('approved')).toEqual({ outcome: 'accepted' });
    expect(await visit.handle.result()).toMatchObject({ status: 'COMPLETED', progress: 100 });
    expect(await rig.events(visit.input.sessionId)).toEqual([
      'VisitCheckedIn',
      'VisitCaptured',
      'FusionStarted',
      'FusionDone',
      'ReviewOpened',
      'ReviewAccepted',
      'ReportPublished',
      'PatientNotified',
    ]);
  });
});
