/**
 * The outbox against a real Temporal server: station, server and worker are killed (SIGKILL) again and again while intents are written
 * and delivered. At the end each intent is found in the histories exactly once, those of a subject in their order, and no workflow was
 * started twice. The control sends each try under an id of its own: it must be found out.
 */
import { fork, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Connection, WorkflowClient } from '@temporalio/client';
import { bundleWorkflowCode } from '@temporalio/worker';
import { workflowIdOf } from '../../../electron/contract/index.ts';
import { openTestStore } from '../../../electron/core/store/testing/documents.ts';
import { temporalProgram } from '../../../workflows/temporal/binary.ts';
import type { TemporalServer } from '../../../workflows/temporal/server.ts';
import { startTemporal } from '../../../workflows/temporal/server.ts';
import { Random } from '../../fixtures/random.ts';
import type { FaultProof, FaultResult } from '../fault-proof.ts';
import { intentId, subjectId } from './sequence.ts';

/** Of each visit: its start and three messages. */
const PER_SUBJECT = 4;
const SIZES = {
  ci: { subjects: 75, deaths: { station: 8, server: 3, worker: 3 } },
  full: { subjects: 2500, deaths: { station: 60, server: 20, worker: 20 } },
} as const;
const SILENCE_MS = 120_000;
/** How much more has to be delivered until it is told again. */
const TOLD_SHARE = 0.1;

type Victim = keyof (typeof SIZES)['ci']['deaths'];

export const outboxFaults: FaultProof = async ({ full, seed, unsafeControl }) => {
  const { subjects, deaths } = SIZES[full ? 'full' : 'ci'];
  const total = subjects * PER_SUBJECT;
  let program: string;
  try {
    program = await temporalProgram({ environment: process.env, say: (line) => console.log(line) });
  } catch (error) {
    const [reason = ''] = (error as Error).message.split('\n');
    return { passed: 0, failures: [], skipped: [`outbox: ${reason}`] };
  }
  const folder = mkdtempSync(join(tmpdir(), 'vantage-outbox-'));
  const codePath = join(folder, 'workflow.js');
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, 'stand-in-workflow.ts'),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  });
  writeFileSync(codePath, code);
  const options = { program, databaseFile: join(folder, 'temporal.db') };
  let server: TemporalServer = await startTemporal(options);
  let worker = workerProcess(server.address, codePath);
  const directory = join(folder, 'station');
  const died: Record<Victim, number> = { station: 0, server: 0, worker: 0 };
  try {
    let left = deathsAt(new Random(seed), total, deaths);
    let isDone = false;
    let told = 0;
    const began = performance.now();
    while (!isDone) {
      const station = fork(
        join(import.meta.dirname, 'station-process.ts'),
        [directory, server.address, String(total), String(subjects), unsafeControl ? 'unsafe' : 'safe'],
        { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] },
      );
      const end = new Promise<void>((resolve) => station.once('exit', () => resolve()));
      let isSilent = false;
      const giveUp = (): void => {
        isSilent = true;
        station.kill('SIGKILL');
      };
      let silence = setTimeout(giveUp, SILENCE_MS);
      let lines = 0;
      for await (const line of createInterface({ input: station.stdout as NodeJS.ReadableStream })) {
        clearTimeout(silence);
        silence = setTimeout(giveUp, SILENCE_MS);
        isDone ||= line === 'done';
        const delivered = Number(/^delivered (\d+)$/.exec(line)?.[1] ?? 0);
        if (delivered >= told + total * TOLD_SHARE) {
          told = delivered;
          const seconds = Math.round((performance.now() - began) / 1000);
          console.log(`  ${delivered} of ${total} intents delivered after ${seconds} s; died: ${JSON.stringify(died)}`);
        }
        const [next] = left;
        lines += 1;
        if (next === undefined || lines < next.afterLines || station.signalCode !== null || isDone) continue;
        left = left.slice(1);
        lines = 0;
        died[next.victim] += 1;
        if (next.victim === 'station') {
          station.kill('SIGKILL');
        } else if (next.victim === 'worker') {
          await killed(worker);
          worker = workerProcess(server.address, codePath);
        } else {
          await server.kill();
          server = await startTemporal({ ...options, port: server.port });
          station.send('the network is back', () => undefined);
        }
      }
      clearTimeout(silence);
      await end;
      if (isSilent) return { passed: 0, failures: [`outbox: nothing happened for ${SILENCE_MS / 1000} s`] };
      if (!isDone && station.signalCode === null)
        return { passed: 0, failures: ['outbox: the station ended by itself'] };
    }
    console.log(`${total} intents of ${subjects} visits delivered; died: ${JSON.stringify(died)}`);
    return await judged(server.address, directory, subjects, unsafeControl);
  } finally {
    await killed(worker);
    await server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
};

