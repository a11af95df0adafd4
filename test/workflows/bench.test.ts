import { expect, it } from 'vitest';
import { needsTemporal } from '../../workflows/testing/needs-temporal.ts';
import { INTENT_ROW, intentRow } from '../bench/workflows/delays-bench.ts';
import { PUBLICATION_ROW, publicationRow } from '../bench/workflows/publication-bench.ts';
import { VISITS_ROW, visitsRow } from '../bench/workflows/visits-bench.ts';
import { startWorkflowCloud } from '../bench/workflows/workflow-cloud.ts';

it('counts visits of both sides that do as much, and times requests and publications, at a size that proves only that it runs', async (context) => {
  const { program } = needsTemporal(context);
  const cloud = await startWorkflowCloud(program);
  const printed: string[] = [];
  const print = (line: string): unknown => printed.push(line);
  try {
    const row = await visitsRow(cloud, { visits: 2, rounds: 1, atOnce: 2 }, print);
    expect(row).toMatchObject({ measure: VISITS_ROW, goal: 0.8, met: expect.any(Boolean) as boolean });
    expect(row.ours).toBeGreaterThan(0);
    expect(row.reference).toBeGreaterThan(0);
    expect(printed.join('\n')).toContain('"activities":10,"local activities":1,"updates":2,"upserts":7');
    for (const [name, delays] of [
      [INTENT_ROW, intentRow],
      [PUBLICATION_ROW, publicationRow],
    ] as const) {
      const delay = await delays(cloud, 2, print);
      expect(delay).toMatchObject({ measure: name, unit: 'ms', reference: null, goal: 2000 });
      expect(delay.ours).toBeGreaterThan(0);
    }
  } finally {
    await cloud.close();
  }
}, 600_000);
