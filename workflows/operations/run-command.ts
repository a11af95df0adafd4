/** What `npm run workflow` does with its arguments. */
import { parseArgs } from 'node:util';
import type { Command } from './commands.ts';
import { OPTIONS } from './commands.ts';
import { connect } from './connect.ts';
import { OPERATION_PROBLEMS, OperationError, operationErrorOf } from './problems.ts';
import { INSTALLATION_COMMANDS } from './installation-commands.ts';
import { REGISTER_COMMAND } from './search-attributes.ts';
import { WORKFLOW_COMMANDS } from './workflow-commands.ts';

const COMMANDS: Readonly<Record<string, Command>> = {
  ...WORKFLOW_COMMANDS,
  register: REGISTER_COMMAND,
  ...INSTALLATION_COMMANDS,
};

const HELP = `Operates workflows: npm run workflow -- COMMAND [arguments] [options]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(16)} ${summary}`)
  .join('\n')}

  --json   one JSON value a line, for programs
  Where Temporal is, TEMPORAL_* say, and Temporal's own profiles; WORKFLOW_KEYS opens payloads. .env.example describes them.`;

export interface CommandLine {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A line each. */
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** @returns the exit code: 0, or 2 for anything that was not done */
export async function runCommand({ args, environment, out, err }: CommandLine): Promise<number> {
  try {
    const { values, positionals } = parsed(args);
    const [name, ...rest] = positionals;
    if (values.help === true || name === undefined) {
      out(HELP);
      return 0;
    }
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command === undefined) {
      throw new OperationError('ARGUMENT_INVALID', `commands: ${Object.keys(COMMANDS).join(', ')}`);
    }
    const { json = false, help: _, ...options } = values;
    const operations = await connect(environment);
    try {
      await command.run({
        operations,
        environment,
        positionals: rest,
        options,
        say: (line, value) => out(json ? JSON.stringify(value) : line),
      });
    } finally {
      await operations.close();
    }
    return 0;
  } catch (error) {
    const { code, detail } = operationErrorOf(error);
    const { happened, action } = OPERATION_PROBLEMS[code];
    err(`${code}: ${happened}${detail === '' ? '' : ` (${detail})`}\n${action}`);
    return 2;
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new OperationError('ARGUMENT_INVALID', error instanceof Error ? error.message : '', error);
  }
}
