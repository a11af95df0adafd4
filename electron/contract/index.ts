/** What UI, workstation and cloud agree on. Pure: no Node, no DOM, no Electron. */
export * from './api.ts';
export * from './audit.ts';
export * from './demonstration.ts';
export * from './devices.ts';
export * from './documents.ts';
export * from './hlc.ts';
export * from './ids.ts';
export * from './judgement.ts';
export * from './merge.ts';
export * from './procedure.ts';
export * from './problems.ts';
export * from './protocols.ts';
export * from './roles.ts';
export * from './status.ts';
export * from './storage.ts';
export * from './version.ts';
export * from './views.ts';
