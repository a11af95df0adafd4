/** The internal API as activities reach it: the only way in which they read and write what is known of a visit. */
import { context, propagation } from '@opentelemetry/api';
import { activityInfo, ApplicationFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { z } from 'zod';
import { signServiceToken } from '../api/access/service-tokens.ts';
import type { SignedAcceptance } from '../../electron/contract/index.ts';
import type { NoticeOutcome, NoticeWay } from '../api/internal/notice-schema.ts';
import { noticeWaysSchema } from '../api/internal/notice-schema.ts';
import type { SessionStepBody } from '../api/internal/session-routes.ts';
import type { Observations, Standing } from '../api/internal/standing-schema.ts';
import { observationsSchema, standingSchema } from '../api/internal/standing-schema.ts';

export interface InternalApiOptions {
  /** Where it listens. */
  readonly baseUrl: string;
  /** As it knows itself (`API_PUBLIC_URL`). */
  readonly audience: string;
  /** `INTERNAL_API_SECRET`, 32 bytes or more. */
  readonly secret: Uint8Array;
}

/** A step without what the API fills in. */
export type StepRequest = Pick<SessionStepBody, 'locationId' | 'event'> &
  Partial<Pick<SessionStepBody, 'fields' | 'stamps' | 'alert'>>;

const documentSchema = z.object({ document: z.looseObject({}), deleted: z.boolean() });
const reportedSchema = z.object({ isKnownKey: z.boolean() });
const problemSchema = z.object({ code: z.string().regex(/^[A-Z_]{1,40}$/) });
/**
 * Answers that the same request gets again. Not 404: documents arrive in their own time; nor 401 and 403: a secret that was changed on one
 * side only is mended by somebody, and no visit should have failed of it.
 */
const FINAL: ReadonlySet<number> = new Set([400, 413, 422]);
const CONFLICT = 409;
/** Of a token's minute: what is left is for the way, and for clocks that differ. */
const TOKEN_USE_MS = 20_000;
/** Tenants whose token is kept. */
const MOST_TOKENS = 1000;

/**
 * Calls name the workflow and the activity, so that a retried one has one effect.
 *
 * @throws of each: ApplicationFailure, not retried for what is wrong with the request; its type is the API's code
 */
export class InternalApi {
  readonly #options: InternalApiOptions;
  /** By tenant: signed a moment ago, and good for longer than a call takes to get there. */
  readonly #tokens = new Map<string, Signed>();

  constructor(options: InternalApiOptions) {
    this.#options = options;
  }

  /** Null: the session has not arrived yet. */
  async standing(tenantId: string, sessionId: string): Promise<Standing | null> {
    const answer = await this.#post(tenantId, `sessions/${sessionId}/standing`, {});
    return answer === null ? null : standingSchema.parse(answer);
  }

  async observations(tenantId: string, sessionId: string): Promise<Observations> {
    const answer = await this.#post(tenantId, `sessions/${sessionId}/observations`, {});
    if (answer === null) throw notYet('the session has not arrived');
    return observationsSchema.parse(answer);
  }

  async step(tenantId: string, sessionId: string, request: StepRequest): Promise<void> {
    const body = { fields: {}, stamps: [], alert: null, ...request, cause: causeOfThis() };
    const answer = await this.#post(tenantId, `sessions/${sessionId}/step`, body);
    if (answer === null) throw notYet('the session has not arrived');
  }

  /** What happened in a calibration or an acceptance. */
  async siteStep(
    tenantId: string,
    subjectId: string,
    request: Pick<SessionStepBody, 'locationId' | 'event' | 'alert'>,
  ): Promise<void> {
    await this.#post(tenantId, `sites/${subjectId}/step`, { ...request, cause: causeOfThis() });
  }

  async acceptance(
    tenantId: string,
    runId: string,
    request: { readonly locationId: string; readonly signed: SignedAcceptance },
  ): Promise<{ readonly isKnownKey: boolean }> {
    const answer = await this.#post(tenantId, `sites/${runId}/acceptance`, { ...request, cause: causeOfThis() });
    return reportedSchema.parse(answer);
  }

  /** Null: it has not arrived, or is deleted. */
  async document(tenantId: string, collection: string, id: string): Promise<Readonly<Record<string, unknown>> | null> {
    const answer = await this.#post(tenantId, 'documents/read', { collection, id });
    if (answer === null) return null;
    const { document, deleted } = documentSchema.parse(answer);
    return deleted ? null : document;
  }

  async noticeWays(tenantId: string, patientId: string, key: string): Promise<readonly NoticeWay[]> {
    const answer = await this.#post(tenantId, 'notices/ways', { patientId, key });
    return noticeWaysSchema.parse(answer).ways;
  }

  async noticeOutcome(tenantId: string, outcome: NoticeOutcome): Promise<void> {
    await this.#post(tenantId, 'notices/outcome', outcome);
  }

  /** Records what happened to the whole of a tenant, once per activity. */
  async tell(tenantId: string, type: string, data: Readonly<Record<string, number | string>>): Promise<void> {
    const { activityId, workflowExecution, workflowType, currentAttemptScheduledTimestampMs } = activityInfo();
    if (workflowExecution === undefined || workflowType === undefined) throw new Error('not called by a workflow');
    const cause = { ...workflowExecution, activityId, workflowType };
    const occurredAt = new Date(currentAttemptScheduledTimestampMs).toISOString();
    await this.#post(tenantId, 'events', {
      cause,
      events: [{ type, subjectId: tenantId, locationId: null, data, occurredAt }],
    });
  }

  async #post(tenantId: string, path: string, body: object): Promise<unknown> {
    const { baseUrl } = this.#options;
    const token = await this.#token(tenantId);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    // Says in which trace, where there is one.
    propagation.inject(context.active(), headers);
    const response = await fetch(`${baseUrl}/internal/v1/${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      signal: Context.current().cancellationSignal,
    });
    if (response.status === 404) return null;
    if (response.ok) return response.json();
    const { data } = problemSchema.safeParse(await response.json().catch(() => null));
    // The same activity asked before, for something that differs in what came from elsewhere: that stands.
    if (response.status === CONFLICT && data?.code === 'STATUS_CONFLICT') return {};
    throw ApplicationFailure.create({
      message: `the API answered ${response.status}`,
      type: data?.code ?? `HTTP_${response.status}`,
      nonRetryable: FINAL.has(response.status),
    });
  }

  /** One token serves the calls of some seconds. */
  async #token(tenantId: string): Promise<string> {
    const { audience, secret } = this.#options;
    const now = new Date();
    const kept = this.#tokens.get(tenantId);
    const age = kept === undefined ? TOKEN_USE_MS : now.getTime() - kept.at;
    // A clock that was set back signs anew.
    if (kept !== undefined && age >= 0 && age < TOKEN_USE_MS) return kept.token;
    const token = await signServiceToken(secret, audience, tenantId, now);
    if (this.#tokens.size >= MOST_TOKENS) this.#tokens.clear();
    this.#tokens.set(tenantId, { at: now.getTime(), token });
    return token;
  }
}

interface Signed {
  /** In ms since 1970. */
  readonly at: number;
  readonly token: string;
}

/** Which activity of which workflow asks. */
function causeOfThis() {
  const { activityId, workflowExecution, workflowType } = activityInfo();
  if (workflowExecution === undefined || workflowType === undefined) throw new Error('not called by a workflow');
  return { ...workflowExecution, activityId, workflowType };
}

/** Looked and not found: tried again, and nothing that anybody has to know of. */
export function notYet(what: string): ApplicationFailure {
  return ApplicationFailure.create({ message: what, type: 'NOT_YET', category: ApplicationFailureCategory.BENIGN });
}
