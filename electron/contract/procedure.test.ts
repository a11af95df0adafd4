import { oc } from '@orpc/contract';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkinContract, staffContract } from './api.ts';
import type { ProcedureMeta, RoledContract } from './procedure.ts';
import { procedure } from './procedure.ts';

function metasOf(contract: RoledContract): ProcedureMeta[] {
  return Object.values(contract).flatMap((value) =>
    '~orpc' in value
      ? [(value as { readonly '~orpc': { readonly meta: ProcedureMeta } })['~orpc'].meta]
      : metasOf(value),
  );
}

describe('procedures', () => {
  it('all name their roles', () => {
    const metas = [...metasOf(staffContract), ...metasOf(checkinContract)];
    expect(metas.length).toBeGreaterThan(30);
    for (const meta of metas) expect(meta.roles.length).toBeGreaterThan(0);
  });

  it('do not compile without', () => {
    // @ts-expect-error a procedure made around `procedure()` has no roles
    const bare: RoledContract = { bare: oc.output(z.string()) };
    // @ts-expect-error no roles given
    expect(() => procedure()).not.toThrow();
    expect(Object.keys(bare)).toEqual(['bare']);
  });

  it('at check-in screens are for patients only', () => {
    for (const meta of metasOf(checkinContract)) expect(meta.roles).toEqual(['patient']);
  });
});
