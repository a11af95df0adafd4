import { expect, it } from 'vitest';
import { plainLine } from '../../../electron/core/sync/uploads/testing/plain-line.ts';
import { startTusResponder } from '../../../electron/core/sync/uploads/testing/tus-responder.ts';
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
