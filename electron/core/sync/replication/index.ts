export { startReplication } from './replication.ts';
export type { Replication, ReplicationOptions } from './replication.ts';
