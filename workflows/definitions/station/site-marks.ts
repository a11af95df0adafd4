/** What a workflow of a place asks of the cloud, with the timeouts of each kind of work; and how such a place is searched for. */
import type { SearchAttributePair } from '@temporalio/common';
import { defineSearchAttributeKey } from '@temporalio/common';
import { proxyActivities, proxyLocalActivities, upsertSearchAttributes } from '@temporalio/workflow';
import type { SiteStatus } from '../../../electron/contract/site-workflows.ts';
import { SEARCH_ATTRIBUTES } from '../../../electron/contract/workflows.ts';
import type { SessionActivities } from '../../activities/session-activities.ts';
import type { SiteActivities } from '../../activities/site-activities.ts';
import type { Timing } from '../timing.ts';
import { CONFIGURATION_MS } from '../timing.ts';
import { firmly } from '../whole-run.ts';

const TENANT_ID = defineSearchAttributeKey('TenantId', SEARCH_ATTRIBUTES.TenantId);
const LOCATION_ID = defineSearchAttributeKey('LocationId', SEARCH_ATTRIBUTES.LocationId);
const BUILD_ID = defineSearchAttributeKey('BuildId', SEARCH_ATTRIBUTES.BuildId);
const SITE_STATUS = defineSearchAttributeKey('SiteStatus', SEARCH_ATTRIBUTES.SiteStatus);

const { readTiming } = proxyLocalActivities<Pick<SessionActivities, 'readTiming'>>({
  startToCloseTimeout: CONFIGURATION_MS,
});

/** Once, at the beginning: they stand in the history from then on. */
export async function timingOfRun(): Promise<Timing> {
  return firmly(async () => readTiming());
}

export interface SiteMarks {
  readonly tell: Pick<SiteActivities, 'tellOfSite' | 'recordAcceptance'>;
  readonly look: Pick<SiteActivities, 'findCalibration'>;
}

export function siteMarks(timing: Timing): SiteMarks {
  const { call, callTries, fusionAgain, look, lookAtMost, syncWait } = timing;
  return {
    tell: proxyActivities<SiteMarks['tell']>({
      startToCloseTimeout: call,
      scheduleToCloseTimeout: callTries,
      retry: { initialInterval: fusionAgain, backoffCoefficient: 2, maximumInterval: lookAtMost },
    }),
    look: proxyActivities<SiteMarks['look']>({
      startToCloseTimeout: call,
      scheduleToCloseTimeout: syncWait,
      retry: { initialInterval: look, backoffCoefficient: 1.5, maximumInterval: Math.max(look, lookAtMost) },
    }),
  };
}

/** What never changes, and where a site stands. */
export function showPlace(
  place: { readonly tenantId: string; readonly locationId: string; readonly buildId: string },
  siteStatus: SiteStatus | null,
): void {
  const pairs: SearchAttributePair[] = [
    { key: TENANT_ID, value: place.tenantId },
    { key: LOCATION_ID, value: place.locationId },
    { key: BUILD_ID, value: place.buildId },
  ];
  if (siteStatus !== null) pairs.push({ key: SITE_STATUS, value: siteStatus });
  upsertSearchAttributes(pairs);
}

export function showSiteStatus(siteStatus: SiteStatus): void {
  upsertSearchAttributes([{ key: SITE_STATUS, value: siteStatus }]);
}
