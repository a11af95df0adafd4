/** A worker of the stand-in's queue until it is killed. Arguments: address, path of the bundled code. Says `ready` once it polls. */
import { writeSync } from 'node:fs';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { VISITS_QUEUE } from '../../../electron/contract/workflows.ts';
import { TENANT } from '../../../electron/core/store/testing/documents.ts';
import { EncryptionCodec } from '../../../workflows/codec/encryption-codec.ts';
import { ownKeys } from '../../../workflows/codec/keys.ts';
import { PAYLOAD_KEY } from './sequence.ts';

const [, , address = '', codePath = ''] = process.argv;
Runtime.install({
  logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} },
  shutdownSignals: [],
});
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue: VISITS_QUEUE,
  workflowBundle: { codePath },
  dataConverter: { payloadCodecs: [new EncryptionCodec(ownKeys(TENANT, [PAYLOAD_KEY]), TENANT)] },
});
writeSync(1, 'ready\n');
await worker.run();
