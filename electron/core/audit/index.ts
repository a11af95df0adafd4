export { AuditTrail, FIRST_PREVIOUS_HASH, readAudit, verifyAudit } from './chain.ts';
export type { AuditQuery } from './chain.ts';
