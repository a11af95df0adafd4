/** A line to a cloud that asks nobody who they are: `CloudClient` without signing in, for tests and measurements. */
import type { CloudClient, RawAnswer } from '../../cloud-client.ts';
import { failureOf, lineFailure, parsedAnswer } from '../../answers.ts';

export function plainLine(url: () => string): Pick<CloudClient, 'post' | 'raw'> {
  async function send(path: string, init: RequestInit, timeoutMs: number): Promise<RawAnswer> {
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(new Error('no answer')), timeoutMs);
    try {
      const signal =
        init.signal === null || init.signal === undefined ? timer.signal : AbortSignal.any([init.signal, timer.signal]);
      const response = await fetch(`${url()}${path}`, { ...init, signal });
      return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) };
    } catch (error) {
      if (init.signal?.aborted === true) throw init.signal.reason;
      throw lineFailure(error);
    } finally {
      clearTimeout(timeout);
    }
  }
  return {
    async post(path, body, schema, { signal, timeoutMs = 20_000 } = {}) {
      const headers = { 'content-type': 'application/json', accept: 'application/json' };
      const answer = await send(
        path,
        { method: 'POST', headers, body: JSON.stringify(body), ...(signal && { signal }) },
        timeoutMs,
      );
      const failure = failureOf(answer, Date.now());
      if (failure !== null) throw failure;
      return parsedAnswer(answer, schema);
    },
    async raw({ method, path, headers = {}, body, signal, timeoutMs = 20_000 }) {
      const answer = await send(
        path,
        {
          method,
          headers,
          ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }),
          ...(signal && { signal }),
        },
        timeoutMs,
      );
      const failure = answer.status === 429 || answer.status >= 500 ? failureOf(answer, Date.now()) : null;
      if (failure !== null) throw failure;
      return answer;
    },
  };
}
