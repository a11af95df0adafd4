import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadModels, type LoadedModel } from './model-registry.ts';
import { offeredProviders, openRunner, openSession, type OpenSession } from './session.ts';

const models = new URL('models/', import.meta.url).pathname;
let folder: string;
let model: LoadedModel;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'models-'));
  const entry = (await loadModels(models)).find((candidate) => candidate.folder === 'retinal-vessels');
  if (!entry || !('model' in entry)) throw new Error('retinal-vessels is not there');
  model = entry.model;
});
afterAll(async () => rm(folder, { recursive: true }));

describe('loadModels', () => {
  it('refuses a model whose bytes are not the released ones, and still loads the others', async () => {
    await cp(models, folder, { recursive: true });
    await cp(join(models, 'retinal-vessels'), join(folder, 'altered'), { recursive: true });
    const bytes = Buffer.from(model.bytes);
    bytes[1000] = bytes[1000]! ^ 1;
    await writeFile(join(folder, 'altered', 'retinal-vessels.onnx'), bytes);
    const text = JSON.stringify({ ...model.manifest, name: 'altered' });
    await writeFile(join(folder, 'altered', 'manifest.json'), text);
    const entries = await loadModels(folder);
    expect(entries.map((entry) => [entry.folder, 'refused' in entry ? entry.refused.code : 'loaded'])).toEqual([
      ['altered', 'MODEL_REFUSED'],
      ['retinal-vessels', 'loaded'],
    ]);
  });

  it('refuses a folder without a manifest, or with one that does not hold', async () => {
    const broken = await mkdtemp(join(folder, 'broken-'));
    await cp(join(models, 'retinal-vessels'), join(broken, 'empty'), { recursive: true });
    await rm(join(broken, 'empty', 'manifest.json'));
    await cp(join(models, 'retinal-vessels'), join(broken, 'outside'), { recursive: true });
    const text = JSON.stringify({ ...model.manifest, name: 'outside', file: '../retinal-vessels.onnx' });
    await writeFile(join(broken, 'outside', 'manifest.json'), text);
    const entries = await loadModels(broken);
    expect(entries.map((entry) => 'refused' in entry && entry.refused.code)).toEqual([
      'MODEL_REFUSED',
      'MODEL_REFUSED',
    ]);
  });
});

describe('openRunner', () => {
  it('chooses a provider that reproduces the golden output, and says why others were not', async () => {
    const runner = await openRunner(model);
    expect(runner.providers.map((report) => report.provider)).toEqual(offeredProviders());
    expect(runner.providers.filter((report) => report.state === 'chosen')).toHaveLength(1);
    expect(runner.providers.find((report) => report.provider === 'cpu')?.medianMs).toBeGreaterThan(0);
    expect(JSON.stringify(runner.providers)).not.toContain('node_modules');
    const { output, provider } = await runner.run(model.golden.input, model.manifest.golden.shape);
    expect(provider).toBe(runner.provider);
    expect(output.length).toBe(model.golden.output.length);
    await runner.close();
  });

  it('passes over a provider whose numbers are wrong', async () => {
    const runner = await openRunner(model, {
      providers: ['wrong', 'cpu'],
      open: async (loaded, provider) =>
        provider === 'cpu'
          ? openSession(loaded, 'cpu')
          : { run: async () => new Float32Array(64 * 64).fill(0.5), release: async () => undefined },
    });
    expect(runner.providers.map((report) => report.state)).toEqual(['disagrees', 'chosen']);
    await runner.close();
  });

  it('finishes the call on the next provider when the chosen one fails while running', async () => {
    let alive = true;
    // Stands in for a graphics processor that is not in this machine: right and fast until it is lost.
    const open: OpenSession = async (loaded, provider) =>
      provider === 'cpu'
        ? openSession(loaded, 'cpu')
        : {
            run: async () => {
              if (alive) return loaded.golden.output;
              throw new Error('device removed');
            },
            release: async () => undefined,
          };
    let changes = 0;
    const runner = await openRunner(model, { providers: ['gpu', 'cpu'], open, onChange: () => (changes += 1) });
    expect(runner.provider).toBe('gpu');
    alive = false;
    const result = await runner.run(model.golden.input, model.manifest.golden.shape);
    expect(result.provider).toBe('cpu');
    expect(Math.abs(result.output[2000]! - model.golden.output[2000]!)).toBeLessThan(1e-3);
    expect(changes).toBe(1);
    expect(runner.providers).toMatchObject([
      { state: 'not-available', detail: 'failed while running: device removed' },
      { state: 'chosen' },
    ]);
    await runner.close();
  });

  it('says so when no provider can run the model', async () => {
    const opening = openRunner(model, {
      providers: ['gpu', 'cpu'],
      open: async () => Promise.reject(new Error('not here')),
    });
    await expect(opening).rejects.toMatchObject({ code: 'ANALYSIS_UNAVAILABLE' });
  });
});
