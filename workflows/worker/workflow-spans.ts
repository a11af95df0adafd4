/**
 * Stands for OpenTelemetry's SDK inside of workflows (`bundle.ts`). Where spans are sent nowhere it records none: that is a fifth of what
 * a workflow costs. What the interceptors do is the same either way, step by step, so that histories of the one replay as the other; a
 * trace that comes with a request is passed on to activities either way, too.
 */
import { ProxyTracerProvider } from '@opentelemetry/api';
import type * as Sdk from '@opentelemetry/sdk-trace-base';

/** Set by `recordingSpans`, before the workflows are loaded. */
const isRecorded = (globalThis as { readonly vantageRecordsSpans?: boolean }).vantageRecordsSpans === true;

/** With nobody behind it, its spans are those that record nothing; so nobody processes any. */
class NoTracerProvider extends ProxyTracerProvider {}

// Loaded only where it is used: a workflow loads its modules each time that it begins.
const sdk = isRecorded
  ? // The package itself is what this file stands for.
    (require('@opentelemetry/sdk-trace-base/build/esm/index-shim.js') as typeof Sdk)
  : { BasicTracerProvider: NoTracerProvider, SimpleSpanProcessor: Object };

export const { BasicTracerProvider, SimpleSpanProcessor } = sdk;
