/** The workflows that a worker of the cloud runs, by their names. */
export { sessionWorkflow } from './session/session-workflow.ts';
