/** PostgreSQL as for the other tests of the cloud, and one Temporal development server for the run, where it can be had. */
import type { TestProject } from 'vitest/node';
import setupDatabase from '../database/testing/global-setup.ts';
import { temporalProgram } from '../temporal/binary.ts';
import { startTemporal } from '../temporal/server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly temporal: { readonly program: string; readonly address: string; readonly namespace: string } | null;
    /** Why there is none. */
    readonly noTemporal: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stopDatabase = await setupDatabase(project);
  let program: string;
  try {
    program = await temporalProgram({ environment: process.env, say: (line) => process.stdout.write(`${line}\n`) });
  } catch (error) {
    project.provide('temporal', null);
    project.provide('noTemporal', error instanceof Error ? error.message : String(error));
    return stopDatabase;
  }
  // It can be had: that it does not start is a failure.
  const server = await startTemporal({ program });
  project.provide('temporal', { program, address: server.address, namespace: server.namespace });
  project.provide('noTemporal', '');
  return async () => {
    await server.stop();
    await stopDatabase();
  };
}
