/** A worker by the SDK alone, with its defaults, until it is killed. Arguments: address, queue, path of the bundled code. */
import { writeSync } from 'node:fs';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const [, , address = '', taskQueue = '', codePath = ''] = process.argv;
Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  taskQueue,
  workflowBundle: { codePath },
  activities: { configuration: async (request: object) => request, step: async (request: object) => request },
});
const running = worker.run();
writeSync(1, 'listening\n');
await running;
