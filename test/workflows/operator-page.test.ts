/** An operator's page of the cloud's workflows against a real Temporal server: its own locations, live, and honest when it is away. */
import { Client, Connection } from '@temporalio/client';
import type { SearchAttributePair } from '@temporalio/common';
import { defineSearchAttributeKey } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { SearchStatus, WorkflowList } from '../../electron/contract/index.ts';
import { SEARCH_ATTRIBUTES, WORKFLOW_TYPES, newId, workflowIdOf } from '../../electron/contract/index.ts';
import { TestBrowser, firstOf } from '../../workflows/api/testing/browser.ts';
import type { TestApi } from '../../workflows/api/testing/test-api.ts';
import { startTestApi } from '../../workflows/api/testing/test-api.ts';
import { seedPlace, seeded } from '../../workflows/database/testing/seed.ts';
import { needsTemporal } from '../../workflows/testing/needs-temporal.ts';

const WEB_URL = 'https://temporal.example.org';
/** Of tenants that no other test has: what those leave on the server that all share would be counted, too. */
const BAY_HARBOUR = seeded('bay', 'harbour');
const BAY_HILL = seeded('bay', 'hill');
const CAPE_HARBOUR = seeded('cape', 'harbour');
type Place = typeof BAY_HARBOUR;

const key = {
  tenant: defineSearchAttributeKey('TenantId', SEARCH_ATTRIBUTES.TenantId),
  location: defineSearchAttributeKey('LocationId', SEARCH_ATTRIBUTES.LocationId),
  status: defineSearchAttributeKey('SessionStatus', SEARCH_ATTRIBUTES.SessionStatus),
  progress: defineSearchAttributeKey('Progress', SEARCH_ATTRIBUTES.Progress),
};

let client: Client | null = null;
const started: string[] = [];
beforeAll(async () => {
  const server = inject('temporal');
  if (server === null) return;
  const connection = await Connection.connect({ address: server.address });
  client = new Client({ connection, namespace: server.namespace });
});
const clouds: TestApi[] = [];
afterEach(async () => {
  for (const cloud of clouds.splice(0)) await cloud.close();
});
afterAll(async () => {
  for (const workflowId of started) {
    await client?.workflow
      .getHandle(workflowId)
      .terminate('the test is over')
      .catch(() => undefined);
  }
  await client?.connection.close();
});

/** A visit's workflow that no worker serves: it stands as it was started. */
async function begin(place: Place, status: SearchStatus, progress: number): Promise<string> {
  const workflowId = workflowIdOf('session', newId());
  const attributes: SearchAttributePair[] = [
    { key: key.tenant, value: place.tenantId },
    { key: key.location, value: place.locationId },
    { key: key.status, value: status },
    { key: key.progress, value: progress },
  ];
  await client?.workflow.start(WORKFLOW_TYPES.session, {
    workflowId,
    taskQueue: 'nobody-serves-it',
    typedSearchAttributes: attributes,
  });
  started.push(workflowId);
  return workflowId;
}

async function cloudWith(address: string | null, namespace = 'default'): Promise<TestApi> {
  const temporal = address === null ? null : { connection: { address }, namespace };
  const cloud = await startTestApi({}, { workflows: { temporal, webUrl: WEB_URL } });
  clouds.push(cloud);
  for (const [tenant, location] of [
    ['bay', 'harbour'],
    ['bay', 'hill'],
    ['cape', 'harbour'],
  ] as const) {
    await seedPlace(cloud.database.admin, tenant, location);
  }
  return cloud;
}

async function operatorOf(cloud: TestApi, place: Place, everywhere = false): Promise<TestBrowser> {
  const browser = new TestBrowser(cloud.base, cloud.config.publicUrl);
  await browser.signIn(await cloud.subject('operator', place, everywhere));
  return browser;
}

