/** The models of this station with their runners, and the status that technicians see. */
import type { InferenceStatus } from '../../electron/contract/index.ts';
import type { ModelCheck } from './inference-api.ts';
import { loadModels, type RegistryEntry } from './model-registry.ts';
import { compare, openRunner, RUNTIME, type ModelRunner } from './session.ts';

export interface Models {
  readonly runtime: string;
  /** Ready to run, or null when the model is not there, was refused, or runs on no provider. */
  runner(name: string): ModelRunner | null;
  /** At once, then after every change; ends on abort or close. A slow listener sees the newest state only. */
  watch(signal?: AbortSignal): AsyncIterable<InferenceStatus>;
  /** Each model once more on its golden input, one after the other. */
  verify(signal?: AbortSignal): Promise<readonly ModelCheck[]>;
  close(): Promise<void>;
}

type ModelStatus = InferenceStatus['models'][number];

/** @throws when `directory` can't be listed; anything wrong with one model is in its status. */
export async function openModels(
  directory: string,
  log: (message: string, fields: Readonly<Record<string, unknown>>) => void,
): Promise<Models> {
  const runners = new Map<string, ModelRunner>();
  const failures = new Map<string, string>();
  const listeners = new Set<() => void>();
  let closed = false;
  const entries = await loadModels(directory);
  for (const entry of entries) {
    if ('refused' in entry) {
      log('model refused', { model: entry.folder, detail: entry.refused.detail });
      continue;
    }
    const { name } = entry.model.manifest;
    try {
      const runner = await openRunner(entry.model, { log, onChange: tell });
      runners.set(name, runner);
      log('model ready', { model: name, version: entry.model.manifest.version, provider: runner.provider });
    } catch (error) {
      failures.set(name, error instanceof Error ? error.message : String(error));
      log('model failed', { model: name, detail: failures.get(name) });
    }
  }

  return {
    runtime: RUNTIME,
    runner: (name) => runners.get(name) ?? null,
    watch,
    verify: async (signal) => {
      const checks: ModelCheck[] = [];
      for (const entry of entries) {
        signal?.throwIfAborted();
        checks.push(await checkOf(entry));
      }
      return checks;
    },
    close: async () => {
      closed = true;
      tell();
      for (const runner of runners.values()) await runner.close();
      runners.clear();
    },
  };

  async function checkOf(entry: RegistryEntry): Promise<ModelCheck> {
    const none = { provider: null, maximumDifference: null, durationMs: null };
    if ('refused' in entry) return { name: entry.folder, state: 'refused', ...none };
    const { manifest, golden } = entry.model;
    const runner = runners.get(manifest.name);
    if (runner === undefined) return { name: manifest.name, state: 'failed', ...none };
    try {
      const { output, provider, durationMs } = await runner.run(golden.input, manifest.golden.shape);
      const { agrees, largest } = compare(output, entry.model);
      const state = agrees ? 'agrees' : 'differs';
      return { name: manifest.name, state, provider, maximumDifference: largest, durationMs };
    } catch {
      return { name: manifest.name, state: 'failed', ...none };
    }
  }

  function tell(): void {
    for (const listener of listeners) listener();
  }

  function status(): InferenceStatus {
    return { runtime: RUNTIME, models: entries.map((entry) => modelStatus(entry)) };
  }

  function modelStatus(entry: RegistryEntry): ModelStatus {
    const manifest = 'model' in entry ? entry.model.manifest : entry.manifest;
    const runner = manifest ? runners.get(manifest.name) : undefined;
    const about = {
      name: manifest?.name ?? entry.folder,
      version: manifest?.version ?? '',
      sha256: manifest?.sha256 ?? '',
      intendedUse: manifest?.intendedUse ?? '',
    };
    if ('refused' in entry) return { ...about, state: 'refused', detail: entry.refused.detail, providers: [] };
    if (!runner) return { ...about, state: 'failed', detail: failures.get(about.name) ?? '', providers: [] };
    return { ...about, state: 'loaded', detail: '', providers: [...runner.providers] };
  }

  function isOver(signal: AbortSignal | undefined): boolean {
    return closed || signal?.aborted === true;
  }

  async function* watch(signal?: AbortSignal): AsyncGenerator<InferenceStatus> {
    let changed = true;
    let wake: (() => void) | null = null;
    const listener = (): void => {
      changed = true;
      wake?.();
    };
    listeners.add(listener);
    signal?.addEventListener('abort', listener);
    try {
      while (!isOver(signal)) {
        if (changed) {
          changed = false;
          yield status();
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      listeners.delete(listener);
      signal?.removeEventListener('abort', listener);
    }
  }
}
