/** Under the Node host: the token of the address is exchanged for a session, then oRPC runs over a WebSocket that comes back. */
import { RPCLink } from '@orpc/client/websocket';
import type { Problem } from '../../electron/contract/problems.ts';
import { problemSchema } from '../../electron/contract/problems.ts';
import { recoveryAnswerSchema, recoveryOfferSchema, stationWorkSchema } from '../../electron/contract/recovery.ts';
import type { RecoveryOffer, StationWork } from '../../electron/contract/recovery.ts';
import type { Surface } from '../../electron/contract/roles.ts';
import { Connection } from './connection.ts';
import type { Recovery } from './connection.ts';
import { problemHere } from './problem-of.ts';
import { traceHeaders, tracedLink } from './traced-link.ts';

const FIRST_WAIT_MS = 200;
const LONGEST_WAIT_MS = 5000;
/** How often the station is asked how far its work has come. */
const WORK_WAIT_MS = 400;
/** A handshake that takes longer is given up; half-open networks never answer. */
const HANDSHAKE_TIMEOUT_MS = 8000;
const SESSION_TIMEOUT_MS = 6000;
/** A large store on a slow disk is copied first. */
const RECOVER_TIMEOUT_MS = 30 * 60_000;

/** Close codes of the host (`/rpc/<surface>`). */
const CLOSED = { coreRestarted: 4001, sessionEnded: 4003 } as const;

/** Opens the line and keeps it open until the page goes. */
export function connectByWebSocket(surface: Surface, page: Window = window): Connection {
  const connection = new Connection();
  const run = (): void => {
    void keepOpen(connection, surface, page);
  };
  run();
  return connection;
}

async function keepOpen(connection: Connection, surface: Surface, page: Window): Promise<void> {
  const retry = (): void => {
    connection.retrying();
    void post('/retry').finally(() => void keepOpen(connection, surface, page));
  };
  const recover: Recovery['recover'] = async (request) => {
    const answer = await post('/recover', request, RECOVER_TIMEOUT_MS);
    const body: unknown = await answer?.json().catch(() => null);
    if (answer?.ok !== true) {
      return { copiedTo: null, problem: problemSchema.safeParse(body).data ?? problemHere('CONNECTION_LOST') };
    }
    if (request.do !== 'copy' && request.do !== 'cancel') {
      connection.retrying(request.do);
      void keepOpen(connection, surface, page);
    }
    return { copiedTo: recoveryAnswerSchema.safeParse(body).data?.copiedTo ?? null, problem: null };
  };
  connection.cancelsWith(async () => (await recover({ do: 'cancel' })).problem);
  const refused = await exchangeToken(surface, page);
  if (refused !== null) {
    connection.stopped(refused, null);
    return;
  }
  let waitMs = FIRST_WAIT_MS;
  for (;;) {
    const opened = await holdLine(connection, surface, page.location);
    if (opened) waitMs = FIRST_WAIT_MS;
    let session = await askSession(surface);
    // Nobody is asked for a line that can't be: the station says itself when it is open again.
    while (session.work !== null) {
      connection.working(session.work);
      await new Promise((resolve) => setTimeout(resolve, WORK_WAIT_MS));
      session = await askSession(surface);
    }
    if (session.stopped !== null) {
      const { offer } = session;
      connection.stopped(session.stopped, session.mayRetry ? retry : null, offer && { offer, recover });
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs * (0.75 + Math.random() / 2)));
    waitMs = Math.min(LONGEST_WAIT_MS, waitMs * 2);
  }
}

/** The token leaves the address bar whether or not it was good. Returns the problem when the host refused it. */
async function exchangeToken(surface: Surface, page: Window): Promise<Problem | null> {
  const address = new URL(page.location.href);
  const token = address.searchParams.get('t');
  if (token !== null) {
    address.searchParams.delete('t');
    page.history.replaceState(page.history.state, '', address);
    const answer = await post(`/session/${surface}`, { token });
    if (answer === null || answer.ok) return null;
  }
  const session = await askSession(surface);
  return session.stopped !== null && session.stopped.code === 'TOKEN_MISSING' ? session.stopped : null;
}

/** One WebSocket from opening to close. Resolves to whether it was ever open. */
function holdLine(connection: Connection, surface: Surface, location: Location): Promise<boolean> {
  return new Promise((resolve) => {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/rpc/${surface}`);
    let opened = false;
    const tooSlow = setTimeout(() => socket.close(), HANDSHAKE_TIMEOUT_MS);
    socket.addEventListener('open', () => {
      opened = true;
      clearTimeout(tooSlow);
      connection.opened(tracedLink(new RPCLink({ websocket: quietWhenClosed(socket), headers: traceHeaders })));
    });
    // Before oRPC's own listener: no call may start on a line that is gone.
    socket.addEventListener('close', (event) => {
      clearTimeout(tooSlow);
      connection.lost(problemHere(event.code === CLOSED.coreRestarted ? 'CORE_RESTARTED' : 'CONNECTION_LOST'));
      resolve(opened);
    });
  });
}

/**
 * oRPC tells the other side of every stream that is let go, and that fails, unheard, once the socket is closed: there is
 * nobody left to tell. Calls never get here, since the connection has no link any more.
 */
function quietWhenClosed(
  socket: WebSocket,
): Pick<WebSocket, 'addEventListener' | 'removeEventListener' | 'send' | 'readyState'> {
  return {
    get readyState() {
      return socket.readyState > WebSocket.OPEN ? WebSocket.OPEN : socket.readyState;
    },
    addEventListener: socket.addEventListener.bind(socket),
    removeEventListener: socket.removeEventListener.bind(socket),
    send: (data) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(data);
    },
  };
}

interface SessionAnswer {
  readonly stopped: Problem | null;
  readonly mayRetry: boolean;
  readonly offer: RecoveryOffer | null;
  /** What the station is closed for. */
  readonly work: StationWork | null;
}

/** A browser is not told why a handshake failed: the host is asked. No answer = it is away and will be asked again. */
async function askSession(surface: Surface): Promise<SessionAnswer> {
  const going: SessionAnswer = { stopped: null, mayRetry: false, offer: null, work: null };
  try {
    const answer = await fetch(`/session/${surface}`, { signal: AbortSignal.timeout(SESSION_TIMEOUT_MS) });
    const body: unknown = await answer.json();
    if (answer.status === 401) {
      const problem = problemSchema.safeParse(body);
      return { ...going, stopped: problem.success ? problem.data : problemHere('TOKEN_MISSING') };
    }
    if (!answer.ok || typeof body !== 'object' || body === null || !('phase' in body)) return going;
    if (body.phase !== 'failed') {
      return { ...going, work: ('work' in body ? stationWorkSchema.safeParse(body.work).data : null) ?? null };
    }
    const problem = problemSchema.safeParse('problem' in body ? body.problem : null);
    return {
      ...going,
      stopped: problem.success ? problem.data : problemHere('PROCESS_STOPPED'),
      mayRetry: true,
      offer: ('recovery' in body ? recoveryOfferSchema.safeParse(body.recovery).data : null) ?? null,
    };
  } catch {
    return going;
  }
}

async function post(path: string, body: unknown = {}, timeoutMs = SESSION_TIMEOUT_MS): Promise<Response | null> {
  try {
    return await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
  } catch {
    return null;
  }
}
