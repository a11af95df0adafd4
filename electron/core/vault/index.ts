/** The vault's way in for the rest of core. Other processes and hosts use `blob-file.ts` alone. */
export { openVault } from './vault.ts';
export type { NameWatch, PreparedBlob, Vault } from './vault-api.ts';
export { createBlobWriter, readBlob } from './blob-file.ts';
