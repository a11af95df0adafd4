/** The workflows that a worker of the cloud runs, by their names. */
export { siteAcceptanceWorkflow } from './acceptance/acceptance-workflow.ts';
export { deviceCalibrationWorkflow } from './calibration/calibration-workflow.ts';
export { archiveHistoriesWorkflow, reportVisitsWorkflow } from './operations/operations-workflows.ts';
export { sessionWorkflow } from './session/session-workflow.ts';
