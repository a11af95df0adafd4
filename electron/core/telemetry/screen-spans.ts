/**
 * The screens' part of a trace. A call brings the id of the screen's span with it, and what it took comes afterwards: only spans of calls
 * that were really made are sent on, each once, under the name that the station knows the call by. So a screen can neither put words into
 * a trace nor flood the collector.
 */
import type { ScreenSpan } from '../../contract/index.ts';
import { isTraced, sendScreenSpan } from './traces.ts';

/** W3C Trace Context, version 00. */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;
/** Of calls whose end was not told yet; the oldest are forgotten. */
const MOST_OPEN = 1000;
/** Of all screens together; more than people can cause. */
const MOST_PER_MINUTE = 3000;

interface OpenSpan {
  readonly name: string;
  readonly traceId: string;
  /** In the trace of the visit; null: this is where the trace begins. */
  readonly parentSpanId: string | null;
}

export class ScreenSpans {
  readonly #now: () => Date;
  readonly #open = new Map<string, OpenSpan>();
  #minute = { fromMs: 0, count: 0 };

  constructor(now: () => Date) {
    this.#now = now;
  }

  /**
   * A call has come with what the screen calls its span.
   * @param visit traceparent of the visit that it belongs to, if any: then the screen's span is in that trace, too
   * @returns the traceparent that the call's own span is below; null: below none
   */
  called(traceparent: string | undefined, path: string, visit: string | null): string | null {
    const [, ownTraceId, spanId] = TRACEPARENT.exec(traceparent ?? '') ?? [];
    if (ownTraceId === undefined || spanId === undefined || !isTraced() || this.#open.has(spanId)) return visit;
    const [, visitTraceId, visitSpanId] = TRACEPARENT.exec(visit ?? '') ?? [];
    const traceId = visitTraceId ?? ownTraceId;
    this.#open.set(spanId, { name: `screen ${path}`, traceId, parentSpanId: visitSpanId ?? null });
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= MOST_OPEN) break;
      this.#open.delete(oldest);
    }
    return `00-${traceId}-${spanId}-01`;
  }

  /** @returns whether more are wanted */
  finished(spans: readonly ScreenSpan[]): boolean {
    if (!isTraced()) return false;
    const nowMs = this.#now().getTime();
    // A clock that was set back starts the minute anew.
    if (Math.abs(nowMs - this.#minute.fromMs) > 60_000) this.#minute = { fromMs: nowMs, count: 0 };
    for (const { spanId, startMs, durationMs, outcome } of spans) {
      const open = this.#open.get(spanId);
      if (open === undefined) continue;
      this.#open.delete(spanId);
      this.#minute.count += 1;
      if (this.#minute.count <= MOST_PER_MINUTE) sendScreenSpan({ ...open, spanId, startMs, durationMs, outcome });
    }
    return true;
  }
}
