/**
 * Temporal's own page, to be looked at: for operators and administrators of all of the clinic that the installation names as the
 * namespace's owner. Each opening is a domain event (`TemporalPageOpened`) before it is answered. Payloads stay encrypted.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { VantageError, newId } from '../../../electron/contract/index.ts';
import { withScope } from '../../database/scope.ts';
import type { PersonCaller } from '../access/callers.ts';
import { actorOf, scopeOf } from '../access/callers.ts';
import type { ApiParts } from '../parts.ts';
import { personOf } from '../people/routes.ts';
import { Refusal } from '../problems.ts';
import type { RawCall, Route } from '../route.ts';
import { rawRoute } from '../route.ts';
import { answerHeaders, requestHeaders } from './page-headers.ts';
import type { PagePart } from './page-paths.ts';
import { TEMPORAL_PAGE_PATH, pagePartOf } from './page-paths.ts';

const ALLOWED = 'GET, HEAD';

export const TEMPORAL_PAGE_ROUTES: readonly Route[] = (['GET', 'HEAD'] as const).flatMap((method) =>
  [TEMPORAL_PAGE_PATH, `${TEMPORAL_PAGE_PATH}/*`].map((path) =>
    rawRoute({
      method,
      path,
      summary: 'Temporal’s own page for its namespace, to be looked at; each opening is written down first',
      who: ['operator', 'admin'],
      browser: true,
      isPage: method === 'GET',
      answers: { 200: 'As Temporal’s page answers', 303: 'To sign in, for a browser', 405: 'Everything but looking' },
      handle: async (call) => show(call, method),
    }),
  ),
);

/** Whatever way it is asked: nothing is changed from here. */
export function refuseWritesToTemporalPage(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ method, url }) => {
    const [path = ''] = url.split('?', 1);
    if (path !== TEMPORAL_PAGE_PATH && !path.startsWith(`${TEMPORAL_PAGE_PATH}/`)) return;
    if (method === 'GET' || method === 'HEAD') return;
    throw new Refusal(405, new VantageError('LOOK_ONLY'), { allow: ALLOWED });
  });
}

/** Where the person may look at Temporal's own page; null: not here. */
export function temporalPageFor({ temporal, web }: ApiParts, person: PersonCaller): string | null {
  const isOwners = temporal.page.config?.tenantId === person.tenantId && person.locations === '*';
  return isOwners ? `${web.origin}${TEMPORAL_PAGE_PATH}` : null;
}

async function show(call: RawCall<unknown>, method: 'GET' | 'HEAD'): Promise<void> {
  const { parts, reply, headers, signal } = call;
  const { person, namespace } = await permitted(call);
  const part = pagePartOf(reply.request.url, namespace);
  if (method === 'GET' && isOpening(part, headers['sec-fetch-dest'])) await record(parts, person, namespace, part);
  try {
    const answer = await parts.temporal.page.ask({
      address: part.address,
      method,
      headers: requestHeaders(headers, part.kind),
      signal,
    });
    const text = isRead(part, method, answer.statusCode) ? await answer.body.text() : null;
    void reply
      .code(answer.statusCode)
      .headers(answerHeaders(parts.web, answer.headers, part.kind, text ?? ''))
      .send(text === null ? answer.body : rewritten(part, text));
  } catch (error) {
    // Nobody waits for the answer any more.
    if (signal.aborted) reply.hijack();
    else throw error;
  }
}

/** @throws VantageError NOT_FOUND where none is configured, TEMPORAL_PAGE_UNASSIGNED, NOT_ALLOWED */
async function permitted(
  call: RawCall<unknown>,
): Promise<{ readonly person: PersonCaller; readonly namespace: string }> {
  const { parts } = call;
  const { config } = parts.temporal.page;
  const { namespace } = parts.temporal.visits;
  if (config === null || namespace === null) throw new VantageError('NOT_FOUND', 'TEMPORAL_UI_URL is not configured');
  if (config.tenantId === null) throw new VantageError('TEMPORAL_PAGE_UNASSIGNED', 'TEMPORAL_UI_TENANT');
  const asked = personOf(call);
  if (asked.tenantId !== config.tenantId) throw new VantageError('NOT_ALLOWED', 'another clinic');
  // Who is an operator somewhere may be an administrator everywhere.
  const person = asked.locations === '*' ? asked : await parts.access.people.callerOf(asked.identity, ['admin']);
  if (person.locations !== '*') throw new VantageError('NOT_ALLOWED', 'all locations');
  return { person, namespace };
}

/** What a page asks for once it is open is no opening; what is asked without one, is. */
function isOpening({ kind }: PagePart, destination: unknown): boolean {
  return kind === 'screen' || (kind !== 'asset' && destination !== 'empty');
}

function isRead({ kind }: PagePart, method: 'GET' | 'HEAD', status: number): boolean {
  return method === 'GET' && status === 200 && (kind === 'screen' || kind === 'namespaces' || kind === 'settings');
}

const settingsSchema = z.looseObject({});

function rewritten({ kind }: PagePart, text: string): string {
  switch (kind) {
    case 'namespaces':
      return `{"namespaces":[${text}]}`;
    case 'settings': {
      // It shows no buttons then that would be refused; and it may ask no codec server from here.
      const settings = settingsSchema.parse(JSON.parse(text));
      return JSON.stringify({ ...settings, DisableWriteActions: true, Codec: { Endpoint: '' } });
    }
    default:
      return text;
  }
}

async function record(parts: ApiParts, person: PersonCaller, namespace: string, part: PagePart): Promise<void> {
  const workflowId = part.kind === 'screen' ? part.workflowId : null;
  await withScope(parts.database, scopeOf(person), async (tx) =>
    tx
      .insertInto('domain_events')
      .values({
        id: newId(),
        tenant_id: person.tenantId,
        location_id: null,
        type: 'TemporalPageOpened',
        subject_id: person.personId,
        data: JSON.stringify({ namespace, workflowId }),
        metadata: JSON.stringify({ actor: actorOf(person), role: person.role }),
        occurred_at: parts.now(),
      })
      .execute(),
  );
}
