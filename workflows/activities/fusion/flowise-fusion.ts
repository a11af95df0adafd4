/**
 * An analysis by a Flowise chatflow, over its prediction API (docs.flowiseai.com, `POST /api/v1/prediction/{id}`). It is sent the
 * observations, without ids of patient or visit, and must answer with a `FusionResult`: as `json`, or as JSON in `text`.
 */
import { ApplicationFailure } from '@temporalio/activity';
import { z } from 'zod';
import type { Observations } from '../../api/internal/standing-schema.ts';
import type { FusionEngine } from './fusion-engine.ts';
import { fusionResultSchema } from './fusion-engine.ts';

export interface FlowiseOptions {
  readonly url: string;
  /** Of the chatflow. */
  readonly flow: string;
  readonly apiKey: string | undefined;
  /** Until an answer is given up. */
  readonly timeoutMs: number;
}

const answerSchema = z.looseObject({ json: z.unknown().optional(), text: z.string().optional() });
/** Asked for less often, or later, the same request may be answered. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);
const SERVER = 500;

export function flowiseFusion({ url, flow, apiKey, timeoutMs }: FlowiseOptions): FusionEngine {
  const address = `${url.replace(/\/$/, '')}/api/v1/prediction/${encodeURIComponent(flow)}`;
  return {
    name: 'flowise',
    version: flow,
    fuse: async (observations, signal) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      let response: Response;
      let answer: unknown;
      try {
        response = await fetch(address, {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
          },
          body: JSON.stringify({ question: JSON.stringify(withoutIds(observations)), streaming: false }),
          signal: limit,
        });
        answer = response.ok ? await response.json() : null;
      } catch (error) {
        if (signal.aborted) throw error;
        throw unavailable(limit.aborted ? 'no answer in time' : 'not reached, or cut off');
      }
      if (!response.ok) {
        const isForLater = response.status >= SERVER || LATER.has(response.status);
        throw isForLater ? unavailable(`answered ${response.status}`) : rejected(`answered ${response.status}`);
      }
      const read = fusionResultSchema.safeParse(resultOf(answer));
      if (!read.success) throw unavailable('the answer is no result');
      return read.data;
    },
  };
}

/** Ids of captures tell where to look for a picture; the analysis needs none. */
function withoutIds({ protocolId, measurements, captures, findings }: Observations): object {
  return {
    protocolId,
    measurements,
    captures: captures.map(({ stepId, passed, checks }) => ({ stepId, passed, checks })),
    findings: findings.map(({ kind, eye, values }) => ({ kind, eye, values })),
  };
}

function resultOf(answer: unknown): unknown {
  const read = answerSchema.safeParse(answer);
  if (!read.success) return null;
  if (read.data.json !== undefined) return read.data.json;
  try {
    return JSON.parse(read.data.text ?? '') as unknown;
  } catch {
    return null;
  }
}

function rejected(why: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`Flowise: ${why}`, 'FUSION_REJECTED');
}

function unavailable(why: string): ApplicationFailure {
  return ApplicationFailure.retryable(`Flowise: ${why}`, 'FUSION_UNAVAILABLE');
}
