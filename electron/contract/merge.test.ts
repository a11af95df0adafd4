import { anything, assert, constant, constantFrom, integer, oneof, option, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fieldGroups } from './documents.ts';
import { formatHlc } from './hlc.ts';
import type { MergeableDocument } from './merge.ts';
import { canonical, equalJson, mergeDocuments } from './merge.ts';

const groups = fieldGroups.sessions;
const clock = (ms: number, station: string): string => formatHlc({ ms, counter: 0, stationId: station });

describe('three-way merge', () => {
  it('keeps both changes when two stations changed different groups', () => {
    const base = { id: 's', status: 'CHECKED_IN', consentId: null, hlc: { lead: clock(1, 'a') } };
    const ours = { ...base, status: 'CAPTURING', hlc: { lead: clock(5, 'a') } };
    const theirs = { ...base, consentId: 'c', hlc: { ...base.hlc, consentId: clock(3, 'b') } };
    expect(mergeDocuments<MergeableDocument>(base, ours, theirs, groups)).toEqual({
      id: 's',
      status: 'CAPTURING',
      consentId: 'c',
      hlc: { lead: clock(5, 'a'), consentId: clock(3, 'b') },
    });
  });

  it('takes fields of one group from one side only', () => {
    const base = { status: 'CAPTURING', pausedAt: null, hlc: { lead: clock(1, 'a') } };
    const ours = { status: 'ANALYSING', pausedAt: null, hlc: { lead: clock(9, 'a') } };
    const theirs = { status: 'CAPTURING', pausedAt: '2026-11-21T09:00:00.000Z', hlc: { lead: clock(4, 'b') } };
    expect(mergeDocuments<MergeableDocument>(base, ours, theirs, groups)).toMatchObject({
      status: 'ANALYSING',
      pausedAt: null,
    });
  });

  it('lets fields survive that this version does not know', () => {
    const base = { id: 's', hlc: {} };
    const theirs = { id: 's', invented: { later: true }, hlc: { invented: clock(2, 'b') } };
    expect(mergeDocuments<MergeableDocument>(base, base, theirs, groups)).toMatchObject({ invented: { later: true } });
  });

  it('gives the same document whichever side computes it', () => {
    const value = oneof(integer({ min: 0, max: 3 }), constantFrom('x', 'y'), constant(null));
    const document = record({
      status: value,
      pausedAt: value,
      consentId: value,
      other: value,
      hlc: record({
        lead: constantFrom(clock(1, 'a'), clock(2, 'b'), clock(2, 'a')),
        consentId: constantFrom(clock(1, 'a'), clock(3, 'b')),
        other: constantFrom(clock(1, 'a'), 'unreadable'),
      }),
    });
    assert(
      property(option(document, { nil: null }), document, document, (base, ours, theirs) => {
        const there = mergeDocuments<MergeableDocument>(base, ours, theirs, groups);
        const back = mergeDocuments<MergeableDocument>(base, theirs, ours, groups);
        expect(canonical(there)).toBe(canonical(back));
      }),
    );
  });
});

describe('equality of JSON', () => {
  it('is equality of the canonical text, whatever is compared', () => {
    const leaf = constantFrom(null, undefined, true, 0, -0, 1, NaN, Infinity, '', 'a', 'null');
    const value = anything({ values: [leaf], key: constantFrom('a', 'b', '1', '0'), maxDepth: 3, maxKeys: 3 });
    assert(
      property(value, value, (one, other) => {
        expect(equalJson(one, other)).toBe(canonical(one) === canonical(other));
        expect(equalJson(one, structuredClone(one))).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
