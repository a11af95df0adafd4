/** The workflows as one bundle, with the interceptors that histories are recorded with. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { WorkflowBundle, WorkflowBundleOption, WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker';
import { FAILURE_CONVERTER_PATH } from '../codec/data-converter.ts';

const WORKFLOWS_PATH = fileURLToPath(new URL('../definitions/workflows.ts', import.meta.url));
const SPANS_PATH = fileURLToPath(new URL('workflow-spans.ts', import.meta.url));

/**
 * Takes seconds: a worker bundles once, at its start. Spans are not recorded (`recordingSpans`).
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
    webpackConfigHook: (config) => ({
      ...config,
      resolve: {
        ...config.resolve,
        // Temporal's own is no list.
        alias: {
          ...(config.resolve?.alias as Readonly<Record<string, string>> | undefined),
          '@opentelemetry/sdk-trace-base$': SPANS_PATH,
        },
      },
    }),
  });
}

/** The same workflows, whose spans are recorded and handed to the worker. For one that sends them somewhere. */
export function recordingSpans(bundle: WorkflowBundleOption): WorkflowBundle {
  const code = 'code' in bundle ? bundle.code : readFileSync(bundle.codePath, 'utf8');
  // In the first line, so that all others keep their numbers.
  return { code: `globalThis.vantageRecordsSpans = true;${code}` };
}
