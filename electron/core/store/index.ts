export { openStore } from './database.ts';
export type { StoreOptions } from './database.ts';
export * from './key-handling.ts';
export type {
  Companions,
  Draft,
  PutOptions,
  Store,
  StoreChange,
  StoreLog,
  StoreQuery,
  StoreTransaction,
  Write,
} from './types.ts';
