import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createORPCClient } from '@orpc/client';
import { RPCLink } from '@orpc/client/message-port';
import type { RouterClient } from '@orpc/server';
import { afterEach, describe, expect, it } from 'vitest';
import { PROBLEMS, VantageError } from '../contract/index.ts';
import type { fixtureRouter } from './fixtures/core.ts';
import { fixture, FIXTURE_KEY, fixtureOptions } from './fixtures/options.ts';
import { createNodeLauncher } from './node-launcher.ts';
import { startService } from './service-handle.ts';
import type { ServicePort } from './service-process.ts';
import type { StationState, Supervisor, SupervisorOptions } from './supervisor.ts';
import { createSupervisor } from './supervisor.ts';

type Client = RouterClient<typeof fixtureRouter>;

const launcher = createNodeLauncher({ ...process.env, VANTAGE_SECRET: 'not for children' });
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const pids = new Map<string, number>();
const log = {
  ...quiet,
  info: (fields: object) => {
    if ('pid' in fields && 'process' in fields) pids.set(String(fields.process), Number(fields.pid));
  },
};

const BACKUP = '20261121T120000Z';

/** One that a list shows: what it says of itself can be read, and is what nobody has verified. */
function writeBackup(directory: string): void {
  const hash = '0'.repeat(64);
  const heads = { audit: { sequence: 0, hash }, intents: 0, tables: {}, blobs: 0 };
  const manifest = {
    version: 1,
    name: BACKUP,
    madeAt: '2026-11-21T12:00:00.000Z',
    storeId: 'store',
    stationId: 'station',
    publicKey: 'AAAA',
    check: hash,
    store: { bytes: 0, sha256: hash, schema: 1 },
    heads,
    files: { count: 0, bytes: 0, missing: 0, sha256: hash },
  };
  const path = join(directory, 'backups', BACKUP);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'manifest.json'), JSON.stringify({ manifest, signature: 'AAAA', seal: hash }));
}

/** A station whose data are damaged, with one backup. @param name how the core of the tests restores it. */
async function damaged(name: string): Promise<{
  readonly supervisor: Supervisor<ServicePort>;
  /** How far a restore was said to have come. */
  readonly seen: readonly string[];
  /** One for each time that the key was asked for. */
  readonly loads: readonly null[];
}> {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-restoring-'));
  folders.push(folder);
  const directory = join(folder, name);
  writeBackup(directory);
  const loads: null[] = [];
  const load = async (): Promise<Uint8Array> => {
    loads.push(null);
    return FIXTURE_KEY;
  };
  const supervisor = supervise({ clinic: { directory, mode: 'clinic' }, keys: { ...fixtureOptions().keys, load } });
  await supervisor.start();
  expect(supervisor.state).toMatchObject({ phase: 'failed', problem: { code: 'STORE_DAMAGED' } });
  const seen: string[] = [];
  supervisor.onState(({ work }) => {
    if (work?.kind === 'restore') seen.push(`${work.step} ${work.done} ${work.mayCancel}`);
  });
  return { supervisor, seen, loads };
}

