/** The workflows, bundled once for all files of a run (`global-setup.ts`). */
import { inject } from 'vitest';

/** @returns what a worker takes as its bundle */
export function testBundle(): { readonly codePath: string } {
  return { codePath: inject('workflowsBundle') };
}
