/** Entry of the inference process: ONNX Runtime blocks the thread that runs it, and may crash. */
import { z } from 'zod';
import { createBlobWriter, readBlob } from '../core/vault/blob-file.ts';
import { createInference } from '../../native/inference/inference.ts';
import { INFERENCE_METHODS } from './interfaces.ts';
import { serveApi } from './rpc.ts';
import { runService } from './run-service.ts';
import { serviceLog } from './service-log.ts';

const initSchema = z.object({ modelsDirectory: z.string().min(1) });
type Inference = Awaited<ReturnType<typeof createInference>>;
const { promise: inference, resolve } = Promise.withResolvers<Inference>();
let isOpen = false;
const log = serviceLog('inference');

runService({
  name: 'inference',
  onInit: async (raw) => {
    const { modelsDirectory } = initSchema.parse(raw);
    resolve(
      await createInference({
        modelsDirectory,
        blobs: { read: readBlob, openSink: createBlobWriter },
        log: (message, fields) => log.info(fields, message),
      }),
    );
    isOpen = true;
    return null;
  },
  // Calls wait in the port until the models are there.
  onPort: (_label, _detail, port) => void inference.then((api) => serveApi(api, INFERENCE_METHODS, port)),
  onStop: async () => {
    if (isOpen) await (await inference).close();
  },
});
