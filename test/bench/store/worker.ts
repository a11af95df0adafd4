/** A child process that does one thing after the other when asked: each party of a comparison has a heap and a compiler of its own. */
import { fork } from 'node:child_process';

export interface Worker {
  /** @throws Error with what went wrong in the process */
  ask<Answer>(command: string, input?: unknown): Promise<Answer>;
  close(): Promise<void>;
}

export type Commands = Readonly<Record<string, (input: never) => unknown>>;

interface Request {
  readonly command: string;
  readonly input: unknown;
}
type Response = { readonly answer: unknown } | { readonly error: string };

/** @param path of a module that calls `serve`. */
export function startWorker(path: string, args: readonly string[]): Worker {
  const child = fork(path, args, { execArgv: ['--expose-gc'], serialization: 'advanced' });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  return {
    ask: <Answer>(command: string, input?: unknown) =>
      new Promise<Answer>((resolve, reject) => {
        const gone = (code: number | null): void => reject(new Error(`${command}: the process ended (${code})`));
        child.once('exit', gone);
        child.once('message', (response: Response) => {
          child.off('exit', gone);
          if ('error' in response) reject(new Error(`${command}: ${response.error}`));
          else resolve(response.answer as Answer);
        });
        child.send({ command, input } satisfies Request);
      }),
    close: async () => {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** In the child: answers until its parent leaves, then `leave`. */
export function serve(commands: Commands, leave: () => Promise<void> | void): void {
  process.on('message', ({ command, input }: Request) => {
    void answer(commands[command] as ((input: unknown) => unknown) | undefined, input);
  });
  process.once('disconnect', () => {
    void Promise.resolve(leave()).then(() => process.exit(0));
  });
}

async function answer(run: ((input: unknown) => unknown) | undefined, input: unknown): Promise<void> {
  try {
    if (run === undefined) throw new Error('no such command');
    say({ answer: await run(input) });
  } catch (error) {
    say({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function say(response: Response): void {
  process.send?.(response);
}

/** Garbage of what was prepared is not the measured one's. */
export function collectGarbage(): void {
  if (globalThis.gc === undefined) throw new Error('start it with --expose-gc');
  globalThis.gc();
}
