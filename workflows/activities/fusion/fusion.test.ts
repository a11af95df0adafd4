import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { newId } from '../../../electron/contract/index.ts';
import type { Observations } from '../../api/internal/standing-schema.ts';
import { builtInFusion } from './built-in-fusion.ts';
import type { FusionEngine } from './fusion-engine.ts';
import { flowiseFusion } from './flowise-fusion.ts';

const PROVENANCE = {
  model: 'retina-vessels',
  version: '1.4.0',
  sha256: '7'.repeat(64),
  provider: 'cpu',
  runtime: 'onnxruntime 1.30.0',
  durationMs: 167,
};

function finding(eye: 'right' | 'left', value: number, standardError: number): Observations['findings'][number] {
  const values = [
    { measure: 'vessel-area' as const, region: 'whole' as const, value, standardError, unit: 'percent' as const },
  ];
  return { kind: 'retinal-vessels', eye, captureId: newId(), values, provenance: PROVENANCE };
}

const OBSERVATIONS: Observations = {
  protocolId: 'wellness-imaging',
  measurements: [
    { stepId: 'weight', value: 80, unit: 'kg', error: 0.8 },
    { stepId: 'height', value: 200, unit: 'cm', error: 1 },
  ],
  captures: [
    { captureId: newId(), stepId: 'retina-right', passed: true, checks: [] },
    { captureId: newId(), stepId: 'retina-left', passed: false, checks: [] },
  ],
  findings: [finding('right', 11, 0.3), finding('left', 10, 0.4)],
};
const IDLE = new AbortController().signal;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A Flowise of this test's own; answers what it is given, in turn; null: never. */
async function flowise(...answers: readonly (readonly [number, string] | null)[]) {
  const asked: { readonly path: string; readonly authorization: string; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const answer = answers[asked.length];
      asked.push({ path: request.url ?? '', authorization: request.headers.authorization ?? '', body });
      if (answer === null || answer === undefined) return;
      response.writeHead(answer[0], { 'content-type': 'application/json' }).end(answer[1]);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

function engine(url: string, timeoutMs = 10_000): FusionEngine {
  return flowiseFusion({ url, flow: 'multi-modal-fusion', apiKey: 'key', timeoutMs });
}

describe('the analysis that is built in', () => {
  it('has the body mass index and what both eyes have in common, with their errors', async () => {
    const { measures, quality } = await builtInFusion().fuse(OBSERVATIONS, IDLE);
    const of = (name: string) => measures.find((measure) => measure.name === name);
    expect(of('body-mass-index')).toMatchObject({ value: 20, unit: 'kg/m2' });
    expect(of('body-mass-index')?.standardError).toBeCloseTo(20 * Math.SQRT2 * 0.01, 10);
    expect(of('vessel-area-whole-mean')).toMatchObject({ value: 10.5, standardError: 0.25 });
    expect(of('vessel-area-whole-difference')).toMatchObject({ value: 1, standardError: 0.5 });
    expect(quality).toEqual({ captures: 2, passed: 1 });
  });

  it('says nothing about what was not measured', async () => {
    const nothing = {
      ...OBSERVATIONS,
      measurements: OBSERVATIONS.measurements.slice(1),
      findings: [finding('left', 1, 1)],
    };
    expect((await builtInFusion().fuse(nothing, IDLE)).measures).toEqual([]);
  });
});

describe('an analysis by Flowise', () => {
  const RESULT = { measures: [], quality: { captures: 2, passed: 1 } };

  it('is asked without ids, and answers as JSON or as JSON in a text', async () => {
    const { url, asked } = await flowise(
      [200, JSON.stringify({ json: RESULT })],
      [200, JSON.stringify({ text: JSON.stringify(RESULT) })],
    );
    expect(await engine(url).fuse(OBSERVATIONS, IDLE)).toEqual(RESULT);
    expect(await engine(url).fuse(OBSERVATIONS, IDLE)).toEqual(RESULT);
    expect(asked[0]).toMatchObject({ path: '/api/v1/prediction/multi-modal-fusion', authorization: 'Bearer key' });
    expect(asked[0]?.body).toContain('vessel-area');
    expect(asked[0]?.body).not.toContain(OBSERVATIONS.captures[0]?.captureId);
  });

  it('that fails says whether it is worth another try', async () => {
    const { url } = await flowise([400, '{}'], [503, '{}'], [429, '{}'], [200, '{"text":"I cannot do that"}'], null);
    const quick = engine(url, 300);
    const failure = async () => quick.fuse(OBSERVATIONS, IDLE).catch((error: unknown) => error);
    expect(await failure()).toMatchObject({ type: 'FUSION_REJECTED', nonRetryable: true });
    for (const why of ['503', '429', 'no result', 'in time']) {
      expect(await failure()).toMatchObject({
        type: 'FUSION_UNAVAILABLE',
        nonRetryable: false,
        message: expect.stringContaining(why),
      });
    }
    expect(
      await engine('http://127.0.0.1:9')
        .fuse(OBSERVATIONS, IDLE)
        .catch((error: unknown) => error),
    ).toMatchObject({
      type: 'FUSION_UNAVAILABLE',
    });
  });
});
