/**
 * The keys of files. The configuration has master keys; each tenant has keys of its own, wrapped by a master key, in the database; each
 * file has a key of its own, wrapped by a tenant's, in its row. Every wrapped key says by which it was wrapped, so that keys can change:
 * a tenant's key that an old master key wraps is wrapped anew when it is next used.
 */
import { randomBytes } from 'node:crypto';
import { VantageError, newId } from '../../../electron/contract/index.ts';
import type { Scoped } from '../../database/scope.ts';
import { KEY_BYTES, seal, unseal } from './sealing.ts';

export interface MasterKey {
  readonly id: string;
  /** 256 bits. */
  readonly key: Uint8Array;
}

export interface WrappedFileKey {
  readonly wrapped_key: Buffer;
  readonly key_id: string;
}

interface KeyRow {
  readonly key_id: string;
  readonly tenant_id: string;
  readonly master_key_id: string;
  readonly wrapped: Buffer;
}

const tenantContext = (row: Pick<KeyRow, 'tenant_id' | 'key_id'>): string =>
  `vantage-tenant-key:${row.tenant_id}:${row.key_id}`;
const fileContext = (fileId: string): string => `vantage-file-key:${fileId}`;

export class FileKeys {
  readonly #masters: ReadonlyMap<string, Uint8Array>;
  readonly #activeMaster: MasterKey;

  /** @param masters the one that wraps first. @throws Error when there is none, or two have the same id */
  constructor(masters: readonly MasterKey[]) {
    const [active] = masters;
    if (active === undefined) throw new Error('files need a master key');
    this.#activeMaster = active;
    this.#masters = new Map(masters.map(({ id, key }) => [id, key]));
    if (this.#masters.size !== masters.length) throw new Error('two master keys have the same id');
  }

  /** A key for a new file, as itself and as its row keeps it. The tenant gets its first key with its first file. */
  async newFileKey(tx: Scoped, tenantId: string, fileId: string): Promise<WrappedFileKey> {
    const row = (await this.#active(tx, tenantId)) ?? (await this.#first(tx, tenantId));
    const key = randomBytes(KEY_BYTES);
    const wrapped = seal(await this.#open(tx, row), fileContext(fileId), key);
    return { wrapped_key: wrapped, key_id: row.key_id };
  }

  /** @throws VantageError INTERNAL when the master key that it hangs from is not configured (any more) */
  async fileKey(tx: Scoped, file: WrappedFileKey & { readonly id: string }): Promise<Buffer> {
    const row = await tx
      .selectFrom('file_keys')
      .selectAll()
      .where('key_id', '=', file.key_id)
      .executeTakeFirstOrThrow();
    return unseal(await this.#open(tx, row), fileContext(file.id), file.wrapped_key);
  }

  async #active(tx: Scoped, tenantId: string): Promise<KeyRow | undefined> {
    return tx
      .selectFrom('file_keys')
      .selectAll()
      .where('tenant_id', '=', tenantId)
      .where('state', '=', 'active')
      .executeTakeFirst();
  }

  async #first(tx: Scoped, tenantId: string): Promise<KeyRow> {
    const keyId = newId();
    const context = tenantContext({ tenant_id: tenantId, key_id: keyId });
    await tx
      .insertInto('file_keys')
      .values({
        key_id: keyId,
        tenant_id: tenantId,
        master_key_id: this.#activeMaster.id,
        wrapped: seal(this.#activeMaster.key, context, randomBytes(KEY_BYTES)),
        state: 'active',
      })
      // Two first files at once: one key.
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const row = await this.#active(tx, tenantId);
    if (row === undefined) throw new Error('the tenant has no key');
    return row;
  }

  async #open(tx: Scoped, row: KeyRow): Promise<Buffer> {
    const master = this.#masters.get(row.master_key_id);
    if (master === undefined) throw new VantageError('INTERNAL', 'a master key of files is not configured');
    const key = unseal(master, tenantContext(row), row.wrapped);
    if (row.master_key_id !== this.#activeMaster.id) {
      // Readers may not change keys; the next station or job does.
      await tx
        .updateTable('file_keys')
        .set({
          master_key_id: this.#activeMaster.id,
          wrapped: seal(this.#activeMaster.key, tenantContext(row), key),
        })
        .where('key_id', '=', row.key_id)
        .where('master_key_id', '=', row.master_key_id)
        .execute();
    }
    return key;
  }
}
