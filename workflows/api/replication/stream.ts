/** The stream that a station listens to (server-sent events). It only ever says RESYNC, and of what. */
import type { FastifyReply } from 'fastify';
import { RESYNC_MESSAGE } from '../../../electron/contract/index.ts';
import type { StationCaller } from '../access/callers.ts';
import { actorOf } from '../access/callers.ts';
import type { ApiParts } from '../parts.ts';

/**
 * Says RESYNC at once, since something may have been missed, and whenever something may have changed that this station did not write
 * itself. With an `id` (`<collection> <seq>`) it is about that
 * collection, without about any. Ends when the station hangs up, when
 * its token runs out, and when the station is no longer accepted.
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
  // One unread word says as much as ten; of what was not said, it is said once that it may have been anything.
  let waiting = false;
  let missed = false;
  const say = (text: string): void => {
    if (waiting) {
      missed = true;
      return;
    }
    waiting = !raw.write(text);
    if (!waiting) return;
    raw.once('drain', () => {
      waiting = false;
      if (missed) say(ANYTHING);
      missed = false;
    });
  };
  const own = actorOf(caller);
  const unsubscribe = parts.pokes.subscribe(caller.tenantId, caller.locationId, (written) => {
    if (written === null) say(ANYTHING);
    else if (written.writer !== own) say(`id: ${written.collection} ${written.seq}\n${ANYTHING}`);
  });
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
  say(ANYTHING);
}

const ANYTHING = `data: ${RESYNC_MESSAGE}\n\n`;
