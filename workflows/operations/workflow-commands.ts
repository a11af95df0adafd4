/** What an operator does with one workflow, and the lists that lead there. */
import { defineSearchAttributeKey } from '@temporalio/common';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import type { z } from 'zod';
import {
  SEARCH_ATTRIBUTES,
  SESSION_MESSAGES,
  SESSION_QUERIES,
  VISITS_QUEUE,
  WORKFLOW_TYPES,
  sessionInputSchema,
  workflowIdOf,
} from '../../electron/contract/workflows.ts';
import {
  ACCEPTANCE_MESSAGES,
  CALIBRATION_MESSAGES,
  SITE_QUERIES,
  deviceCalibrationInputSchema,
  siteAcceptanceInputSchema,
} from '../../electron/contract/site-workflows.ts';
import { SAVED_QUERIES, isSavedQuery, savedQuery } from '../client/saved-queries.ts';
import { EncryptionCodec } from '../codec/encryption-codec.ts';
import { INSTALLATION_ID } from '../codec/keys.ts';
import { openedHistory } from '../codec/opened-history.ts';
import type { Command, CommandContext } from './commands.ts';
import type { Operations } from './connect.ts';
import { jsonOf, reasonOf, workflowIdFrom } from './arguments.ts';
import { OperationError } from './problems.ts';

const TENANT_ID = defineSearchAttributeKey('TenantId', SEARCH_ATTRIBUTES.TenantId);
const LISTED = 100;

/** What may be started by hand, by its subject. */
const STARTABLE = {
  session: {
    type: WORKFLOW_TYPES.session,
    schema: sessionInputSchema.transform((input) => ({ id: workflowIdOf('session', input.sessionId), input })),
  },
  calibration: {
    type: WORKFLOW_TYPES.calibration,
    schema: deviceCalibrationInputSchema.transform((input) => ({
      id: workflowIdOf('calibration', input.calibrationId),
      input,
    })),
  },
  acceptance: {
    type: WORKFLOW_TYPES.acceptance,
    schema: siteAcceptanceInputSchema.transform((input) => ({ id: workflowIdOf('acceptance', input.runId), input })),
  },
} as const;

/** Messages and queries by the type of workflow: one that knows none of that name is not sent any. */
const UNDERSTOOD: Readonly<
  Record<string, { readonly messages: Readonly<Record<string, z.ZodType>>; readonly queries: readonly string[] }>
> = {
  [WORKFLOW_TYPES.session]: { messages: SESSION_MESSAGES, queries: Object.values(SESSION_QUERIES) },
  [WORKFLOW_TYPES.calibration]: { messages: CALIBRATION_MESSAGES, queries: Object.values(SITE_QUERIES) },
  [WORKFLOW_TYPES.acceptance]: { messages: ACCEPTANCE_MESSAGES, queries: Object.values(SITE_QUERIES) },
};

export const WORKFLOW_COMMANDS: Readonly<Record<string, Command>> = {
  list: {
    summary: '[NAME] [--location ID]... [--tenant ID] [--limit N]   a saved query; without a name, which there are',
    run: list,
  },
  describe: { summary: 'ID   how it stands', run: describe },
  show: { summary: 'ID [--run RUN]   its history, opened where WORKFLOW_KEYS is set', run: show },
  query: { summary: 'ID NAME   asks it, as in getState', run: query },
  start: {
    summary: `${Object.keys(STARTABLE).join('|')} --input JSON|@FILE|-   starts one, once per subject`,
    run: start,
  },
  signal: { summary: 'ID NAME [--input JSON|@FILE|-]   tells it something', run: signal },
  cancel: { summary: 'ID   asks it to end, tidying up', run: cancel },
  terminate: { summary: 'ID --reason TEXT   ends it as it is: nothing is tidied up', run: terminate },
};

