/** The one way to declare a procedure: with the roles that may call it. Without them it does not compile. */
import type { AnyContractProcedure } from '@orpc/contract';
import { oc } from '@orpc/contract';
import { problemSchema } from './problems.ts';
import type { Caller } from './roles.ts';

export interface ProcedureMeta {
  /** Who may call it. `anyone` = any connected staff screen, also a locked one. */
  readonly roles: readonly [Caller, ...Caller[]];
}

/** Every expected failure travels as this one error with a `Problem` as its data. */
export const PROBLEM_ERROR = 'PROBLEM';

export function procedure(...roles: readonly [Caller, ...Caller[]]) {
  return oc.$meta<ProcedureMeta>({ roles }).errors({ [PROBLEM_ERROR]: { status: 422, data: problemSchema } });
}

type Roled = AnyContractProcedure & { readonly '~orpc': { readonly meta: ProcedureMeta } };
/** A contract in which every procedure has roles. */
export interface RoledContract {
  readonly [name: string]: Roled | RoledContract;
}
