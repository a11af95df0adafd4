/** One trace from who starts a workflow to its activities (OpenTelemetry). Sent where `OTEL_EXPORTER_OTLP_ENDPOINT` says, else nowhere. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { BatchSpanProcessor, NoopSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry-v2';

export interface Tracing {
  /** Always there, with or without a place to send to: histories are recorded with its interceptors. */
  readonly plugin: OpenTelemetryPlugin;
  readonly stop: () => Promise<void>;
}

/** @param endpoint of a collector, by OTLP over HTTP; null: nothing is sent */
export function startTracing(endpoint: string | null, serviceName = 'vantage-worker'): Tracing {
  const spanProcessor: SpanProcessor =
    endpoint === null
      ? new NoopSpanProcessor()
      : new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` }));
  const resource = resourceFromAttributes({ 'service.name': serviceName });
  return {
    plugin: new OpenTelemetryPlugin({ resource, spanProcessor }),
    stop: async () => spanProcessor.shutdown(),
  };
}
