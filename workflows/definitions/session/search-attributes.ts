/** A visit as it is searched for: typed attributes, upserted in one call per step. */
import type { SearchAttributePair } from '@temporalio/common';
import { defineSearchAttributeKey } from '@temporalio/common';
import { upsertSearchAttributes } from '@temporalio/workflow';
import type { SessionInput, SessionState } from '../../../electron/contract/workflows.ts';
import { SEARCH_ATTRIBUTES } from '../../../electron/contract/workflows.ts';

const SESSION_ID = defineSearchAttributeKey('SessionId', SEARCH_ATTRIBUTES.SessionId);
const TENANT_ID = defineSearchAttributeKey('TenantId', SEARCH_ATTRIBUTES.TenantId);
const LOCATION_ID = defineSearchAttributeKey('LocationId', SEARCH_ATTRIBUTES.LocationId);
const BUILD_ID = defineSearchAttributeKey('BuildId', SEARCH_ATTRIBUTES.BuildId);
const SESSION_STATUS = defineSearchAttributeKey('SessionStatus', SEARCH_ATTRIBUTES.SessionStatus);
const PROGRESS = defineSearchAttributeKey('Progress', SEARCH_ATTRIBUTES.Progress);

/** @param input at the first time, for what never changes */
export function showStanding(state: Pick<SessionState, 'status' | 'progress'>, input?: SessionInput): void {
  const changing: SearchAttributePair[] = [
    { key: SESSION_STATUS, value: state.status },
    { key: PROGRESS, value: state.progress },
  ];
  const lasting: SearchAttributePair[] =
    input === undefined
      ? []
      : [
          { key: SESSION_ID, value: input.sessionId },
          { key: TENANT_ID, value: input.tenantId },
          { key: LOCATION_ID, value: input.locationId },
          { key: BUILD_ID, value: input.buildId },
        ];
  upsertSearchAttributes([...changing, ...lasting]);
}
