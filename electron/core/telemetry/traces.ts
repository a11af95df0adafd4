/**
 * Traces of this process: what a screen asked for, and what came of it on the way to the cloud. Off unless a collector is configured
 * (`OTEL_EXPORTER_OTLP_ENDPOINT`), and then nothing of OpenTelemetry is loaded. A span says what was done, by the names of the contract,
 * never to whom.
 */
import type { FinishedSpan, Traces } from '../../../workflows/client/tracing.ts';

let traces: Traces | null = null;

export interface SpanOptions {
  /** W3C traceparent of what it belongs to; left out or null: the span that runs, if any. */
  readonly parent?: string | null;
  /** Of the listed ones (`workflows/client/tracing.ts`). */
  readonly attributes?: Readonly<Record<string, string | number>>;
}

/** Once per process, at its start. @returns how to send what is left and stop */
export async function startTraces(endpoint: string): Promise<() => Promise<void>> {
  const { startTracing } = await import('../../../workflows/client/tracing.ts');
  const started = startTracing({ endpoint, serviceName: 'vantage-station' });
  traces = started;
  return async () => {
    traces = null;
    await started.stop();
  };
}

export function isTraced(): boolean {
  return traces !== null;
}

/** Runs the work as a span; without a collector it just runs. */
export async function traced<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T> {
  return traces === null ? work() : traces.span(name, options, work);
}

/** Sends a span that a screen has finished, as the service `vantage-screen`. */
export function sendScreenSpan(span: FinishedSpan): void {
  traces?.sendFor('vantage-screen', span);
}

/** W3C traceparent of the span that runs; null: there is none. */
export function currentTraceparent(): string | null {
  return traces?.current() ?? null;
}
