/**
 * Keys of payloads. Workers have the installation's master keys and derive each tenant's from them; a station has its own tenant's only.
 * A key has an id, so that a new one can be put first while the old one still opens what was written before.
 */
import { hkdfSync } from 'node:crypto';
import { derivedId } from '../../electron/contract/ids.ts';

const KEY_BYTES = 32;
const INFO = 'vantage workflow payloads';
/** Keys that a worker keeps. */
const MOST_DERIVED = 10_000;

/** Under whose key the payloads of workflows lie that are about the installation, and no clinic. No clinic has this id. */
export const INSTALLATION_ID = derivedId('installation');

export interface NamedKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

export interface TenantKeys {
  /** What is written now. */
  current(tenantId: string): NamedKey;
  /** Null: not known here. */
  find(tenantId: string, keyId: string): NamedKey | null;
}

/**
 * @param text `ID:BASE64` of 32 bytes each, commas between, the one that writes first
 * @throws Error that names no key
 */
export function readKeys(text: string): readonly NamedKey[] {
  const keys = text.split(',').map((part) => {
    const [, id, encoded] = /^([\w.-]{1,40}):([A-Za-z0-9+/]+=*)$/.exec(part.trim()) ?? [];
    const key = Buffer.from(encoded ?? '', 'base64');
    if (id === undefined || key.length !== KEY_BYTES) throw new Error('a key is not ID:BASE64 of 32 bytes');
    return { id, key };
  });
  if (new Set(keys.map(({ id }) => id)).size !== keys.length) throw new Error('two keys have the same id');
  return keys;
}

/** The tenant's own key below a master key: HKDF (RFC 5869) with SHA-256, the tenant's id as salt. It has the master key's id. */
export function tenantKey(master: NamedKey, tenantId: string): NamedKey {
  return { id: master.id, key: new Uint8Array(hkdfSync('sha256', master.key, tenantId, INFO, KEY_BYTES)) };
}

/** All tenants' keys, for workers. Those that were derived are kept: each payload needs one. */
export function derivedKeys(masters: readonly NamedKey[]): TenantKeys {
  const [first] = masters;
  if (first === undefined) throw new Error('no key');
  const derived = new Map<string, NamedKey>();
  const keyOf = (master: NamedKey, tenantId: string): NamedKey => {
    const name = `${tenantId}/${master.id}`;
    const known = derived.get(name);
    if (known !== undefined) return known;
    // Names of tenants come with payloads that nobody has checked yet.
    if (derived.size >= MOST_DERIVED) derived.clear();
    const key = tenantKey(master, tenantId);
    derived.set(name, key);
    return key;
  };
  return {
    current: (tenantId) => keyOf(first, tenantId),
    find: (tenantId, keyId) => {
      const master = masters.find(({ id }) => id === keyId);
      return master === undefined ? null : keyOf(master, tenantId);
    },
  };
}

/** One tenant's keys, for a station. */
export function ownKeys(ownTenantId: string, keys: readonly NamedKey[]): TenantKeys {
  const [first] = keys;
  if (first === undefined) throw new Error('no key');
  return {
    current: (tenantId) => {
      if (tenantId !== ownTenantId) throw new Error('a key of another tenant');
      return first;
    },
    find: (tenantId, keyId) => (tenantId === ownTenantId ? (keys.find(({ id }) => id === keyId) ?? null) : null),
  };
}
