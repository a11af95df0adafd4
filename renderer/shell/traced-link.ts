/**
 * The screen's own part of a trace: each call is a span with a random id that goes along with it, and what the call took is handed to the
 * station afterwards, which sends it on where a collector is configured. Nothing of what is asked or answered is in it. Where nothing is
 * collected the station says so at the first time, and nothing more is kept.
 */
import type { ClientContext, ClientLink, ClientOptions } from '@orpc/client';
import type { ScreenSpan } from '../../electron/contract/telemetry-api.ts';
import { MOST_SCREEN_SPANS } from '../../electron/contract/telemetry-api.ts';

const HAND_OVER_PATH = ['telemetry', 'finished'] as const;
const HAND_OVER_AFTER_MS = 2000;
const TRACEPARENT = 'traceparent';

/** For the `headers` of the link that is traced. */
export function traceHeaders({ context }: ClientOptions<ClientContext>): Record<string, string> {
  const traceparent: unknown = context[TRACEPARENT];
  return typeof traceparent === 'string' ? { [TRACEPARENT]: traceparent } : {};
}

/** @param link of one line, made with `traceHeaders` */
export function tracedLink(link: ClientLink<ClientContext>): ClientLink<ClientContext> {
  let isWanted = true;
  let finished: ScreenSpan[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;

  async function handOver(): Promise<void> {
    const spans = finished;
    finished = [];
    timer = null;
    try {
      const answer: unknown = await link.call(HAND_OVER_PATH, { spans }, { context: {} });
      isWanted = typeof answer === 'object' && answer !== null && 'wanted' in answer && answer.wanted === true;
    } catch {
      // The line is gone, or this is not a station: what is lost is a measurement.
      isWanted = false;
    }
  }

  function keep(span: ScreenSpan): void {
    if (!isWanted || finished.length >= MOST_SCREEN_SPANS) return;
    finished.push(span);
    timer ??= setTimeout(() => void handOver(), HAND_OVER_AFTER_MS);
  }

  return {
    async call(path, input, options) {
      if (!isWanted) return link.call(path, input, options);
      const spanId = randomHex(8);
      const traceparent = `00-${randomHex(16)}-${spanId}-01`;
      const startMs = Date.now();
      const from = performance.now();
      const end = (outcome: ScreenSpan['outcome']): void =>
        keep({ spanId, startMs, durationMs: performance.now() - from, outcome });
      try {
        const answer = await link.call(path, input, {
          ...options,
          context: { ...options.context, [TRACEPARENT]: traceparent },
        });
        end('done');
        return answer;
      } catch (error) {
        end('failed');
        throw error;
      }
    },
  };
}

function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );
}
