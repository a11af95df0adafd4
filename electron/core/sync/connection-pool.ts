/**
 * The connections of one cloud client, apart from everybody else's: a network that went half open leaves sockets which swallow what
 * is written to them, and then all of them are given up at once.
 */
import { Agent, EnvHttpProxyAgent, fetch } from 'undici';

/** Injected, so that a simulation can be the network. */
export type Fetch = typeof globalThis.fetch;

export interface ConnectionPool {
  readonly fetch: Fetch;
  /** New requests get new connections; what is under way on the old ones ends by its own timeouts. */
  renew(): void;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** Requests at a time; the poke stream and a running upload each hold one. */
const CONNECTIONS = 8;

/** @param ca certificates (PEM) to trust instead of the built-in ones, for a clinic with an authority of its own */
export function openConnectionPool(ca?: string): ConnectionPool {
  let agent = makeAgent(ca);
  return {
    // The package's own types differ from the global ones in name only; its fetch has to meet its own Agent.
    fetch: (async (input: string | URL, init?: RequestInit) =>
      fetch(input, { ...(init as object), dispatcher: agent })) as unknown as Fetch,
    renew() {
      const former = agent;
      agent = makeAgent(ca);
      void former.close().catch(() => null);
    },
    async close() {
      await agent.destroy();
    },
  };
}

/** A proxy named in the environment counts when Node 24 would use it: with NODE_USE_ENV_PROXY=1. */
function makeAgent(ca: string | undefined): Agent | EnvHttpProxyAgent {
  const options = {
    connections: CONNECTIONS,
    connect: { timeout: CONNECT_TIMEOUT_MS, ...(ca !== undefined && { ca }) },
    // The client has timeouts of its own, by its own clock.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
  return process.env['NODE_USE_ENV_PROXY'] === '1' ? new EnvHttpProxyAgent(options) : new Agent(options);
}
