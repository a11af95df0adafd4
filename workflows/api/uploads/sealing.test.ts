import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../electron/contract/index.ts';
import { withScope } from '../../database/scope.ts';
import { NORTH_HARBOUR, SOUTH_HARBOUR } from '../testing/test-api.ts';
import { seedPlaces } from '../../database/testing/seed.ts';
import type { TestDatabase } from '../../database/testing/test-database.ts';
import { createTestDatabase } from '../../database/testing/test-database.ts';
import type { MasterKey, WrappedFileKey } from './file-keys.ts';
import { FileKeys } from './file-keys.ts';
import { keeperScope } from './jobs.ts';
import { SEAL_BYTES, SealBrokenError, seal, segmentContext, unseal } from './sealing.ts';

const KEY = randomBytes(32);

describe('a sealed message', () => {
  it('opens to what it was, and is never the same twice', () => {
    for (const size of [0, 1, 4096]) {
      const plain = randomBytes(size);
      const sealed = seal(KEY, 'a', plain);
      expect(sealed.length).toBe(size + SEAL_BYTES);
      expect(unseal(KEY, 'a', sealed).equals(plain)).toBe(true);
      expect(seal(KEY, 'a', plain).equals(sealed)).toBe(false);
    }
  });

  it('opens with no bit changed, nothing cut or added, at no other place and with no other key', () => {
    const sealed = seal(KEY, segmentContext('file', 0), randomBytes(40));
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => unseal(KEY, segmentContext('file', 0), changed)).toThrow(SealBrokenError);
    }
    for (const other of [sealed.subarray(0, -1), sealed.subarray(0, 10), Buffer.concat([sealed, Buffer.alloc(1)])]) {
      expect(() => unseal(KEY, segmentContext('file', 0), other)).toThrow(SealBrokenError);
    }
    expect(() => unseal(KEY, segmentContext('file', 1), sealed)).toThrow(SealBrokenError);
    expect(() => unseal(KEY, segmentContext('other', 0), sealed)).toThrow(SealBrokenError);
    expect(() => unseal(randomBytes(32), segmentContext('file', 0), sealed)).toThrow(SealBrokenError);
  });
});

describe('the keys of files', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await seedPlaces(database.admin);
  });
  afterAll(async () => database.close());

  const OLD: MasterKey = { id: 'old', key: randomBytes(32) };
  const NEW: MasterKey = { id: 'new', key: randomBytes(32) };

  async function masters(): Promise<unknown[]> {
    const { rows } = await database.admin.query(
      'SELECT DISTINCT master_key_id AS id FROM file_keys WHERE tenant_id = $1',
      [NORTH_HARBOUR.tenantId],
    );
    return rows;
  }

  it('outlive a change of the master key, and are wrapped by the new one when they are used', async () => {
    const { tenantId } = NORTH_HARBOUR;
    const id = newId();
    const make = async (keys: FileKeys): Promise<WrappedFileKey> =>
      withScope(database.api, keeperScope(tenantId), async (tx) => keys.newFileKey(tx, tenantId, id));
    const open = async (keys: FileKeys, file: WrappedFileKey): Promise<Buffer> =>
      withScope(database.api, keeperScope(tenantId), async (tx) => keys.fileKey(tx, { ...file, id }));

    // Two at once, and there is still one key of the tenant.
    const [wrapped, other] = await Promise.all([make(new FileKeys([OLD])), make(new FileKeys([OLD]))]);
    expect(other.key_id).toBe(wrapped.key_id);
    const key = await open(new FileKeys([OLD]), wrapped);
    expect((await open(new FileKeys([OLD]), other)).equals(key)).toBe(false);
    await expect(open(new FileKeys([NEW]), wrapped)).rejects.toThrow('a master key of files is not configured');
    expect(await masters()).toEqual([{ id: 'old' }]);
    expect((await open(new FileKeys([NEW, OLD]), wrapped)).equals(key)).toBe(true);
    expect(await masters()).toEqual([{ id: 'new' }]);
    expect((await open(new FileKeys([NEW]), wrapped)).equals(key)).toBe(true);
    await expect(open(new FileKeys([{ ...NEW, key: OLD.key }]), wrapped)).rejects.toThrow(SealBrokenError);
  });

  it('of one tenant do not open those of another', async () => {
    const keys = new FileKeys([OLD]);
    const { tenantId } = SOUTH_HARBOUR;
    const id = newId();
    const wrapped = await withScope(database.api, keeperScope(tenantId), async (tx) =>
      keys.newFileKey(tx, tenantId, id),
    );
    await expect(
      withScope(database.api, keeperScope(NORTH_HARBOUR.tenantId), async (tx) => keys.fileKey(tx, { ...wrapped, id })),
    ).rejects.toThrow('no result');
  });

  it('are not begun without a master key, or with two of one name', () => {
    expect(() => new FileKeys([])).toThrow('need a master key');
    expect(() => new FileKeys([OLD, { ...NEW, id: 'old' }])).toThrow('same id');
  });
});
