export { AnchorKeeper, keepAnchor } from './anchor-keeper.ts';
export { openStore } from './database.ts';
export type { StoreOptions } from './database.ts';
export * from './key-handling.ts';
export type { Draft, Store, StoreTables, StoreTransaction } from './types.ts';
