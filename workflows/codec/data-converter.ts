/** How clients and workers turn values into what goes over the wire. */
import { fileURLToPath } from 'node:url';
import type { DataConverter, LoadedDataConverter } from '@temporalio/common';
import { defaultPayloadConverter } from '@temporalio/common';
import type { EncryptionCodec } from './encryption-codec.ts';
import { failureConverter } from './failure-converter.ts';

/** Where workflows load it from: they live in a bundle of their own. */
export const FAILURE_CONVERTER_PATH = fileURLToPath(new URL('failure-converter.ts', import.meta.url));

/** For a client: loaded already, so that it may be part of a bundle. */
export function clientConverter(codec: EncryptionCodec): LoadedDataConverter {
  return { payloadConverter: defaultPayloadConverter, failureConverter, payloadCodecs: [codec] };
}

/** For a worker. */
export function workerConverter(codec: EncryptionCodec): DataConverter {
  return { failureConverterPath: FAILURE_CONVERTER_PATH, payloadCodecs: [codec] };
}
