/**
 * OpenTelemetry of a process, sent by OTLP over HTTP. What leaves is on lists: names of spans are our own words, attributes are ids of
 * workflows, codes and numbers; events (which quote errors) and texts of states stay here.
 */
import type { Context } from '@opentelemetry/api';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator, millisToHrTime } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import type { Resource } from '@opentelemetry/resources';
import { resourceFromAttributes } from '@opentelemetry/resources';
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace-base';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';

export interface TracingOptions {
  /** Of a collector. */
  readonly endpoint: string;
  readonly serviceName: string;
}

export interface Traces {
  readonly resource: Resource;
  readonly spanProcessor: SpanProcessor;
  span<T>(name: string, options: SpanOptions, work: () => Promise<T>): Promise<T>;
  /** W3C traceparent of the span that runs; null: there is none. */
  current(): string | null;
  /** Sends a span that another program has finished, as that one's. */
  sendFor(serviceName: string, span: FinishedSpan): void;
  /** Sends what is left. */
  stop(): Promise<void>;
}

/** A span as somebody else measured it. Ids are W3C's, in hex. */
export interface FinishedSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  /** Null: the trace begins here. */
  readonly parentSpanId: string | null;
  /** By the clock of who measured it, ms since 1970. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly outcome: 'done' | 'failed';
}

interface SpanOptions {
  readonly parent?: string | null;
  readonly attributes?: Readonly<Record<string, string | number>>;
}

const ATTRIBUTES: ReadonlySet<string> = new Set([
  'temporalWorkflowId',
  'temporalActivityId',
  'temporalUpdateId',
  'run_id',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'vantage.intent.kind',
  'vantage.result',
]);
/** Words of ours: names of procedures, workflows, activities, messages and routes. */
const NAME = /^[\w:./ *-]{1,160}$/;
const OTHER_NAME = 'unnamed';
const CARRIER_KEY = 'traceparent';

/** Once per process: others find it by OpenTelemetry's own global functions. */
export function startTracing({ endpoint, serviceName }: TracingOptions): Traces {
  const resource = resourceFromAttributes({ 'service.name': serviceName });
  const exporting = (): SpanProcessor =>
    new BatchSpanProcessor(onlyListed(new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` })));
  const spanProcessor = exporting();
  const others = new Map<string, { readonly processor: SpanProcessor; readonly resource: Resource }>();
  const provider = new BasicTracerProvider({ resource, spanProcessors: [spanProcessor] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(provider);
  const tracer = provider.getTracer('vantage');
  return {
    resource,
    spanProcessor,
    async span(name, { parent, attributes = {} }, work) {
      const within = parent === undefined || parent === null ? context.active() : contextOf(parent);
      return tracer.startActiveSpan(name, { attributes }, within, async (span) => {
        try {
          return await work();
        } catch (error) {
          span.setStatus({ code: SpanStatusCode.ERROR });
          throw error;
        } finally {
          span.end();
        }
      });
    },
    current() {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      return carrier[CARRIER_KEY] ?? null;
    },
    sendFor(name, span) {
      let other = others.get(name);
      if (other === undefined) {
        other = { processor: exporting(), resource: resourceFromAttributes({ 'service.name': name }) };
        others.set(name, other);
      }
      other.processor.onEnd(readable(span, other.resource));
    },
    async stop() {
      await Promise.all([...others.values()].map(async ({ processor }) => processor.shutdown()));
      await provider.shutdown();
    },
  };
}

/** What a traceparent of elsewhere stands for; nothing where it is not one. */
export function contextOf(traceparent: string): Context {
  return propagation.extract(ROOT_CONTEXT, { [CARRIER_KEY]: traceparent });
}

function readable(span: FinishedSpan, resource: Resource): ReadableSpan {
  const { traceId, spanId, parentSpanId, startMs, durationMs } = span;
  const traceFlags = TraceFlags.SAMPLED;
  return {
    name: span.name,
    kind: SpanKind.CLIENT,
    spanContext: () => ({ traceId, spanId, traceFlags }),
    ...(parentSpanId !== null && { parentSpanContext: { traceId, spanId: parentSpanId, traceFlags, isRemote: true } }),
    startTime: millisToHrTime(startMs),
    endTime: millisToHrTime(startMs + durationMs),
    duration: millisToHrTime(durationMs),
    status: { code: span.outcome === 'done' ? SpanStatusCode.UNSET : SpanStatusCode.ERROR },
    attributes: { 'vantage.result': span.outcome },
    links: [],
    events: [],
    ended: true,
    resource,
    instrumentationScope: { name: 'vantage' },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** Passes on copies that say nothing but what is on the lists. */
function onlyListed(exporter: SpanExporter): SpanExporter {
  return {
    export: (spans, done) => exporter.export(spans.map(listed), done),
    shutdown: async () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  };
}

function listed(span: ReadableSpan): ReadableSpan {
  const attributes = Object.fromEntries(Object.entries(span.attributes).filter(([name]) => ATTRIBUTES.has(name)));
  return Object.create(span, {
    name: { value: NAME.test(span.name) ? span.name : OTHER_NAME },
    attributes: { value: attributes },
    events: { value: [] },
    links: { value: [] },
    status: { value: { code: span.status.code } },
  }) as ReadableSpan;
}
