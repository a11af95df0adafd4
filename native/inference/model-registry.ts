/** Loads model folders. A file whose hash is not the released one never reaches the runtime. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VantageError } from '../../electron/contract/index.ts';
import { modelManifestSchema, type ModelManifest } from './manifest.ts';

/** A model whose files are all what its manifest says. */
export interface LoadedModel {
  readonly manifest: ModelManifest;
  /** The checked bytes; sessions are made from these, so that the file can't change between check and use. */
  readonly bytes: Uint8Array;
  readonly golden: { readonly input: Float32Array; readonly output: Float32Array };
}

/** A folder that was found, loaded or refused. */
export type RegistryEntry =
  | { readonly folder: string; readonly model: LoadedModel }
  | { readonly folder: string; readonly manifest: ModelManifest | null; readonly refused: VantageError };

/**
 * Every model folder under `directory`, in name order. A folder that is damaged is an entry with `refused` (MODEL_REFUSED);
 * it does not keep the others from loading. @throws only when `directory` itself can't be listed.
 */
export async function loadModels(directory: string): Promise<readonly RegistryEntry[]> {
  const folders = (await readdir(directory, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
  return Promise.all(folders.map(async (folder) => loadEntry(directory, folder)));
}

async function loadEntry(directory: string, folder: string): Promise<RegistryEntry> {
  let manifest: ModelManifest | null = null;
  try {
    manifest = await readManifest(join(directory, folder, 'manifest.json'));
    if (manifest.name !== folder) throw new VantageError('MODEL_REFUSED', `folder ${folder} holds ${manifest.name}`);
    return { folder, model: await loadModel(join(directory, folder), manifest) };
  } catch (cause) {
    const refused =
      cause instanceof VantageError ? cause : new VantageError('MODEL_REFUSED', `${folder} can't be read`, { cause });
    return { folder, manifest, refused };
  }
}

async function readManifest(path: string): Promise<ModelManifest> {
  const parsed = modelManifestSchema.safeParse(JSON.parse(await readFile(path, 'utf8')));
  if (parsed.success) return parsed.data;
  const first = parsed.error.issues[0];
  throw new VantageError('MODEL_REFUSED', `manifest: ${first?.path.join('.')}: ${first?.message}`);
}

async function loadModel(folder: string, manifest: ModelManifest): Promise<LoadedModel> {
  const { golden } = manifest;
  const [bytes, input, output] = await Promise.all([
    readChecked(join(folder, manifest.file), manifest.file, manifest.sha256),
    readChecked(join(folder, golden.input), golden.input, golden.inputSha256),
    readChecked(join(folder, golden.output), golden.output, golden.outputSha256),
  ]);
  const size = golden.shape.reduce((product, length) => product * length, 1);
  const values = asFloats(input);
  if (values.length !== size) throw new VantageError('MODEL_REFUSED', `golden input has ${values.length}, not ${size}`);
  return { manifest, bytes, golden: { input: values, output: asFloats(output) } };
}

async function readChecked(path: string, name: string, expected: string): Promise<Uint8Array> {
  const bytes = await readFile(path);
  const actual = createHash('sha256').update(bytes).digest('hex');
  if (actual === expected) return bytes;
  throw new VantageError('MODEL_REFUSED', `${name} has SHA-256 ${actual}, not ${expected}`);
}

/** A copy of its own: file buffers come from a pool, at offsets that float arrays may not start at. */
function asFloats(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}
