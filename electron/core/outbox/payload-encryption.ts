/** Payloads leave the station encrypted under its tenant's keys; failures that come back are opened with them. */
import type { LoadedDataConverter } from '@temporalio/common';
import { VantageError } from '../../contract/index.ts';

/**
 * Loads the codec, which brings Temporal's client along, when it is first needed.
 *
 * @param text as `readKeys` takes it @throws VantageError WORKFLOWS_REFUSED: it is not that
 */
export async function payloadEncryption(text: string, tenantId: string): Promise<LoadedDataConverter> {
  const [{ clientConverter }, { EncryptionCodec }, { ownKeys, readKeys }] = await Promise.all([
    import('../../../workflows/codec/data-converter.ts'),
    import('../../../workflows/codec/encryption-codec.ts'),
    import('../../../workflows/codec/keys.ts'),
  ]);
  let keys: ReturnType<typeof readKeys>;
  try {
    keys = readKeys(text);
  } catch {
    throw new VantageError('WORKFLOWS_REFUSED', 'the keys of payloads can not be read');
  }
  return clientConverter(new EncryptionCodec(ownKeys(tenantId, keys), tenantId));
}
