/** Each answered request as a span, below the one that its caller names (`traceparent`): by its route's pattern, never its address. */
import { tracingChannel } from 'node:diagnostics_channel';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contextOf } from '../client/tracing.ts';

/** As Fastify says it: https://fastify.dev/docs/latest/Reference/Hooks/#diagnostics-channel-hooks */
interface Handled {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly route: { readonly url: string; readonly method: string };
}

const FAILED = 500;

/** From now on; `startTracing` was called before. */
export function traceRequests(): void {
  const tracer = trace.getTracer('vantage-api');
  tracingChannel<Handled, Handled>('fastify.request.handler').subscribe({
    start(handled) {
      const { request, route } = handled;
      const { traceparent } = request.headers;
      // Nobody asks for it: a health check, a page.
      if (typeof traceparent !== 'string') return;
      const attributes = { 'http.request.method': request.method, 'http.route': route.url };
      const name = `${request.method} ${route.url}`;
      const span = tracer.startSpan(name, { kind: SpanKind.SERVER, attributes }, contextOf(traceparent));
      handled.reply.raw.once('close', () => {
        const { statusCode } = handled.reply;
        span.setAttribute('http.response.status_code', statusCode);
        if (statusCode >= FAILED) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      });
    },
    end: nothing,
    asyncStart: nothing,
    asyncEnd: nothing,
    error: nothing,
  });
}

function nothing(): void {
  // The answer's own end says more.
}
