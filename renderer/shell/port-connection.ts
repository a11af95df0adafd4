/** In the desktop host: the preload hands over a MessagePort to core, and a new one whenever core was started again. */
import { RPCLink } from '@orpc/client/message-port';
import { problemSchema } from '../../electron/contract/problems.ts';
import { recoveryOfferSchema, stationWorkSchema } from '../../electron/contract/recovery.ts';
import type { RecoveryRequest } from '../../electron/contract/recovery.ts';
import { Connection } from './connection.ts';
import type { Recovery } from './connection.ts';
import { problemHere } from './problem-of.ts';
import { traceHeaders, tracedLink } from './traced-link.ts';

/** Whether this page runs in the desktop host. */
export function isDesktop(page: Window = window): boolean {
  return page.document.documentElement.dataset['host'] === 'desktop' || page.location.protocol === 'app:';
}

/** How often the page asks for its port until it has one; the preload may stand later than the page. */
const ASK_EVERY_MS = 500;

export function connectByPort(page: Window = window): Connection {
  const connection = new Connection();
  let current: MessagePort | null = null;
  const ask = (): void => page.postMessage({ type: 'vantage:port-please' }, page.location.origin);

  const answers: {
    readonly asked: RecoveryRequest['do'];
    readonly resolve: (outcome: Awaited<ReturnType<Recovery['recover']>>) => void;
  }[] = [];
  const recover = (request: RecoveryRequest): ReturnType<Recovery['recover']> =>
    new Promise((resolve) => {
      answers.push({ asked: request.do, resolve });
      page.postMessage({ type: 'vantage:recover', request }, page.location.origin);
    });

  connection.cancelsWith(async () => (await recover({ do: 'cancel' })).problem);

  page.addEventListener('message', (event: MessageEvent<unknown>) => {
    if (event.source !== page || !isMessage(event.data)) return;
    switch (event.data.type) {
      case 'vantage:port': {
        const [port] = event.ports;
        if (port === undefined) return;
        current?.close();
        current = port;
        port.addEventListener('close', () => {
          if (current !== port) return;
          current = null;
          connection.lost(problemHere('CORE_RESTARTED'));
        });
        connection.opened(tracedLink(new RPCLink({ port, headers: traceHeaders })));
        port.start();
        return;
      }
      case 'vantage:restarting':
        if (event.data.process === 'core') connection.lost(problemHere('CORE_RESTARTED'));
        return;
      case 'vantage:working':
        connection.working(stationWorkSchema.safeParse(event.data.work).data ?? null);
        return;
      case 'vantage:problem': {
        const problem = problemSchema.safeParse(event.data.problem);
        const offer = recoveryOfferSchema.safeParse(event.data.recovery);
        connection.stopped(
          problem.success ? problem.data : problemHere('PROCESS_STOPPED'),
          ask,
          offer.success ? { offer: offer.data, recover } : null,
        );
        return;
      }
      case 'vantage:recovered': {
        const problem = problemSchema.safeParse(event.data.problem).data ?? null;
        const copiedTo = typeof event.data.copiedTo === 'string' ? event.data.copiedTo : null;
        const answer = answers.shift();
        // A restore or an unlocking that did not fail: the clinic is being opened.
        if (problem === null && (answer?.asked === 'restore' || answer?.asked === 'unlock')) {
          connection.retrying(answer.asked);
        }
        answer?.resolve({ copiedTo, problem });
        return;
      }
      default:
    }
  });
  ask();
  const timer = setInterval(() => {
    if (connection.state.phase === 'connecting') ask();
    else clearInterval(timer);
  }, ASK_EVERY_MS);
  return connection;
}

function isMessage(data: unknown): data is {
  readonly type: string;
  readonly problem?: unknown;
  readonly process?: unknown;
  readonly recovery?: unknown;
  readonly copiedTo?: unknown;
  readonly work?: unknown;
} {
  return typeof data === 'object' && data !== null && 'type' in data && typeof data.type === 'string';
}