async function list({ operations, positionals: [name], options, say }: CommandContext): Promise<void> {
  if (name === undefined) {
    for (const [known, { summary, needs }] of Object.entries(SAVED_QUERIES)) {
      const flags = needs.map((need) => (need === 'tenant' ? '--tenant ID' : '--location ID')).join(' ');
      say(`${`${known} ${flags}`.trim().padEnd(32)} ${summary}`, { name: known, needs, summary });
    }
    return;
  }
  if (!isSavedQuery(name)) {
    throw new OperationError('ARGUMENT_INVALID', `queries: ${Object.keys(SAVED_QUERIES).join(', ')}`);
  }
  for (const need of SAVED_QUERIES[name].needs) {
    const flag = need === 'tenant' ? 'tenant' : 'location';
    if (options[flag] === undefined) throw new OperationError('ARGUMENT_INVALID', `--${flag} ID is missing`);
  }
  const query = savedQuery(name, {
    ...(options.tenant !== undefined && { tenant: options.tenant }),
    ...(options.location !== undefined && { locations: options.location }),
  });
  const limit = limitOf(options.limit);
  const { asked } = operations;
  const client = operations.clientOf(null);
  await asked(async () => {
    let found = 0;
    for await (const visit of client.workflow.list({ query, pageSize: Math.min(limit + 1, 1000) })) {
      if (found === limit) {
        say(`… and more: --limit N shows more than ${limit}`, { more: true });
        return;
      }
      found += 1;
      const { workflowId, runId, startTime, closeTime, status } = visit;
      const attributes = Object.fromEntries(
        visit.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
      );
      const standing = `${String(attributes['SessionStatus'] ?? '')} ${String(attributes['Progress'] ?? '')}`.trim();
      say(
        `${workflowId}  ${status.name.padEnd(10)} ${standing.padEnd(20)} since ${startTime.toISOString()}` +
          (closeTime === undefined ? '' : ` until ${closeTime.toISOString()}`),
        { workflowId, runId, status: status.name, startTime, closeTime: closeTime ?? null, attributes },
      );
    }
    if (found === 0) say('none', { found });
  });
}

async function describe(context: CommandContext): Promise<void> {
  const { operations, say } = context;
  const workflowId = workflowIdFrom(context.positionals[0]);
  const found = await standingOf(operations, workflowId, context.options.run);
  const attributes = Object.fromEntries(
    found.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]),
  );
  const about = {
    workflowId,
    runId: found.runId,
    type: found.type,
    status: found.status.name,
    taskQueue: found.taskQueue,
    startTime: found.startTime,
    closeTime: found.closeTime ?? null,
    events: found.historyLength,
    attributes,
  };
  say(
    Object.entries({ ...about, ...attributes, attributes: undefined })
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([name, value]) => `${name.padEnd(14)} ${value instanceof Date ? value.toISOString() : String(value)}`)
      .join('\n'),
    about,
  );
}

async function show(context: CommandContext): Promise<void> {
  const { operations, say } = context;
  const workflowId = workflowIdFrom(context.positionals[0]);
  const { asked } = operations;
  const client = operations.clientOf(null);
  const history = await asked(async () => client.workflow.getHandle(workflowId, context.options.run).fetchHistory());
  const codec = operations.keys === null ? null : new EncryptionCodec(operations.keys, null);
  for (const event of await openedHistory(historyToJSON(history), codec)) {
    const attributes = JSON.stringify(event.attributes);
    say(`${String(event.id).padStart(4)}  ${event.at}  ${event.type}  ${attributes}`, event);
  }
}

async function query(context: CommandContext): Promise<void> {
  const { operations, say } = context;
  const workflowId = workflowIdFrom(context.positionals[0]);
  const name = nameFrom(context.positionals[1]);
  const { type } = await standingOf(operations, workflowId);
  const known = UNDERSTOOD[type]?.queries;
  if (known !== undefined && !known.includes(name)) {
    throw new OperationError('NOT_UNDERSTOOD', `queries of ${type}: ${known.join(', ')}`);
  }
  const { asked } = operations;
  const client = operations.clientOf(null);
  const answer: unknown = await asked(async () => client.workflow.getHandle(workflowId).query(name));
  say(JSON.stringify(answer, null, 2), answer);
}

