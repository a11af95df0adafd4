export { openStore } from './database.ts';
export type { StoreOptions } from './database.ts';
export * from './key-handling.ts';
export type { Draft, Store, StoreTransaction } from './types.ts';
