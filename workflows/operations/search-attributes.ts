/** The search attributes that workflows write, in a namespace: looked at, compared, and added where they are missing. */
import type { OperatorService, WorkflowService } from '@temporalio/client';
import { SEARCH_ATTRIBUTES } from '../../electron/contract/workflows.ts';
import type { Command } from './commands.ts';
import { OperationError, grpcCodeOf } from './problems.ts';

type AttributeType = (typeof SEARCH_ATTRIBUTES)[keyof typeof SEARCH_ATTRIBUTES];

/** `temporal.api.enums.v1.IndexedValueType`, and how Temporal's tools write it. */
const TYPES = {
  KEYWORD: { number: 2, name: 'Keyword' },
  INT: { number: 3, name: 'Int' },
} as const satisfies Readonly<Record<AttributeType, { readonly number: number; readonly name: string }>>;
const TYPE_NAMES = ['Unspecified', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList'];

const INVALID_ARGUMENT = 3;
const PERMISSION_DENIED = 7;
const UNIMPLEMENTED = 12;

export interface AttributeServices {
  readonly namespace: string;
  readonly operatorService: Pick<OperatorService, 'listSearchAttributes' | 'addSearchAttributes'>;
  readonly workflowService: Pick<WorkflowService, 'listWorkflowExecutions'>;
}

export interface Registration {
  readonly there: readonly string[];
  readonly missing: readonly string[];
  /** Registered with another type: `Name is Text, not Keyword`. */
  readonly differing: readonly string[];
  /** Whether this namespace can be changed from here: Temporal Cloud has its own tools for it. */
  readonly canRegister: boolean;
}

/** @throws what the service throws, but for a missing operator service */
export async function registrationOf(services: AttributeServices): Promise<Registration> {
  const entries = Object.entries(SEARCH_ATTRIBUTES);
  let registered: Readonly<Record<string, number>>;
  try {
    const { customAttributes } = await services.operatorService.listSearchAttributes({ namespace: services.namespace });
    registered = customAttributes;
  } catch (error) {
    const code = grpcCodeOf(error);
    if (code !== UNIMPLEMENTED && code !== PERMISSION_DENIED) throw error;
    // Whether it can be searched by says as much, but for its type.
    const known = await Promise.all(entries.map(async ([name]) => canSearchBy(services, name)));
    return {
      there: entries.filter((_, at) => known[at]).map(([name]) => name),
      missing: entries.filter((_, at) => !known[at]).map(([name]) => name),
      differing: [],
      canRegister: false,
    };
  }
  const there = entries.filter(([name]) => Object.hasOwn(registered, name));
  return {
    there: there.map(([name]) => name),
    missing: entries.filter(([name]) => !Object.hasOwn(registered, name)).map(([name]) => name),
    differing: there
      .filter(([name, type]) => registered[name] !== TYPES[type].number)
      .map(([name, type]) => `${name} is ${TYPE_NAMES[registered[name] ?? 0] ?? 'unknown'}, not ${TYPES[type].name}`),
    canRegister: true,
  };
}

/** Adds those; what is there meanwhile is left. */
export async function register(services: AttributeServices, names: readonly string[]): Promise<void> {
  const { namespace } = services;
  const searchAttributes = Object.fromEntries(names.map((name) => [name, TYPES[typeOf(name)].number]));
  await services.operatorService.addSearchAttributes({ namespace, searchAttributes });
}

async function canSearchBy({ workflowService, namespace }: AttributeServices, name: string): Promise<boolean> {
  try {
    await workflowService.listWorkflowExecutions({ namespace, pageSize: 1, query: `${name} IS NULL` });
    return true;
  } catch (error) {
    if (grpcCodeOf(error) === INVALID_ARGUMENT) return false;
    throw error;
  }
}

/** What to run where it can't be done from here. */
export function commandsFor(namespace: string, names: readonly string[]): readonly string[] {
  return names.map(
    (name) =>
      `tcld namespace search-attributes add --namespace ${namespace} --search-attribute "${name}=${TYPES[typeOf(name)].name}"`,
  );
}

function typeOf(name: string): AttributeType {
  return SEARCH_ATTRIBUTES[name as keyof typeof SEARCH_ATTRIBUTES];
}

export const REGISTER_COMMAND: Command = {
  summary: '[--dry-run]   registers the search attributes that are missing in the namespace',
  run: async ({ operations, options, say }) => {
    const { connection, namespace, asked } = operations;
    const services = {
      namespace,
      operatorService: connection.operatorService,
      workflowService: connection.workflowService,
    };
    const found = await asked(async () => registrationOf(services));
    const { there, missing, differing, canRegister } = found;
    if (there.length > 0) say(`there: ${there.join(', ')}`, { there });
    if (differing.length > 0) throw new OperationError('TYPE_DIFFERS', differing.join('; '));
    if (missing.length === 0) return;
    if (!canRegister) {
      for (const command of commandsFor(namespace, missing)) say(command, { command });
      throw new OperationError('NOT_REGISTERED', missing.join(', '));
    }
    if (options['dry-run'] === true) {
      say(`missing: ${missing.join(', ')}`, { missing });
      return;
    }
    await asked(async () => register(services, missing));
    say(`registered: ${missing.join(', ')}`, { registered: missing });
  },
};
