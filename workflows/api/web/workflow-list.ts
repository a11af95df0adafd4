/** What an operator's page shows of the cloud's workflows: the visits at the person's own locations. */
import type { WorkflowList, WorkflowTab } from '../../../electron/contract/index.ts';
import { temporalPageFor } from '../temporal/page-routes.ts';
import type { PageCall } from './guard.ts';

/** How often it is looked at again while a page is open: Temporal tells nobody by itself. */
export const LOOK_AGAIN_MS = 2000;

export async function workflowList({ parts, person, transaction }: PageCall, tab: WorkflowTab): Promise<WorkflowList> {
  const { visits: temporal } = parts.temporal;
  const pageUrl = temporalPageFor(parts, person) ?? parts.temporal.webUrl;
  const { namespace } = temporal;
  const nothing = { counts: {}, visits: [], more: false, console: pageUrl };
  if (namespace === null) return { ...nothing, state: 'not-configured' };
  const places = await transaction(async (tx) => tx.selectFrom('locations').select(['id', 'name']).execute());
  if (places.length === 0) return { ...nothing, state: 'here' };
  const names = new Map(places.map(({ id, name }) => [id, name]));
  const found = await temporal.find(tab, { tenantId: person.tenantId, locations: [...names.keys()] });
  if (found === null) return { ...nothing, state: 'away' };
  return {
    state: 'here',
    counts: found.counts,
    visits: found.visits.map(({ locationId, ...visit }) => ({
      ...visit,
      locationName: names.get(locationId) ?? '',
      link: pageUrl === null ? null : `${pageUrl}${pathOf(namespace, visit)}`,
    })),
    more: found.more,
    console: pageUrl,
  };
}

/** Of a workflow in Temporal's own page. */
function pathOf(namespace: string, { workflowId, runId }: { workflowId: string; runId: string }): string {
  const parts = ['namespaces', namespace, 'workflows', workflowId, runId, 'history'];
  return `/${parts.map(encodeURIComponent).join('/')}`;
}
