import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Store } from '../store/index.ts';
import { auditEntry, openTestStore, temporaryFolder } from '../store/testing/documents.ts';
import { FIRST_PREVIOUS_HASH, verifyAudit } from './index.ts';

let folder: ReturnType<typeof temporaryFolder>;
let store: Store;
beforeEach(async () => {
  folder = temporaryFolder();
  store = await openTestStore(folder.path);
  for (let index = 1; index <= 5; index += 1) {
    await store.audit.append({
      ...auditEntry('patient.read', `patient-${index % 2}`, { index }),
      at: `2026-11-2${index}T12:00:00.000Z`,
    });
  }
});
afterEach(async () => {
  await store.close();
  folder.remove();
});

type Query = Parameters<Store['audit']['read']>[0];
function sequences(query: Query): number[] {
  return store.audit.read(query).map((entry) => entry.sequence);
}

/** What somebody with the key and the file could do behind the program's back. */
function tamper(sql: string): void {
  store.sqlite.exec('DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;');
  store.sqlite.exec(sql);
}

describe('the audit trail', () => {
  it('is whole as written, each entry on the one before', () => {
    expect(verifyAudit(store)).toEqual({ entries: 5, ok: true });
    const entries = store.audit.read();
    expect(entries.map((entry) => entry.sequence)).toEqual([1, 2, 3, 4, 5]);
    expect(entries[0]?.previousHash).toBe(FIRST_PREVIOUS_HASH);
    expect(entries[4]?.previousHash).toBe(entries[3]?.hash);
  });

  it('is read by period, by subject, page by page', () => {
    expect(sequences({ from: '2026-11-22T00:00:00.000Z', to: '2026-11-24T12:00:00.000Z' })).toEqual([2, 3]);
    expect(sequences({ subjectId: 'patient-1' })).toEqual([1, 3, 5]);
    expect(sequences({ afterSequence: 2, limit: 2 })).toEqual([3, 4]);
  });

  it('refuses change and removal', () => {
    expect(() => store.sqlite.exec(`UPDATE audit SET action = 'x'`)).toThrow('append-only');
    expect(() => store.sqlite.exec('DELETE FROM audit')).toThrow('append-only');
    expect(() => store.sqlite.exec(`INSERT OR REPLACE INTO audit SELECT * FROM audit WHERE sequence = 1`)).toThrow(
      'append-only',
    );
  });

  it.each([
    ['changed', `UPDATE audit SET action = 'nothing' WHERE sequence = 3`, 3],
    ['changed in its detail', `UPDATE audit SET detail_json = '{"index":9}' WHERE sequence = 2`, 2],
    ['damaged', `UPDATE audit SET detail_json = '{' WHERE sequence = 2`, 2],
    ['taken out', 'DELETE FROM audit WHERE sequence = 2', 2],
    ['cut off at the end', 'DELETE FROM audit WHERE sequence >= 4', 4],
    ['cut off altogether', 'DELETE FROM audit', 1],
    ['moved', 'UPDATE audit SET sequence = 9 WHERE sequence = 1', 1],
  ])('tells where an entry was %s', (_what, sql, firstBad) => {
    tamper(sql);
    expect(verifyAudit(store)).toMatchObject({ ok: false, firstBad });
  });

  it('goes on where it stood after a reopen', async () => {
    await store.close();
    store = await openTestStore(folder.path);
    await store.audit.append(auditEntry('patient.read', 'patient-9'));
    expect(verifyAudit(store)).toEqual({ entries: 6, ok: true });
  });
});
