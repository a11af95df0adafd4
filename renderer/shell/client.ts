/** The typed client of the contract, and the one way to open it. Screens use the hooks of `screen.tsx`. */
import type { Client, ClientContext } from '@orpc/client';
import { createORPCClient, DynamicLink } from '@orpc/client';
import type { ContractRouterClient } from '@orpc/contract';
import type { CheckinContract, StaffContract } from '../../electron/contract/api.ts';
import type { Surface } from '../../electron/contract/roles.ts';
import type { Connection } from './connection.ts';
import { connectByPort, isDesktop } from './port-connection.ts';
import { connectByWebSocket } from './websocket-connection.ts';

export interface CallOptions {
  readonly signal?: AbortSignal;
}

type ItemOf<Output> =
  Output extends AsyncIteratorObject<infer Item, infer _Return, infer _Next> ? AsyncIterable<Item> : Output;

/** A client as screens see it: functions from input to a promise, streams as async iterables. Fixtures implement it too. */
export type Callable<C> =
  C extends Client<infer _Context, infer Input, infer Output, infer _Error>
    ? undefined extends Input
      ? (input?: Input, options?: CallOptions) => Promise<ItemOf<Output>>
      : (input: Input, options?: CallOptions) => Promise<ItemOf<Output>>
    : { readonly [Name in keyof C]: Callable<C[Name]> };

export type StaffClient = Callable<ContractRouterClient<StaffContract>>;
export type CheckinClient = Callable<ContractRouterClient<CheckinContract>>;

/** A client whose calls go over whichever line is open, and fail at once with CONNECTION_LOST when none is. */
export function createStaffClient(connection: Connection): StaffClient {
  return createORPCClient<ContractRouterClient<StaffContract>>(linkOf(connection));
}

export function createCheckinClient(connection: Connection): CheckinClient {
  return createORPCClient<ContractRouterClient<CheckinContract>>(linkOf(connection));
}

function linkOf(connection: Connection): DynamicLink<ClientContext> {
  return new DynamicLink(() => connection.link());
}

/** Opens the line that this page has: a port from the desktop host, or a WebSocket to the Node host. */
export function connect(surface: Surface): Connection {
  return isDesktop() ? connectByPort() : connectByWebSocket(surface);
}
