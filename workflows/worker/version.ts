/** Which build a worker is: part of what Temporal shows of it, and, where deployments are versioned, what is rolled out. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WorkerDeploymentOptions } from '@temporalio/worker';
import { z } from 'zod';

const ROOT = join(import.meta.dirname, '..', '..');
const UNVERSIONED_NAME = 'vantage';

const schema = z.object({
  /** Left out: workers take work as soon as they run, whichever build they are. */
  TEMPORAL_DEPLOYMENT: z
    .string()
    .regex(/^[\w-]{1,60}$/)
    .optional(),
  TEMPORAL_BUILD_ID: z
    .string()
    .regex(/^[\w.+-]{1,100}$/)
    .optional(),
});

/**
 * With a deployment's name its workers get no work until their build is made the current one. Visits that began under another build go on
 * under the current one (`AUTO_UPGRADE`): they last for months, recorded histories prove that they can, and no old worker has to be kept.
 *
 * @throws Error that names the variable that is wrong
 */
export function deploymentOf(environment: Readonly<Record<string, string | undefined>>): WorkerDeploymentOptions {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const read = schema.safeParse(set);
  if (!read.success) {
    const names = new Set(read.error.issues.map((issue) => String(issue.path[0])));
    throw new Error(`wrong in the environment: ${[...names].join(', ')}`);
  }
  const { TEMPORAL_DEPLOYMENT: name, TEMPORAL_BUILD_ID: build } = read.data;
  const version = { deploymentName: name ?? UNVERSIONED_NAME, buildId: build ?? ownBuildId() };
  return name === undefined
    ? { version, useWorkerVersioning: false }
    : { version, useWorkerVersioning: true, defaultVersioningBehavior: 'AUTO_UPGRADE' };
}

/** The package's version and, in a checkout, its commit. */
function ownBuildId(): string {
  const { version } = z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
  try {
    const options = { cwd: ROOT, stdio: ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'] };
    const commit = execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], options).toString().trim();
    return `${version}+${commit}`;
  } catch {
    return version;
  }
}
