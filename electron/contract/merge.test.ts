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

  it('lets what a document was made with give way to what somebody changed it to, however late it was made', () => {
    const changed = { id: 's', review: 'approved', hlc: { id: clock(1, 'a'), review: clock(2, 'a') } };
    const made = { id: 's', review: null, hlc: { id: clock(9, 'b'), review: clock(9, 'b') } };
    const merged = mergeDocuments<MergeableDocument>(null, changed, made, groups);
    expect(merged).toEqual({ id: 's', review: 'approved', hlc: { id: clock(9, 'b'), review: clock(2, 'a') } });
    // A third place that made it, too, changes nothing of that.
    const third = { id: 's', review: null, hlc: { id: clock(12, 'c'), review: clock(12, 'c') } };
    expect(mergeDocuments<MergeableDocument>(null, third, merged, groups)['review']).toBe('approved');
  });

  it('gives both sides the same where one has a default that the other does not know, neither with a clock', () => {
    const older = { id: 's', hlc: { id: clock(1, 'a') } };
    const newer = { ...older, invented: null };
    for (const merged of [
      mergeDocuments<MergeableDocument>(null, older, newer, groups),
      mergeDocuments<MergeableDocument>(null, newer, older, groups),
    ])
      expect(merged).toEqual(newer);
  });

  it('lets a second making give way to a change of the first one, also where the first is known to both', () => {
    const base = { id: 's', note: 'one', hlc: { id: clock(1, 'a'), note: clock(1, 'a') } };
    const changed = { ...base, note: 'changed', hlc: { ...base.hlc, note: clock(4, 'a') } };
    const second = { id: 's', note: 'two', hlc: { id: clock(5, 'b'), note: clock(5, 'b') } };
    for (const merged of [
      mergeDocuments<MergeableDocument>(base, changed, second, groups),
      mergeDocuments<MergeableDocument>(base, second, changed, groups),
    ])
      expect(merged).toEqual({ id: 's', note: 'changed', hlc: { id: clock(5, 'b'), note: clock(4, 'a') } });
  });

  it('takes the later of two values that a document was made with, and gives way again to a change', () => {
    const one = { id: 's', day: 'monday', hlc: { id: clock(1, 'a'), day: clock(1, 'a') } };
    const other = { id: 's', hlc: { id: clock(4, 'b') } };
    const merged = mergeDocuments<MergeableDocument>(null, one, other, groups);
    expect(merged).toMatchObject({ day: 'monday' });
    const changed = { id: 's', day: 'friday', hlc: { id: clock(2, 'c'), day: clock(3, 'c') } };
    expect(mergeDocuments<MergeableDocument>(null, merged, changed, groups)).toMatchObject({ day: 'friday' });
  });

  it('gives the same document whichever side computes it', () => {
    const value = oneof(integer({ min: 0, max: 3 }), constantFrom('x', 'y'), constant(null));
    const document = record({
      status: value,
      pausedAt: value,
      consentId: value,
      other: value,
      _deleted: constantFrom(false, true),
      hlc: record({
        id: constantFrom(clock(1, 'a'), clock(2, 'b')),
        _deleted: constantFrom(clock(1, 'a'), clock(3, 'b')),
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
