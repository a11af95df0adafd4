export { openStore } from './database.ts';
export type { StoreOptions } from './database.ts';
export * from './key-handling.ts';
export { syncFolder, writeDurably } from './durable-file.ts';
export { storeProblem } from './store-problem.ts';
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