async function start(context: CommandContext): Promise<void> {
  const { operations, say } = context;
  const [kind = ''] = context.positionals;
  if (!Object.hasOwn(STARTABLE, kind)) {
    throw new OperationError('ARGUMENT_INVALID', `subjects: ${Object.keys(STARTABLE).join(', ')}`);
  }
  const { type, schema } = STARTABLE[kind as keyof typeof STARTABLE];
  const read = schema.safeParse(jsonOf(context.options.input));
  if (!read.success) {
    const fields = new Set(read.error.issues.map(({ path }) => path.map(String).join('.')));
    throw new OperationError('ARGUMENT_INVALID', `--input: ${[...fields].join(', ')}`);
  }
  if (operations.keys === null) throw new OperationError('KEYS_MISSING');
  const { asked } = operations;
  const { id: workflowId, input } = read.data;
  const client = operations.clientOf(input.tenantId);
  const handle = await asked(async () =>
    client.workflow.start(type, {
      workflowId,
      taskQueue: context.options.queue ?? VISITS_QUEUE,
      args: [input],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      workflowIdConflictPolicy: 'USE_EXISTING',
    }),
  );
  say(`${workflowId} runs (run ${handle.firstExecutionRunId})`, { workflowId, runId: handle.firstExecutionRunId });
}

/** By what the workflow understands: an update, which it answers, where its type has messages of its own; else a signal. */
async function signal(context: CommandContext): Promise<void> {
  const { operations, say, options } = context;
  const workflowId = workflowIdFrom(context.positionals[0]);
  const name = nameFrom(context.positionals[1]);
  const input = options.input === undefined ? undefined : jsonOf(options.input);
  const standing = await standingOf(operations, workflowId);
  const messages = UNDERSTOOD[standing.type]?.messages;
  const args = input === undefined ? [] : [input];
  if (args.length > 0 && operations.keys === null) throw new OperationError('KEYS_MISSING');
  const tenantId = standing.typedSearchAttributes.get(TENANT_ID) ?? INSTALLATION_ID;
  const { asked } = operations;
  const handle = operations.clientOf(tenantId).workflow.getHandle(workflowId);
  if (messages === undefined) {
    await asked(async () => handle.signal(name, ...args));
    say('sent', { sent: true });
    return;
  }
  const schema = Object.hasOwn(messages, name) ? messages[name] : undefined;
  if (schema === undefined) {
    throw new OperationError('NOT_UNDERSTOOD', `messages of ${standing.type}: ${Object.keys(messages).join(', ')}`);
  }
  const read = schema.safeParse(input ?? {});
  if (!read.success) {
    const fields = new Set(read.error.issues.map(({ path }) => path.map(String).join('.')));
    throw new OperationError('ARGUMENT_INVALID', `--input: ${[...fields].join(', ')}`);
  }
  if (standing.status.name !== 'RUNNING') throw new OperationError('WORKFLOW_UNKNOWN', workflowId);
  if (operations.keys === null) throw new OperationError('KEYS_MISSING');
  const answer: unknown = await asked(async () =>
    handle.executeUpdate<unknown, [unknown]>(name, { args: [read.data] }),
  );
  say(JSON.stringify(answer), answer);
}

async function cancel(context: CommandContext): Promise<void> {
  const workflowId = workflowIdFrom(context.positionals[0]);
  await runningOnly(context.operations, workflowId);
  const client = context.operations.clientOf(null);
  await context.operations.asked(async () => client.workflow.getHandle(workflowId).cancel());
  context.say('asked to end; describe shows when it has', { cancelled: true });
}

async function terminate(context: CommandContext): Promise<void> {
  const workflowId = workflowIdFrom(context.positionals[0]);
  const reason = reasonOf(context.options.reason);
  await runningOnly(context.operations, workflowId);
  const client = context.operations.clientOf(null);
  await context.operations.asked(async () => client.workflow.getHandle(workflowId).terminate(reason));
  context.say('terminated', { terminated: true });
}

async function runningOnly(operations: Operations, workflowId: string): Promise<void> {
  const { status } = await standingOf(operations, workflowId);
  if (status.name !== 'RUNNING') throw new OperationError('WORKFLOW_UNKNOWN', `${workflowId} has ended`);
}

async function standingOf(operations: Operations, workflowId: string, runId?: string) {
  const { asked } = operations;
  const client = operations.clientOf(null);
  return asked(async () => client.workflow.getHandle(workflowId, runId).describe());
}

function nameFrom(text: string | undefined): string {
  if (text === undefined || !/^\w{1,100}$/.test(text)) throw new OperationError('ARGUMENT_INVALID', 'NAME');
  return text;
}

function limitOf(text: string | undefined): number {
  if (text === undefined) return LISTED;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) throw new OperationError('ARGUMENT_INVALID', '--limit');
  return limit;
}
