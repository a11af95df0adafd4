/** Gives the cloud a new key for this station. Whatever is lost on the way, one of the two keys is accepted. */
import { CLOUD_PATHS, rotateKeyResponseSchema } from '../../contract/index.ts';
import type { AccountKeys } from './cloud-account.ts';
import type { StationClient } from './cloud-client.ts';
import { keyIdOf, keyProof } from './station-key.ts';

/** Kept here, announced, then used: the first token for it makes the cloud forget the one before. @throws VantageError, as `CloudClient` */
export async function rotateKey(
  stationId: string,
  keys: AccountKeys,
  client: StationClient,
  signal: AbortSignal,
): Promise<void> {
  const next = keys.prepareNext();
  const keyId = await keyIdOf(next);
  // Where it was announced before and only the answer was lost, signing in with it settles everything.
  client.forgetToken();
  await client.probe(signal);
  if (keys.next() === null) return;
  const request = { publicKey: next.publicKey, proof: await keyProof(next, stationId, keyId) };
  await client.post(CLOUD_PATHS.rotateKey, request, rotateKeyResponseSchema, { signal });
  client.forgetToken();
  await client.probe(signal);
}
