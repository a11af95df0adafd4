/** A process that does one job after the other, each sent to it as a message and answered with what came of it. */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** It ended in the midst of a job, with these words. */
export interface Crash {
  readonly crash: string;
}

export class WorkerProcess<Job, Outcome> {
  runs = 0;
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  #errors = '';

  private constructor(process: ChildProcess) {
    this.#process = process;
    this.#exited = once(process, 'exit');
    process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
  }

  /** @param path of what it runs; that says something when it is ready. @param options its argument, as JSON */
  static async start<Job, Outcome>(path: string, options: object): Promise<WorkerProcess<Job, Outcome>> {
    const child = fork(path, [JSON.stringify(options)], { stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    const worker = new WorkerProcess<Job, Outcome>(child);
    await Promise.race([
      once(child, 'message'),
      worker.#exited.then(() => {
        throw new Error(`a worker did not start: ${worker.#errors}`);
      }),
    ]);
    return worker;
  }

  async run(job: Job): Promise<Outcome | Crash> {
    this.runs += 1;
    const answered = once(this.#process, 'message').then(([outcome]) => outcome as Outcome);
    const died = this.#exited.then((): Crash => ({ crash: this.#errors || 'died without a word' }));
    this.#process.send(job as NonNullable<Job> & object);
    return Promise.race([answered, died]);
  }

  async end(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.disconnect();
    await this.#exited;
  }
}
