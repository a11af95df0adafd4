/** How a command of `npm run workflow` is declared. */
import type { Operations } from './connect.ts';

export const OPTIONS = {
  location: { type: 'string', multiple: true },
  tenant: { type: 'string' },
  limit: { type: 'string' },
  run: { type: 'string' },
  input: { type: 'string' },
  queue: { type: 'string' },
  reason: { type: 'string' },
  to: { type: 'string' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export interface CommandOptions {
  readonly location?: string[];
  readonly tenant?: string;
  readonly limit?: string;
  readonly run?: string;
  readonly input?: string;
  readonly queue?: string;
  readonly reason?: string;
  readonly to?: string;
  readonly 'dry-run'?: boolean;
}

export interface CommandContext {
  readonly operations: Operations;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly positionals: readonly string[];
  readonly options: CommandOptions;
  /** A line for people; with `--json`, the value instead. */
  readonly say: (line: string, value: unknown) => void;
}

export interface Command {
  /** Arguments, and what it does. */
  readonly summary: string;
  /** @throws OperationError */
  readonly run: (context: CommandContext) => Promise<void>;
}
