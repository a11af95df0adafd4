/** The vault's way in for the rest of core. Other processes use `blob-file.ts` alone. */
export { openVault } from './vault.ts';
export type {
  BlobRow,
  PendingBlob,
  PreparedBlob,
  RecoveredBlob,
  SweepResult,
  Vault,
  VaultOptions,
  WrittenContent,
} from './vault.ts';
export { createBlobReadStream, createBlobWriter, readBlob } from './blob-file.ts';
