/** What only the cloud knows, through the same client. */
import type { ContractRouterClient } from '@orpc/contract';
import type { CloudContract, FleetView } from '../../electron/contract/cloud-api.ts';
import type { Timeline } from '../../electron/contract/timeline.ts';
import type { WorkflowList, WorkflowTab } from '../../electron/contract/workflow-list.ts';
import type { Callable } from '../shell/client.ts';
import type { Live } from '../shell/feeds.ts';
import { useLive } from '../shell/staff.ts';
import type { StaffClient } from '../shell/client.ts';

type CloudClient = Callable<ContractRouterClient<CloudContract>>;

/** The screens of a station are typed by its contract; the cloud answers more than that, by the same client. */
export function cloudOf(client: StaffClient): CloudClient {
  return client as unknown as CloudClient;
}

/** The visits of the patient who is signed in. */
export function useTimeline(): Live<Timeline> {
  return useLive((client) => cloudOf(client).timeline.watch, undefined);
}

/** The visits at the person's locations among the cloud's workflows. */
export function useWorkflows(tab: WorkflowTab): Live<WorkflowList> {
  return useLive((client) => cloudOf(client).workflows.watch, { tab });
}

/** The stations of the person's locations. */
export function useFleet(enabled = true): Live<FleetView> {
  return useLive((client) => cloudOf(client).fleet.watch, undefined, { enabled });
}
