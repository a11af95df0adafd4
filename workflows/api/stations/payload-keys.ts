/** What of the workflows' keys a station gets: its own tenant's, never the installation's. */
import type { PayloadKeys } from '../../../electron/contract/index.ts';
import type { NamedKey } from '../../codec/keys.ts';
import { tenantKey } from '../../codec/keys.ts';

/** @param masters the one that writes first; none: null */
export function payloadKeysOf(masters: readonly NamedKey[], tenantId: string): PayloadKeys | null {
  if (masters.length === 0) return null;
  return masters.map((master) => {
    const { id, key } = tenantKey(master, tenantId);
    return { id, key: Buffer.from(key).toString('base64') };
  });
}

/** What a station is told at each sign-in, so that it asks for those that it has not. */
export function payloadKeyIdsOf(masters: readonly NamedKey[]): string[] | null {
  return masters.length === 0 ? null : masters.map(({ id }) => id);
}
