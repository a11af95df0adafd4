/** What only the cloud knows, through the same client. */
import type { ContractRouterClient } from '@orpc/contract';
import type { CloudContract, FleetView } from '../../electron/contract/cloud-api.ts';
import type { Callable } from '../shell/client.ts';
import type { Live } from '../shell/feeds.ts';
import { useLive } from '../shell/staff.ts';

type CloudClient = Callable<ContractRouterClient<CloudContract>>;

/** The stations of the person's locations. */
export function useFleet(enabled = true): Live<FleetView> {
  // The screens of a station are typed by its contract; the cloud answers more than that, by the same client.
  return useLive((client) => (client as unknown as CloudClient).fleet.watch, undefined, { enabled });
}
