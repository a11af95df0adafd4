import { expect, it } from 'vitest';
import { plainLine } from '../../../electron/core/sync/uploads/testing/plain-line.ts';
import { startTusResponder } from '../../../electron/core/sync/uploads/testing/tus-responder.ts';
import { DOCUMENT_ROWS, documentRows } from './documents-bench.ts';
import { paceRow } from './pace-bench.ts';
import { startRealCloud } from './real-cloud.ts';
import { UPLOAD_ROW, uploadRow } from './upload-bench.ts';

it('counts what a cut line makes a station send again, at a size that proves only that it runs', async () => {
  const cloud = await startTusResponder();
  const printed: string[] = [];
  try {
    const line = {
      url: cloud.url,
      client: async (address: string) => ({ ...plainLine(() => address), close: async () => undefined }),
    };
    const row = await uploadRow(line, { bytes: 3 * 1024 * 1024, cuts: 2, seed: 1 }, (each) => printed.push(each));
    expect(row).toMatchObject({ measure: UPLOAD_ROW, unit: 'MiB', goal: 2, met: true });
    expect(row.ours).toBeGreaterThan(0);
    expect(printed.join('\n')).toContain('2 cuts, seed 1');
  } finally {
    await cloud.close();
  }
}, 120_000);

it('carries the same documents both ways and both kinds, and times stations at their pace', async () => {
  const cloud = await startRealCloud(false);
  const printed: string[] = [];
  const print = (line: string): unknown => printed.push(line);
  try {
    const rows = await documentRows(cloud, { documents: 20, rounds: 1 }, print);
    expect(rows.map(({ measure }) => measure)).toEqual(DOCUMENT_ROWS);
    for (const row of rows) {
      expect(row.ours).toBeGreaterThan(0);
      expect(row.reference).toBeGreaterThan(0);
      expect(row).toMatchObject({ unit: 'ms', goal: 0.33, met: expect.any(Boolean) as boolean });
    }
    const pace = { stations: 2, stationsPerPlace: 2, seconds: 1, everySeconds: 0.5 };
    expect(await paceRow(cloud, pace, print)).toMatchObject({ measure: 'api-p99-ms-2-stations', unit: 'ms' });
    expect(printed.join('\n')).toMatch(/20 captures of \d+ bytes, seed [\s\S]* pushes of 1 to 3 captures/);
  } finally {
    await cloud.close();
  }
}, 180_000);
