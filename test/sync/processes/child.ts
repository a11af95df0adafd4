/** A process of the proof that may be killed at any instant. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** Whoever is stopped in the midst of a proof leaves no process behind. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export class Child<In, Out> {
  readonly #process: ChildProcess;
  readonly #heard: (message: Out) => void;
  #errors = '';
  #killed = false;

  /** @param heard every message that it managed to send, those from before its death included */
  constructor(path: string, argument: string, env: NodeJS.ProcessEnv, heard: (message: Out) => void) {
    this.#process = fork(path, [argument], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], env });
    this.#heard = heard;
    const child = this.#process;
    running.add(child);
    child.once('exit', () => running.delete(child));
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    this.#process.on('message', (message) => this.#heard(message as Out));
  }

  get errors(): string {
    return this.#errors;
  }

  get hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Whether it ended without having been killed from here. */
  get diedByItself(): boolean {
    return this.hasEnded && !this.#killed;
  }

  send(message: In): void {
    if (this.#process.connected) this.#process.send(message as NonNullable<In> & object);
  }

  async kill(): Promise<void> {
    this.#killed = true;
    if (this.hasEnded) return;
    // Not `exit`: what it had sent before is still read.
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await closed;
  }
}
