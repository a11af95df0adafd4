export { AuditTrail, FIRST_PREVIOUS_HASH, hashOf, readAudit, verifyAudit } from './chain.ts';
export type { AuditQuery, AuditVerdict } from './chain.ts';