const folders: string[] = [];
const running: Supervisor<ServicePort>[] = [];
function supervise(changes: Partial<SupervisorOptions<ServicePort>> = {}): Supervisor<ServicePort> {
  const supervisor = createSupervisor<ServicePort>({ ...fixtureOptions(), launcher, log, ...changes });
  running.push(supervisor);
  return supervisor;
}
afterEach(async () => {
  await Promise.all(running.splice(0).map(async (supervisor) => supervisor.stop()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function screen(supervisor: Supervisor<ServicePort>): { client: Client; port: ServicePort; closed: Promise<void> } {
  const [ours, theirs] = launcher.makeChannel();
  const closed = new Promise<void>((resolve) => {
    ours.addEventListener('close', resolve);
  });
  expect(supervisor.attachScreen(theirs, { surface: 'staff', screenSessionId: 'screen-session-1' })).toBe(true);
  return { client: createORPCClient<Client>(new RPCLink({ port: ours })), port: ours, closed };
}

async function until(supervisor: Supervisor<ServicePort>, holds: (state: StationState) => boolean): Promise<void> {
  if (holds(supervisor.state)) return;
  await new Promise<void>((resolve) => {
    const stop = supervisor.onState((state) => {
      if (!holds(state)) return;
      stop();
      resolve();
    });
  });
}
const restartsOf = (state: StationState, name: string): number =>
  state.processes.find((process) => process.name === name && process.state === 'running')?.restarts ?? -1;

async function namesOf(changes: Partial<SupervisorOptions<ServicePort>>): Promise<string[]> {
  const supervisor = supervise(changes);
  await supervisor.start();
  return supervisor.state.processes.map(({ name }) => name);
}

async function lastOf<T>(stream: AsyncIterable<T>): Promise<T | null> {
  let last: T | null = null;
  for await (const item of stream) last = item;
  return last;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('supervisor', () => {
  it('starts all processes, gives core its key over the private channel only, and tells it how the others are', async () => {
    const supervisor = supervise();
    await supervisor.start();
    expect(supervisor.state.phase).toBe('ready');
    const { client } = screen(supervisor);
    const hello = await client.hello();
    expect(hello).toMatchObject({ surface: 'staff', screenSessionId: 'screen-session-1' });
    expect(hello.keyHash).toBe(createHash('sha256').update(FIXTURE_KEY).digest('hex'));
    const { names, argv } = await client.environment();
    expect(names).not.toContain('VANTAGE_SECRET');
    expect(argv).toEqual([]);
    await until(supervisor, (state) => state.processes.every((process) => process.state === 'running'));
    expect((await client.processes()).map((process) => process.name).sort()).toEqual([
      'core',
      'devices',
      'inference',
      'simulators',
    ]);
  });

  it('polls for work of the cloud only where its workflows are configured, and never in a demonstration', async () => {
    const clinic = { directory: '/nowhere', mode: 'clinic' } as const;
    expect(await namesOf({ clinic, hasWorkflows: true })).toEqual(['devices', 'inference', 'core', 'station-worker']);
    expect(await namesOf({ clinic })).toEqual(['devices', 'inference', 'core']);
    expect(await namesOf({ hasWorkflows: true })).toEqual(['simulators', 'devices', 'inference', 'core']);
  });

  it('rejects calls in flight when devices is killed, and the same proxy works again afterwards', async () => {
    const supervisor = supervise();
    await supervisor.start();
    const { client } = screen(supervisor);
    const before = await client.weigh('any');
    const hanging = client.weigh('never');
    const stream = await client.samples('scale');
    await stream.next();
    process.kill(pids.get('devices') ?? 0, 'SIGKILL');
    expect(await hanging).toBe('DEVICES_RESTARTED');
    expect(await lastOf(stream)).toBe('DEVICES_RESTARTED');
    // Asked while it is down: waits for it.
    const after = await client.weigh('any');
    expect(after).toMatchObject({ kind: 'refused' });
    expect(after).not.toEqual(before);
    expect((await client.hello()).devicesPorts).toBe(2);
    expect(supervisor.state.phase).toBe('ready');
  });

  it('keeps the code of a refusal across the port', async () => {
    const supervisor = supervise();
    await supervisor.start();
    expect(await screen(supervisor).client.weigh('overloaded')).toBe('SCALE_OVERLOAD');
  });

  it('survives a native crash of devices', async () => {
    const supervisor = supervise();
    await supervisor.start();
    const { client } = screen(supervisor);
    expect(await client.weigh('crash')).toBe('DEVICES_RESTARTED');
    expect(await client.weigh('any')).toMatchObject({ kind: 'refused' });
  });

  it('closes the screens when core is killed and gives the new core its key and its ports', async () => {
    const supervisor = supervise();
    await supervisor.start();
    const first = screen(supervisor);
    const before = await first.client.hello();
    const hanging = first.client.weigh('never');
    process.kill(before.pid, 'SIGKILL');
    await first.closed;
    await expect(hanging).rejects.toMatchObject({ name: 'AbortError' });
    await until(supervisor, (state) => restartsOf(state, 'core') === 1);
    const second = screen(supervisor);
    const after = await second.client.hello();
    expect(after.pid).not.toBe(before.pid);
    expect(after.keyHash).toBe(before.keyHash);
    expect(await second.client.weigh('any')).toMatchObject({ kind: 'refused' });
  });

  it('restarts core after an unhandled rejection', async () => {
    const supervisor = supervise();
    await supervisor.start();
    const { client, closed } = screen(supervisor);
    await client.reject().catch(() => undefined);
    await closed;
    await until(supervisor, (state) => restartsOf(state, 'core') === 1);
    expect(supervisor.state.phase).toBe('ready');
  });

  it('gives up a process that keeps dying, goes on without it, and tries again when asked', async () => {
    const options = fixtureOptions();
    const supervisor = supervise({ entries: { ...options.entries, inference: fixture('dies.ts') } });
    await supervisor.start();
    await until(supervisor, (state) => state.processes.some((process) => process.state === 'stopped'));
    expect(supervisor.state.phase).toBe('ready');
    const stopped = supervisor.state.processes.find((process) => process.state === 'stopped');
    expect(stopped).toMatchObject({ name: 'inference', restarts: 3 });
    supervisor.retry();
    await until(supervisor, (state) => state.processes.some((process) => process.state === 'restarting'));
  });

  it('says PROCESS_STOPPED when it is core that keeps dying', async () => {
    const options = fixtureOptions();
    const supervisor = supervise({ entries: { ...options.entries, core: fixture('dies.ts') } });
    await supervisor.start();
    expect(supervisor.state).toMatchObject({ phase: 'failed', problem: { code: 'PROCESS_STOPPED' } });
    const [, theirs] = launcher.makeChannel();
    expect(supervisor.attachScreen(theirs, { surface: 'staff', screenSessionId: 'screen-session-1' })).toBe(false);
  });

  it('shows the reason when core refuses to open, and does not try again by itself', async () => {
    const supervisor = supervise({ clinic: { directory: '/nowhere/wrong-key', mode: 'clinic' } });
    await supervisor.start();
    expect(supervisor.state).toMatchObject({ phase: 'failed', problem: { code: 'KEY_WRONG', detail: 'fixture' } });
  });

  it('offers nobody to enter the key of a demonstration: it lies in a file', async () => {
    const supervisor = supervise({ clinic: { directory: '/nowhere/wrong-key', mode: 'demonstration' } });
    await supervisor.start();
    expect(supervisor.state).toMatchObject({ phase: 'failed', problem: { code: 'DEMONSTRATION_KEY' } });
    expect(PROBLEMS.DEMONSTRATION_KEY.action).not.toBe(PROBLEMS.KEY_WRONG.action);
    const without = supervise({
      clinic: { directory: '/nowhere', mode: 'demonstration' },
      keys: { ...fixtureOptions().keys, load: () => Promise.reject(new VantageError('KEY_MISSING')) },
    });
    await without.start();
    expect(without.state).toMatchObject({ phase: 'failed', problem: { code: 'DEMONSTRATION_KEY_MISSING' } });
  });

  it('asks for a passphrase where the key was not found, one try at a time, and opens with the right one', async () => {
    const tried: string[] = [];
    const gate = Promise.withResolvers<void>();
    const supervisor = supervise({
      clinic: { directory: '/nowhere', mode: 'clinic' },
      keys: {
        ...fixtureOptions().keys,
        load: () => Promise.reject(new VantageError('KEY_MISSING')),
        passphrases: () => ['recovery'],
        unlock: async (passphrase) => {
          tried.push(passphrase);
          await gate.promise;
          if (passphrase !== 'right') throw new VantageError('PASSPHRASE_WRONG');
          return FIXTURE_KEY;
        },
      },
    });
    await supervisor.start();
    expect(supervisor.state).toMatchObject({ phase: 'failed', problem: { code: 'KEY_MISSING' } });
    expect(await supervisor.recovery()).toEqual({ of: 'key', passphrases: ['recovery'] });
    await expect(supervisor.recover({ do: 'copy' })).rejects.toMatchObject({ code: 'STATUS_CONFLICT' });
    const wrong = supervisor.recover({ do: 'unlock', passphrase: 'wrong' });
    // The first one has its turn: what is offered is looked up before.
    await expect.poll(() => tried).toEqual(['wrong']);
    await expect(supervisor.recover({ do: 'unlock', passphrase: 'right' })).rejects.toMatchObject({
      code: 'STATUS_CONFLICT',
    });
    gate.resolve();
    await expect(wrong).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' });
    await supervisor.recover({ do: 'unlock', passphrase: 'right' });
    await until(supervisor, (state) => state.phase === 'ready');
    const { keyHash } = await screen(supervisor).client.hello();
    expect(keyHash).toBe(createHash('sha256').update(FIXTURE_KEY).digest('hex'));
    expect(tried).toEqual(['wrong', 'right']);
  });

  it('tells how far a backup is on its way into the place of damaged data, with the key that is there', async () => {
    const { supervisor, seen, loads } = await damaged('damaged');
    await expect(supervisor.recover({ do: 'cancel' })).rejects.toMatchObject({ code: 'STATUS_CONFLICT' });
    await supervisor.recover({ do: 'restore', backup: BACKUP });
    await until(supervisor, ({ phase }) => phase === 'ready');
    expect(supervisor.state.work).toBeNull();
    expect(new Set(seen)).toEqual(
      new Set(['copying 0 true', 'copying 1 true', 'copying 2 true', 'copying 3 true', 'replacing 0 false']),
    );
    await expect(supervisor.recover({ do: 'cancel' })).rejects.toMatchObject({ code: 'STATUS_CONFLICT' });
    expect(loads).toHaveLength(1);
  });

  it('stops putting a backup back as long as nothing of it counts, and offers it again', async () => {
    const { supervisor, seen } = await damaged('damaged-large');
    await supervisor.recover({ do: 'restore', backup: BACKUP });
    await until(supervisor, ({ work }) => work?.kind === 'restore' && work.done > 20);
    await supervisor.recover({ do: 'cancel' });
    expect(supervisor.state.work).toMatchObject({ mayCancel: false });
    await until(supervisor, ({ phase }) => phase === 'failed');
    // What was wrong before it still is.
    expect(supervisor.state).toMatchObject({ problem: { code: 'STORE_DAMAGED' }, work: null });
    expect(await supervisor.recovery()).toMatchObject({ of: 'data', backups: [{ name: BACKUP }] });
    expect(seen).not.toContain('replacing 0 false');
  });

  it.each(['/nowhere', '/nowhere/dies-saving'])(
    'gives core a new key where somebody asked for it, also when it dies while that is saved: %s',
    async (directory) => {
      const saved: Uint8Array[] = [];
      const supervisor = supervise({
        clinic: { directory, mode: 'demonstration' },
        keys: {
          ...fixtureOptions().keys,
          save: async (key) => {
            // Longer than the core that asked for it lives, and than the next one takes to be started.
            await new Promise((resolve) => setTimeout(resolve, 400));
            saved.push(key);
          },
        },
      });
      const steps = new Set<string>();
      supervisor.onState(({ work }) => void (work !== null && steps.add(work.step)));
      await supervisor.start();
      const first = screen(supervisor);
      // Its answer may be lost with the core that gives it.
      await Promise.allSettled([first.client.changeKey(), first.closed]);
      await until(supervisor, (state) => state.phase === 'ready' && state.work === null);
      expect([...steps]).toEqual(['closing', 'replacing']);
      expect(saved).toHaveLength(1);
      const { keyHash } = await screen(supervisor).client.hello();
      expect(keyHash).toBe(
        createHash('sha256')
          .update(saved[0] ?? FIXTURE_KEY)
          .digest('hex'),
      );
      expect(restartsOf(supervisor.state, 'core')).toBe(directory === '/nowhere' ? 0 : 1);
    },
  );

  it('refuses a process of another build', async () => {
    const options = fixtureOptions();
    const supervisor = supervise({ entries: { ...options.entries, core: fixture('other-build.ts') } });
    await supervisor.start();
    expect(supervisor.state).toMatchObject({ phase: 'failed', problem: { code: 'BUILD_MISMATCH' } });
  });

  it('lets a service refuse a host of another build', async () => {
    const handle = startService(launcher, {
      name: 'simple',
      entry: fixture('simple.ts'),
      buildId: 'another build',
      init: {},
      readyLimitMs: 10_000,
      requestLimitMs: 1000,
      stopLimitMs: 1000,
      heartbeatMs: null,
      onOutput: () => undefined,
    });
    await expect(handle.ready).rejects.toMatchObject({ code: 'BUILD_MISMATCH' });
    await handle.exited;
  });

  it('kills a process whose event loop stands still', async () => {
    const supervisor = supervise({ timing: { ...fixtureOptions().timing, heartbeatMs: 50 } });
    await supervisor.start();
    process.kill((await screen(supervisor).client.hello()).pid, 'SIGSTOP');
    await until(supervisor, (state) => restartsOf(state, 'core') === 1);
    expect(supervisor.state.phase).toBe('ready');
  });

  it('kills also a process that may block its thread, when it blocks far too long', async () => {
    const supervisor = supervise({ timing: { ...fixtureOptions().timing, patientHeartbeatMs: 50 } });
    await supervisor.start();
    await until(supervisor, (state) => state.processes.every((process) => process.state === 'running'));
    process.kill(pids.get('inference') ?? 0, 'SIGSTOP');
    await until(supervisor, (state) => restartsOf(state, 'inference') === 1);
    expect(supervisor.state.phase).toBe('ready');
  });

  it('leaves no child behind when it stops', async () => {
    const supervisor = supervise();
    await supervisor.start();
    const children = [...pids.values()];
    await supervisor.stop();
    expect(children.filter(isAlive)).toEqual([]);
  });

  it('leaves no child behind when the host is killed', async () => {
    const host = spawn(process.execPath, [fixture('host.ts')], { stdio: ['ignore', 'pipe', 'inherit'] });
    const children: number[] = [];
    for await (const line of createInterface({ input: host.stdout })) {
      const said = JSON.parse(line) as { pid?: number; phase?: string };
      if (said.pid !== undefined) children.push(said.pid);
      if (said.phase !== undefined) break;
    }
    expect(children).toHaveLength(4);
    host.kill('SIGKILL');
    await once(host, 'exit');
    await expect.poll(() => children.filter(isAlive), { timeout: 10_000 }).toEqual([]);
  });
});