async function shownTo(
  browser: TestBrowser,
  tab: 'active' | 'pending-review' | 'failed',
  wanted: (list: WorkflowList) => boolean = () => true,
): Promise<WorkflowList> {
  return firstOf(await browser.client().workflows.watch({ tab }), wanted);
}

const idsIn = ({ visits }: WorkflowList): readonly string[] => visits.map(({ workflowId }) => workflowId);

describe('the list of visits', () => {
  it('shows those of the person’s locations, with where each stands, and hears of changes', async (context) => {
    const server = needsTemporal(context);
    const cloud = await cloudWith(server.address, server.namespace);
    const own = await begin(BAY_HARBOUR, 'IN_PROGRESS', 30);
    const waiting = await begin(BAY_HARBOUR, 'REVIEW', 90);
    const others = [await begin(BAY_HILL, 'REVIEW', 90), await begin(CAPE_HARBOUR, 'REVIEW', 90)];
    const operator = await operatorOf(cloud, BAY_HARBOUR);
    const list = await shownTo(
      operator,
      'active',
      (each) => idsIn(each).includes(own) && idsIn(each).includes(waiting),
    );
    expect(list.state).toBe('here');
    expect(list.visits.find(({ workflowId }) => workflowId === own)).toMatchObject({
      locationName: 'harbour',
      execution: 'running',
      status: 'IN_PROGRESS',
      progress: 30,
      closedAt: null,
    });
    const [visit] = list.visits.filter(({ workflowId }) => workflowId === own);
    expect(visit?.link).toBe(`${WEB_URL}/namespaces/${server.namespace}/workflows/${own}/${visit?.runId}/history`);
    expect(idsIn(await shownTo(operator, 'pending-review'))).toEqual([waiting]);
    for (const other of others) expect(idsIn(list)).not.toContain(other);
    const everywhere = await operatorOf(cloud, BAY_HILL, true);
    const all = await shownTo(everywhere, 'active', (each) => idsIn(each).includes(others[0] ?? ''));
    expect(idsIn(all)).toContain(own);
    expect(idsIn(all)).not.toContain(others[1]);

    const failed = shownTo(operator, 'failed', (each) => idsIn(each).includes(own));
    await client?.workflow.getHandle(own).terminate('to see it');
    expect((await failed).visits.find(({ workflowId }) => workflowId === own)).toMatchObject({
      execution: 'terminated',
      closedAt: expect.any(String),
    });
    expect((await failed).counts['pending-review']).toBe(1);
    expect(JSON.stringify(await failed)).not.toMatch(/Amara|Exampleton/);
  });

  it('says that Temporal is away, and shows it again once it is back', async (context) => {
    const server = needsTemporal(context);
    const cloud = await cloudWith('127.0.0.1:1', server.namespace);
    const operator = await operatorOf(cloud, BAY_HARBOUR);
    const stream = await operator.client().workflows.watch({ tab: 'active' });
    const next = async (): Promise<WorkflowList> => {
      const { value, done } = await stream.next();
      if (done === true) throw new Error('the stream ended');
      return value;
    };
    expect(await next()).toEqual({ state: 'away', counts: {}, visits: [], more: false, console: WEB_URL });
    cloud.api.parts.temporal.visits.use({ connection: { address: server.address }, namespace: server.namespace });
    expect((await next()).state).toBe('here');
    await stream.return?.();
  });

  it('says that no Temporal is configured, and is for operators', async (context) => {
    needsTemporal(context);
    const cloud = await cloudWith(null);
    expect((await shownTo(await operatorOf(cloud, BAY_HARBOUR), 'active')).state).toBe('not-configured');
    const clinician = new TestBrowser(cloud.base, cloud.config.publicUrl);
    await clinician.signIn(await cloud.subject('clinician', BAY_HARBOUR));
    await expect(clinician.client().workflows.watch({ tab: 'active' })).rejects.toMatchObject({
      data: { code: 'NOT_ALLOWED' },
    });
  });
});
