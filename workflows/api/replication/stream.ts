/** The stream that a station listens to (server-sent events). It only ever says RESYNC. */
import type { FastifyReply } from 'fastify';
import { RESYNC_MESSAGE } from '../../../electron/contract/index.ts';
import type { StationCaller } from '../access/callers.ts';
import type { ApiParts } from '../parts.ts';

/**
 * Says RESYNC at once, since something may have been missed, and whenever something may have changed. Ends when the station hangs
 * up, when its token runs out, and when the station is no longer accepted.
 *
 * @param stillAccepted throws when the station is not
 */
export function openStream(
  parts: ApiParts,
  caller: StationCaller,
  reply: FastifyReply,
  stillAccepted: () => Promise<void>,
): void {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  // One unread word says as much as ten.
  let waiting = false;
  const say = (text: string): void => {
    if (waiting) return;
    waiting = !raw.write(text);
    if (waiting) raw.once('drain', () => (waiting = false));
  };
  const unsubscribe = parts.pokes.subscribe(caller.tenantId, caller.locationId, () =>
    say(`data: ${RESYNC_MESSAGE}\n\n`),
  );
  const heartbeat = setInterval(() => {
    if (parts.now().getTime() / 1000 >= caller.expiresAt) raw.end();
    else {
      stillAccepted().then(
        () => say(':\n\n'),
        () => raw.end(),
      );
    }
  }, parts.heartbeatMs);
  parts.metrics.streams.inc();
  raw.once('close', () => {
    clearInterval(heartbeat);
    unsubscribe();
    parts.metrics.streams.dec();
  });
  say(`data: ${RESYNC_MESSAGE}\n\n`);
}
