import { EventEmitter, once } from 'node:events';
import { PassThrough } from 'node:stream';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ServiceProcess } from '../../services/service-process.ts';
import type { UtilityElectron } from './utility-service-process.ts';
import { createUtilityLauncher } from './utility-service-process.ts';

/** Electron's utility process as its documents describe it: only the order of its words about an end is played here. */
class FakeUtility extends EventEmitter {
  pid: number | undefined;
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly posted: unknown[] = [];
  isInExit = false;
  killed = 0;
  postMessage(message: unknown): void {
    if (this.isInExit) throw new Error('postMessage inside exit');
    this.posted.push(message);
  }
  kill(): boolean {
    this.killed += 1;
    return true;
  }
  end(code: number): void {
    this.isInExit = true;
    this.emit('exit', code);
    this.isInExit = false;
  }
}

interface Forked {
  readonly entry: string;
  readonly options: { readonly serviceName?: string; readonly env?: object; readonly stdio?: unknown };
}

let app: EventEmitter;
/** The newest. */
let child: FakeUtility;
let forked: Forked[];
let refusal: Error | null;
let launch: () => ServiceProcess<unknown>;

beforeEach(() => {
  app = new EventEmitter();
  forked = [];
  refusal = null;
  const electron = {
    app,
    utilityProcess: {
      fork: (entry: string, _arguments: string[], options: Forked['options']) => {
        if (refusal !== null) throw refusal;
        forked.push({ entry, options });
        child = new FakeUtility();
        return child;
      },
    },
  } as unknown as UtilityElectron;
  const launcher = createUtilityLauncher(electron, { PATH: '/bin', VANTAGE_SECRET: 'x', NODE_OPTIONS: '--inspect' });
  launch = () => launcher.launch({ name: 'vantage-core', entry: '/dist/services/core.js' });
});

const gone = (name: string, reason: string, exitCode: number): boolean =>
  app.emit('child-process-gone', {}, { type: 'Utility', name, reason, exitCode });

describe('launching', () => {
  it('gives a clean environment, piped output, and a name that no other run has', () => {
    launch();
    launch();
    expect(forked.map(({ options }) => options.serviceName)).toEqual(['vantage-core-1', 'vantage-core-2']);
    expect(forked[0]?.options).toMatchObject({ stdio: 'pipe', env: { PATH: '/bin' } });
    expect(Object.keys(forked[0]?.options.env ?? {})).toEqual(['PATH']);
  });

  it('that Electron refuses is an exit, not an exception', async () => {
    refusal = new Error('no entry');
    await expect(launch().exited).resolves.toMatchObject({ code: null, reason: 'no entry' });
  });

  it('passes lines on, cut to a bound', async () => {
    const lines: string[] = [];
    launch().onOutput((line, stream) => lines.push(`${stream}:${line.length}`));
    child.stdout.write(`${'x'.repeat(9000)}\nshort\n`);
    child.stdout.end();
    await once(child.stdout, 'end');
    expect(lines).toEqual(['stdout:4000', 'stdout:5']);
  });
});

describe('the end', () => {
  it('is told once, with the reason, when both signals come', async () => {
    const { exited } = launch();
    gone('vantage-core-1', 'crashed', 11);
    child.end(11);
    await expect(exited).resolves.toEqual({ code: 11, signal: null, reason: 'crashed' });
    expect(app.listenerCount('child-process-gone')).toBe(0);
  });

  it('is told by exit alone, and by child-process-gone alone', async () => {
    const one = launch();
    child.end(0);
    await expect(one.exited).resolves.toMatchObject({ code: 0, reason: 'exit 0' });
    const two = launch();
    gone('vantage-core-2', 'oom', 5);
    await expect(two.exited).resolves.toMatchObject({ code: 5, reason: 'oom' });
  });

  it('of another run is not this one’s', async () => {
    const { exited } = launch();
    gone('vantage-core-7', 'crashed', 11);
    child.end(3);
    await expect(exited).resolves.toMatchObject({ code: 3, reason: 'exit 3' });
  });

  it('lets work follow outside the handler, where messages may be posted', async () => {
    const one = launch();
    const wasInside = one.exited.then(() => ending.isInExit);
    const ending = child;
    ending.end(1);
    await expect(wasInside).resolves.toBe(false);
    one.postMessage('too late');
    expect(ending.posted).toEqual([]);
  });

  it('before the process was there is asked for as soon as it is', () => {
    launch().kill();
    expect(child.killed).toBe(0);
    // A process id beyond any system's, so that nobody is hit.
    child.pid = 2 ** 30;
    child.emit('spawn');
    expect(child.killed).toBe(1);
  });
});
