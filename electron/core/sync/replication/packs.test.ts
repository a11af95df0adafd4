import { expect, it } from 'vitest';
import { SYNC_LIMITS } from '../../../contract/index.ts';
import type { Outgoing } from './packs.ts';
import { PUSH_ROWS, Packs } from './packs.ts';

function rowsOf(count: number, bytes = 100): Outgoing[] {
  return Array.from({ length: count }, (_, index) => ({
    state: { id: `document ${index}`, _deleted: false, text: 'x'.repeat(bytes) },
    revision: `1-${index}`,
    assumed: null,
    assumedVersion: null,
  }));
}

function idsOf(rows: readonly Outgoing[]): { readonly packs: string[][]; readonly tooLarge: string[] } {
  const tooLarge: string[] = [];
  const packs = new Packs(rows, (id) => tooLarge.push(id));
  const ids: string[][] = [];
  while (packs.isLeft) ids.push(packs.next().map(({ state }) => state.id));
  return { packs: ids, tooLarge };
}

it('every document is in one pack, in their order, in packs of so many rows at most', () => {
  const rows = rowsOf(2 * PUSH_ROWS + 1);
  const { packs } = idsOf(rows);
  expect(packs.map(({ length }) => length)).toEqual([PUSH_ROWS, PUSH_ROWS, 1]);
  expect(packs.flat()).toEqual(rows.map(({ state }) => state.id));
});

it('a pack ends before it gets too heavy, and what is heavier than a pack travels alone', () => {
  const rows = [...rowsOf(3, 700_000), ...rowsOf(1, 3_000_000)];
  expect(idsOf(rows).packs.map(({ length }) => length)).toEqual([1, 1, 1, 1]);
});

it('what no push can carry is told and left out, and leaves nothing to send where it was alone', () => {
  const [small, large] = [rowsOf(1), rowsOf(1, 2 * SYNC_LIMITS.documentBytes + 1)];
  expect(idsOf([...large, ...small])).toEqual({ packs: [['document 0']], tooLarge: ['document 0'] });
  expect(idsOf(large)).toEqual({ packs: [[]], tooLarge: ['document 0'] });
  expect(idsOf([]).packs).toEqual([]);
});

it('a document is written down when its pack is asked for, once', () => {
  let written = 0;
  const counted = {
    toJSON: () => {
      written += 1;
      return 'x'.repeat(600_000);
    },
  };
  const rows = rowsOf(3).map((row) => ({ ...row, state: { ...row.state, counted } }));
  const packs = new Packs(rows, () => undefined);
  expect(written).toBe(0);
  packs.next();
  expect(written).toBe(2);
  packs.next();
  packs.next();
  expect(packs.isLeft).toBe(false);
  expect(written).toBe(3);
});
