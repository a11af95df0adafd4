/**
 * An S3-speaking server on this machine that nobody here wrote.
 *
 * It checks signatures, but leaves the slash out that ends the address of a bucket itself, so that those of listing and removing never
 * match what the SDK signs. With `checksSignatures` it does what puts and gets need, without it everything.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import type { S3Config } from '../uploads/files-config.ts';

export interface S3Server {
  readonly config: S3Config;
  readonly stop: () => Promise<void>;
}

export async function startS3Server(checksSignatures = false): Promise<S3Server> {
  const directory = mkdtempSync(join(tmpdir(), 'vantage-s3-'));
  const bucket = 'files';
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    allowMismatchedSignatures: !checksSignatures,
    configureBuckets: [{ name: bucket }],
  });
  const { port } = await server.run();
  return {
    config: {
      kind: 's3',
      endpoint: `http://127.0.0.1:${port}`,
      bucket,
      region: 'us-east-1',
      accessKeyId: 'S3RVER',
      secretAccessKey: 'S3RVER',
    },
    stop: async () => {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
