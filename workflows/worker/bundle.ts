/** The workflows as one bundle, with the interceptors that histories are recorded with. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import { FAILURE_CONVERTER_PATH } from '../codec/data-converter.ts';

const WORKFLOWS_PATH = fileURLToPath(new URL('../definitions/workflows.ts', import.meta.url));

/**
 * Takes seconds: a worker bundles once, at its start.
 *
 * @param workflowsPath another set of definitions, for proving that they would be noticed
 */
export async function bundleWorkflows(workflowsPath: string = WORKFLOWS_PATH): Promise<WorkflowBundleWithSourceMap> {
  const require = createRequire(import.meta.url);
  return bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [
      require.resolve('@temporalio/interceptors-opentelemetry-v2/lib/workflow-interceptors'),
    ],
    failureConverterPath: FAILURE_CONVERTER_PATH,
    logger: new DefaultLogger('WARN'),
  });
}
