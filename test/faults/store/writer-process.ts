/** The writer as its proofs see it: a process, what it has said, and what that acknowledges. */
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Acknowledged } from './check.ts';
import type { WriterOptions } from './writer.ts';

export const WRITER = join(import.meta.dirname, 'writer.ts');

export interface Refusal {
  readonly what: 'batch' | 'file';
  readonly number: number;
  readonly code: string;
}

/** Takes a writer's lines into what was acknowledged. A last line without its end says nothing. */
export class WriterOutput {
  readonly acknowledged: Acknowledged;
  readonly refusals: Refusal[] = [];
  /** Complete lines of acknowledgement. */
  count = 0;
  isOpen = false;
  hasStopped = false;
  /** How often the reserve was given up, and how often the batch for which it was was refused all the same. */
  releases = 0;
  releasedInVain = 0;
  #isReleased = false;
  #rest = '';
  #waiting: (() => void)[] = [];

  constructor(acknowledged: Acknowledged) {
    this.acknowledged = acknowledged;
  }

  take(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    this.wake();
  }

  /** Resolves after more was said, or when the writer has ended. */
  more(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #line(line: string): void {
    const [verb = '', first = '', second = '', ...rest] = line.trim().split(' ');
    if (verb === 'open') this.isOpen = true;
    else if (verb === 'stopped') this.hasStopped = true;
    else if (verb === 'released') {
      this.releases += 1;
      this.#isReleased = true;
    } else if (verb === 'refused') {
      if (first === 'batch') {
        if (this.#isReleased) this.releasedInVain += 1;
        this.#isReleased = false;
      }
      this.refusals.push({ what: first === 'file' ? 'file' : 'batch', number: Number(second), code: rest.join(' ') });
    } else if (verb === 'batch') {
      this.count += 1;
      this.#isReleased = false;
      this.acknowledged.batch = Number(first);
    } else if (verb === 'file') {
      this.count += 1;
      this.acknowledged.files.set(Number(first), second);
    }
  }
}

export class WriterProcess {
  readonly output: WriterOutput;
  readonly exited: Promise<readonly [number | null, NodeJS.Signals | null]>;
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  #errors = '';
  #hasEnded = false;

  constructor(options: WriterOptions, acknowledged: Acknowledged) {
    this.output = new WriterOutput(acknowledged);
    this.#child = spawn(process.execPath, [WRITER, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => this.output.take(text));
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#errors += text));
    // One that is killed takes the other end of its input along.
    this.#child.stdin.on('error', () => undefined);
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      this.#hasEnded = true;
      this.output.wake();
      return [code as number | null, signal as NodeJS.Signals | null] as const;
    });
  }

  /** Waits until `holds` of what was said. @throws with what it wrote to its error stream, when it ended before */
  async until(what: string, holds: (output: WriterOutput) => boolean, limitMs = 60_000): Promise<void> {
    const timer = setTimeout(() => {
      this.#errors += `not within ${limitMs} ms`;
      this.kill();
    }, limitMs);
    try {
      while (!holds(this.output)) {
        if (this.#hasEnded) throw new Error(`the writer ended before ${what}: ${this.#errors.slice(-2000)}`);
        await this.output.more();
      }
    } finally {
      clearTimeout(timer);
    }
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Does something while it stands still, in the middle of whatever it was at. */
  whileStopped(run: () => void): void {
    this.#child.kill('SIGSTOP');
    try {
      run();
    } finally {
      this.#child.kill('SIGCONT');
    }
  }

  /** Lets it end what it is doing and close the clinic. */
  async stop(): Promise<void> {
    this.#child.stdin.write('stop\n');
    await this.until('it stopped', (output) => output.hasStopped);
    await this.exited;
  }

  get errors(): string {
    return this.#errors;
  }
}
