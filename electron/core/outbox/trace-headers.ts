/** Says with each request in which trace it is, the way Temporal's interceptors for OpenTelemetry read it. Without one it says nothing. */
import type { Headers, PayloadConverter } from '@temporalio/common';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { currentTraceparent } from '../telemetry/traces.ts';

/** `TRACE_HEADER` of `@temporalio/interceptors-opentelemetry-v2`. */
const TRACE_HEADER = '_tracer-data';

/** @param converter the client's own, which is loaded with it */
export function traceHeaders(converter: PayloadConverter): WorkflowClientInterceptor {
  const withTrace = (headers: Headers): Headers => {
    const traceparent = currentTraceparent();
    return traceparent === null ? headers : { ...headers, [TRACE_HEADER]: converter.toPayload({ traceparent }) };
  };
  return {
    startWithDetails: async (input, next) => next({ ...input, headers: withTrace(input.headers) }),
    startUpdateWithStart: async (input, next) =>
      next({
        ...input,
        workflowStartHeaders: withTrace(input.workflowStartHeaders),
        updateHeaders: withTrace(input.updateHeaders),
      }),
  };
}