interface Death {
  readonly victim: Victim;
  /** Lines that the station says before it, since the last death. */
  readonly afterLines: number;
}

/** Spread over the whole run, in an order of the seed's. */
function deathsAt(random: Random, total: number, deaths: Readonly<Record<Victim, number>>): Death[] {
  const victims = (Object.entries(deaths) as [Victim, number][]).flatMap(([victim, count]) =>
    Array.from({ length: count }, () => ({ victim, at: random.next() })),
  );
  // A station says about two lines for each intent.
  const mean = Math.floor((1.4 * total) / (victims.length + 1));
  return victims
    .toSorted((a, b) => a.at - b.at)
    .map(({ victim }) => ({ victim, afterLines: random.between(1, 2 * mean) }));
}

function workerProcess(address: string, codePath: string): ChildProcess {
  return spawn(process.execPath, [join(import.meta.dirname, 'worker-process.ts'), address, codePath], {
    stdio: ['ignore', 'ignore', 'ignore'],
  });
}

async function killed(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGKILL');
  await end;
}

async function judged(address: string, directory: string, subjects: number, isControl: boolean): Promise<FaultResult> {
  const failures: string[] = [];
  const store = await openTestStore(directory);
  const states = store.sqlite.prepare<[], string>('SELECT DISTINCT state FROM intents').pluck().all();
  await store.close();
  if (!isControl && states.join() !== 'delivered')
    failures.push(`intents that are not delivered: ${states.join(', ')}`);
  const connection = await Connection.connect({ address });
  const client = new WorkflowClient({ connection });
  let passed = 0;
  let doubled = 0;
  try {
    const runs = new Map<string, number>();
    for await (const { workflowId } of client.list()) runs.set(workflowId, (runs.get(workflowId) ?? 0) + 1);
    for (let subject = 0; subject < subjects; subject += 1) {
      const workflowId = workflowIdOf('session', subjectId(subject));
      const count = runs.get(workflowId) ?? 0;
      const { events } = await client.getHandle(workflowId).fetchHistory();
      const taken = (events ?? []).flatMap((event) => {
        const { acceptedRequest } = event.workflowExecutionUpdateAcceptedEventAttributes ?? {};
        const id = acceptedRequest?.meta?.updateId ?? null;
        return id === null ? [] : [id];
      });
      const expected = Array.from({ length: PER_SUBJECT - 1 }, (_, index) => intentId(subject, index + 2));
      doubled += Math.max(0, taken.length - expected.length);
      if (isControl) continue;
      if (count !== 1) failures.push(`visit ${subject}: its workflow was started ${count} times`);
      else if (taken.join() !== expected.join()) {
        failures.push(`visit ${subject}: took ${taken.map((id) => expected.indexOf(id) + 2).join(', ')}, not 2, 3, 4`);
      } else passed += 1;
    }
  } finally {
    await connection.close();
  }
  if (isControl && doubled === 0) failures.push('control: messages that have another id at each try doubled nothing');
  return { passed: isControl ? doubled : passed, failures };
}
