/** One trace from who starts a workflow to its activities (OpenTelemetry). Sent where `OTEL_EXPORTER_OTLP_ENDPOINT` says, else nowhere. */
import { resourceFromAttributes } from '@opentelemetry/resources';
import { NoopSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry-v2';
import { startTracing as startProcess } from '../client/tracing.ts';

export interface Tracing {
  /** Always there, with or without a place to send to: histories are recorded with its interceptors. */
  readonly plugin: OpenTelemetryPlugin;
  /** Whether spans go anywhere. */
  readonly isSent: boolean;
  readonly stop: () => Promise<void>;
}

/** @param endpoint of a collector, by OTLP over HTTP; null: nothing is sent */
export function startTracing(endpoint: string | null, serviceName = 'vantage-worker'): Tracing {
  if (endpoint === null) {
    const resource = resourceFromAttributes({ 'service.name': serviceName });
    const plugin = new OpenTelemetryPlugin({ resource, spanProcessor: new NoopSpanProcessor() });
    return { plugin, isSent: false, stop: async () => undefined };
  }
  const traces = startProcess({ endpoint, serviceName });
  const { resource, spanProcessor } = traces;
  const plugin = new OpenTelemetryPlugin({ resource, spanProcessor });
  return { plugin, isSent: true, stop: async () => traces.stop() };
}
