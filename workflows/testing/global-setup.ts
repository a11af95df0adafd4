/**
 * PostgreSQL as for the other tests of the cloud, one Temporal development server for the run, where it can be had, and the workflows
 * bundled once.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import setupDatabase from '../database/testing/global-setup.ts';
import { temporalProgram } from '../temporal/binary.ts';
import type { TemporalServer } from '../temporal/server.ts';
import { startTemporal } from '../temporal/server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly temporal: { readonly program: string; readonly address: string; readonly namespace: string } | null;
    /** Why there is none. */
    readonly noTemporal: string;
    /** File of the workflows as one bundle. */
    readonly workflowsBundle: string;
  }
}

const WORKER = join(import.meta.dirname, '..', 'worker', 'main.ts');

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'vantage-workflows-'));
  const ends: (() => Promise<void>)[] = [async () => rmSync(folder, { recursive: true, force: true })];
  const endAll = async (): Promise<void> => {
    for (const end of ends.toReversed()) await end();
  };
  // None of them needs another.
  const begun = await Promise.allSettled([
    setupDatabase(project).then((stop) => ends.push(stop)),
    setupTemporal(project).then((server) => server !== null && ends.push(async () => server.stop())),
    setupBundle(project, join(folder, 'workflows.js')),
  ]);
  const failed = begun.find((each) => each.status === 'rejected');
  if (failed !== undefined) {
    await endAll();
    throw failed.reason;
  }
  return endAll;
}

async function setupTemporal(project: TestProject): Promise<TemporalServer | null> {
  let program: string;
  try {
    program = await temporalProgram({ environment: process.env, say: (line) => process.stdout.write(`${line}\n`) });
  } catch (error) {
    project.provide('temporal', null);
    project.provide('noTemporal', error instanceof Error ? error.message : String(error));
    return null;
  }
  // It can be had: that it does not start is a failure.
  const server = await startTemporal({ program });
  project.provide('temporal', { program, address: server.address, namespace: server.namespace });
  project.provide('noTemporal', '');
  return server;
}

/** As an installation makes it for its workers: by the worker's own command. */
async function setupBundle(project: TestProject, file: string): Promise<void> {
  await promisify(execFile)(process.execPath, [WORKER, '--bundle', file]);
  project.provide('workflowsBundle', file);
}
