/** A worker of the stand-in's queue until it is killed. Arguments: address, path of the bundled code. Says `ready` once it polls. */
import { writeSync } from 'node:fs';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { VISITS_QUEUE } from '../../../electron/contract/workflows.ts';

const [, , address = '', codePath = ''] = process.argv;
Runtime.install({
  logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  shutdownSignals: [],
});
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({ connection, taskQueue: VISITS_QUEUE, workflowBundle: { codePath } });
writeSync(1, 'ready\n');
await worker.run();
