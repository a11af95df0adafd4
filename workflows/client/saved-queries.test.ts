import { describe, expect, it } from 'vitest';
import { newId } from '../../electron/contract/index.ts';
import type { SavedQueryName } from './saved-queries.ts';
import { SAVED_QUERIES, isSavedQuery, savedQuery } from './saved-queries.ts';

const NAMES = Object.keys(SAVED_QUERIES) as SavedQueryName[];
const AT = new Date('2026-11-22T12:00:00.000Z');
const LOCATION = newId();
const TENANT = newId();

describe('saved queries', () => {
  it('look back from now', () => {
    expect(savedQuery('failed', { at: AT })).toContain("CloseTime > '2026-11-21T12:00:00.000Z'");
    expect(savedQuery('stuck', { at: AT })).toBe(
      "WorkflowType = 'sessionWorkflow' AND ExecutionStatus = 'Running' AND SessionStatus IN ('IN_PROGRESS') AND Progress < 50" +
        " AND StartTime < '2026-11-22T11:30:00.000Z'",
    );
  });

  it.each(NAMES)('%s can be narrowed to a tenant and to locations', (name) => {
    const other = newId();
    const query = savedQuery(name, { at: AT, tenant: TENANT, locations: [LOCATION, other] });
    expect(query).toMatch(/^WorkflowType = 'sessionWorkflow' AND /);
    expect(query).toContain(` AND TenantId = '${TENANT}' AND LocationId IN ('${LOCATION}', '${other}')`);
  });

  it('refuse to be asked without what they are about', () => {
    expect(() => savedQuery('pending-review')).toThrow(expect.objectContaining({ extra: { field: 'locations' } }));
    expect(() => savedQuery('active', { tenant: TENANT })).toThrow('INPUT_INVALID');
    expect(() => savedQuery('active', { locations: [] })).toThrow('INPUT_INVALID');
    expect(() => savedQuery('tenant-review', { locations: [LOCATION] })).toThrow(
      expect.objectContaining({ extra: { field: 'tenant' } }),
    );
  });

  it('have no place for anything but ids', () => {
    for (const bad of ["' OR TenantId != '", `${LOCATION}'`, `${LOCATION}' OR '1' = '1`, '', '*', 'harbour']) {
      expect(() => savedQuery('active', { locations: [LOCATION, bad] })).toThrow('INPUT_INVALID');
      expect(() => savedQuery('tenant-review', { tenant: bad })).toThrow('INPUT_INVALID');
      expect(() => savedQuery(bad)).toThrow('INPUT_INVALID');
    }
    expect(['constructor', 'toString', 'failed'].map(isSavedQuery)).toEqual([false, false, true]);
  });
});
