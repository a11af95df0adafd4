/**
 * A model on the execution provider that suits this machine best: each provider is tried by itself, must reproduce the
 * model's golden output, and is timed; the fastest that agrees is chosen. If it fails later, the next one takes the call over.
 */
import { env, InferenceSession, listSupportedBackends, Tensor } from 'onnxruntime-node';
import { VantageError, type InferenceStatus } from '../../electron/contract/index.ts';
import type { LoadedModel } from './model-registry.ts';

export const RUNTIME = `onnxruntime ${env.versions.node ?? env.versions.common}`;

/** The part of a runtime session that is used here: one float tensor in, one out. */
interface ProviderSession {
  /** `input` is wrapped, not copied: it must not change until the promise settles. Blocks the JavaScript thread. */
  run(input: Float32Array, shape: readonly number[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Opens the model on exactly one provider. @throws when this machine lacks it. */
export type OpenSession = (model: LoadedModel, provider: string) => Promise<ProviderSession>;

type ProviderReport = InferenceStatus['models'][number]['providers'][number];

export interface ModelRunner {
  readonly model: LoadedModel;
  /** The provider in use. */
  readonly provider: string;
  readonly providers: readonly ProviderReport[];
  /**
   * Runs the model and says which provider did it. If that one fails, the next that agreed takes over with the same input.
   * @throws VantageError ANALYSIS_UNAVAILABLE when none is left.
   */
  run(
    input: Float32Array,
    shape: readonly number[],
  ): Promise<{ readonly output: Float32Array; readonly provider: string; readonly durationMs: number }>;
  close(): Promise<void>;
}

/** In the order in which they are tried; what the platform's package does not offer is left out. */
const PREFERENCE = ['tensorrt', 'cuda', 'dml', 'coreml', 'webgpu', 'cpu'] as const;

/** The providers that the installed runtime can offer at all, in the order of preference; `cpu` is always the last. */
export function offeredProviders(): string[] {
  const offered = new Set(listSupportedBackends().map((backend) => backend.name));
  return PREFERENCE.filter((name) => name === 'cpu' || offered.has(name));
}

/** Opens a session of `onnxruntime-node` on one provider. */
export const openSession: OpenSession = async (model, provider) => {
  const session = await InferenceSession.create(model.bytes, {
    executionProviders: [provider],
    // A provider that is missing says so by an exception; its own lines on stderr would only repeat that.
    logSeverityLevel: 4,
    // Threads that spin for the next operator take the cores from decoding and from the other processes (measured on two
    // cores: what follows a run takes twice as long, and so does a run while others work).
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
  const { input, output } = model.manifest;
  return {
    run: async (values, shape) => {
      const results = await session.run({ [input.name]: new Tensor('float32', values, shape) });
      const data = results[output.name]?.data;
      if (!(data instanceof Float32Array)) throw new Error(`no float32 output ${output.name}`);
      return data;
    },
    release: async () => session.release(),
  };
};

/** Runs that are timed at the typical size, after one that warms up; the median counts. */
const TIMED_RUNS = 3;
/** A provider this slow is not run again to know it better. */
const SLOW_MS = 2_000;

/**
 * Tries every provider and keeps the fastest that agrees with the golden output.
 * @throws VantageError ANALYSIS_UNAVAILABLE when not one agrees.
 */
export async function openRunner(
  model: LoadedModel,
  options: {
    readonly providers?: readonly string[];
    readonly open?: OpenSession;
    /** Called after the choice changed at run-time. */
    readonly onChange?: () => void;
    readonly log?: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  } = {},
): Promise<ModelRunner> {
  const open = options.open ?? openSession;
  const log = options.log ?? (() => undefined);
  const reports: ProviderReport[] = [];
  const sessions = new Map<string, ProviderSession>();
  env.logLevel = 'fatal';
  for (const provider of options.providers ?? offeredProviders()) {
    const { report, session } = await probe(model, provider, open);
    reports.push(report);
    if (session) sessions.set(provider, session);
  }
  /** What is left, fastest first. */
  const order = reports
    .filter((report) => report.state === 'agrees')
    .sort((one, other) => (one.medianMs ?? 0) - (other.medianMs ?? 0))
    .map((report) => report.provider);
  choose();
  // The others are opened again if they are needed: an idle session of a GPU holds memory.
  for (const provider of order.slice(1)) await release(provider);

  return {
    model,
    get provider() {
      return current();
    },
    get providers() {
      return reports.map((report) => ({ ...report }));
    },
    run: async (input, shape) => {
      for (;;) {
        const provider = current();
        try {
          let session = sessions.get(provider);
          if (session === undefined) {
            session = await open(model, provider);
            sessions.set(provider, session);
          }
          const started = performance.now();
          const output = await session.run(input, shape);
          return { output, provider, durationMs: performance.now() - started };
        } catch (error) {
          await fallBack(provider, error);
        }
      }
    },
    close: async () => {
      for (const provider of sessions.keys()) await release(provider);
    },
  };

  function current(): string {
    const provider = order[0];
    if (provider !== undefined) return provider;
    throw new VantageError('ANALYSIS_UNAVAILABLE', `no provider runs ${model.manifest.name}`);
  }

  function choose(): void {
    const chosen = reports.find((report) => report.provider === current());
    if (chosen) chosen.state = 'chosen';
  }

  async function fallBack(provider: string, error: unknown): Promise<void> {
    // Two calls can fail on the same provider; the first one has already moved on.
    if (order[0] !== provider) return;
    order.shift();
    const report = reports.find((entry) => entry.provider === provider);
    if (report) {
      report.state = 'not-available';
      report.detail = `failed while running: ${reasonOf(error)}`;
    }
    await release(provider);
    log('execution provider failed', { model: model.manifest.name, provider, reason: reasonOf(error) });
    if (order.length > 0) choose();
    options.onChange?.();
  }

  async function release(provider: string): Promise<void> {
    const session = sessions.get(provider);
    sessions.delete(provider);
    try {
      await session?.release();
    } catch (error) {
      log('session was not released', { model: model.manifest.name, provider, reason: reasonOf(error) });
    }
  }
}

async function probe(
  model: LoadedModel,
  provider: string,
  open: OpenSession,
): Promise<{ readonly report: ProviderReport; readonly session: ProviderSession | null }> {
  let session: ProviderSession | null = null;
  try {
    session = await open(model, provider);
    const difference = compare(await session.run(model.golden.input, model.manifest.golden.shape), model);
    if (difference.agrees) {
      const medianMs = await time(model, session);
      return { report: { provider, state: 'agrees', medianMs, detail: difference.text }, session };
    }
    await session.release();
    return { report: { provider, state: 'disagrees', medianMs: null, detail: difference.text }, session: null };
  } catch (error) {
    await session?.release().catch(() => undefined);
    return { report: { provider, state: 'not-available', medianMs: null, detail: reasonOf(error) }, session: null };
  }
}

async function time(model: LoadedModel, session: ProviderSession): Promise<number> {
  const shape = model.manifest.input.typicalShape;
  const golden = model.golden.input;
  const input = new Float32Array(shape.reduce((product, length) => product * length, 1));
  for (let at = 0; at < input.length; at += golden.length) {
    input.set(golden.subarray(0, Math.min(golden.length, input.length - at)), at);
  }
  const times: number[] = [];
  for (let round = 0; round <= TIMED_RUNS; round += 1) {
    const started = performance.now();
    await session.run(input, shape);
    const durationMs = performance.now() - started;
    if (round > 0 || durationMs > SLOW_MS) times.push(durationMs);
    if (durationMs > SLOW_MS) break;
  }
  return times.sort((one, other) => one - other)[Math.floor(times.length / 2)] ?? Number.POSITIVE_INFINITY;
}

/** How far an output is from the model's golden one; `largest` is null where it has another length. */
export function compare(
  output: Float32Array,
  model: LoadedModel,
): { readonly agrees: boolean; readonly largest: number | null; readonly text: string } {
  const expected = model.golden.output;
  const { maximumDifference, meanDifference } = model.manifest.golden;
  if (output.length !== expected.length)
    return { agrees: false, largest: null, text: `${output.length} values, not ${expected.length}` };
  let largest = 0;
  let sum = 0;
  for (let at = 0; at < expected.length; at += 1) {
    const difference = Math.abs(output[at]! - expected[at]!);
    // NaN must not slip through a comparison.
    if (!(difference <= largest)) largest = difference;
    sum += difference;
  }
  const mean = sum / expected.length;
  return {
    agrees: largest <= maximumDifference && mean <= meanDifference,
    largest,
    text: `differs from the golden output by ${largest.toExponential(1)} at most, ${mean.toExponential(1)} on average`,
  };
}

/** First line only, without paths: this travels to the technician's screen. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').replaceAll(/(?:[A-Za-z]:)?(?:[\\/][^\s:'"]+)+/g, '…').slice(0, 200);
}
