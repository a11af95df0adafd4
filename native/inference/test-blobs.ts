/** Granted blobs for tests: files on disk without encryption, which is the vault's matter. Sinks keep what was finished. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { BlobAccess } from './inference-api.ts';

export interface MemoryBlobs extends BlobAccess {
  /** Finished blobs by path. */
  readonly finished: ReadonlyMap<string, Buffer>;
  /** Pictures to read by path; other paths are read from disk. */
  readonly pictures: Map<string, Uint8Array>;
}

export function memoryBlobs(): MemoryBlobs {
  const finished = new Map<string, Buffer>();
  const pictures = new Map<string, Uint8Array>();
  return {
    finished,
    pictures,
    read: async ({ path }) => pictures.get(path) ?? readFile(path),
    openSink: async ({ path }) => {
      const parts: Uint8Array[] = [];
      return {
        write: async (chunk) => {
          parts.push(Uint8Array.from(chunk));
        },
        finish: async () => {
          const bytes = Buffer.concat(parts);
          finished.set(path, bytes);
          return { sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
        },
        abort: async () => {
          parts.length = 0;
        },
      };
    },
  };
}
