/** The staff's contract, ready to be filled with handlers, each behind the guard. */
import { implement } from '@orpc/server';
import { staffContract } from '../../contract/index.ts';
import type { ApiContext, GuardOptions } from './guard.ts';
import { guardCall } from './guard.ts';

export type StaffImplementer = ReturnType<typeof staffImplementer>;

export function staffImplementer(guard: GuardOptions) {
  return implement(staffContract)
    .$context<ApiContext>()
    .use(({ context, procedure, path, next }, input) =>
      guardCall(
        guard,
        procedure['~orpc'].meta,
        path.join('.'),
        context,
        async (call) => next({ context: call }),
        input,
      ),
    );
}
