/** A process that runs the scenario again and again: it is sent the call that is to fail, and answers with what came of it. */
import { readConfig } from '../../../workflows/api/config.ts';
import type { ServerAddress } from '../cloud-database.ts';
import { CloudDatabase, apiEnvironment } from '../cloud-database.ts';
import { scratchFolder } from '../scratch-folder.ts';
import { SimulatedCloud } from '../simulation/cloud.ts';
import type { Fault } from './fault-plan.ts';
import { FaultPlan } from './fault-plan.ts';
import { runScenario } from './scenario.ts';

/** What it is started with, as JSON. */
export interface ThrowOnceOptions {
  readonly server: ServerAddress;
}

/** null: nothing fails. */
export interface ThrowOnceJob {
  readonly fault: Fault | null;
}

export interface ThrowOnceOutcome {
  /** What did not hold; null: everything did. */
  readonly failure: string | null;
  /** Whether the call came that was to fail. */
  readonly struck: boolean;
  /** How often each site was called. */
  readonly calls: readonly (readonly [string, number])[];
}

const ADDRESS = 'https://cloud.test';

const { server } = JSON.parse(process.argv[2] ?? '') as ThrowOnceOptions;
const folder = scratchFolder('vantage-throw-once-');
const admin = await CloudDatabase.create(server, `throw_once_${process.pid}`);
const api = new SimulatedCloud(readConfig(apiEnvironment(admin.apiUrl, ADDRESS)), () => new Date());
await api.start();
const stray: string[] = [];
process.on('unhandledRejection', (error) => stray.push(error instanceof Error ? error.message : 'what is no error'));
process.on('uncaughtException', ({ message }) => stray.push(message));
process.once('disconnect', () => {
  void api
    .stop()
    .then(async () => admin.drop())
    .finally(() => process.exit());
});

process.on('message', ({ fault }: ThrowOnceJob) => void answer(new FaultPlan(fault)));
process.send?.('ready');

async function answer(plan: FaultPlan): Promise<void> {
  const failure = await failureOf(async () => runScenario({ api, admin, folder }, plan));
  const [nobodys] = stray.splice(0);
  const outcome: ThrowOnceOutcome = {
    failure: nobodys === undefined ? failure : `nobody handled ${nobodys}`,
    struck: plan.struck,
    calls: [...plan.calls],
  };
  process.send?.(outcome);
}

async function failureOf(run: () => Promise<void>): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
