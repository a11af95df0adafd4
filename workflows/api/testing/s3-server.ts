/**
 * An S3-speaking server on this machine that nobody here wrote.
 *
 * It checks signatures, but leaves the slash out that ends the address of a bucket itself, so that those of listing and removing never
 * match what the SDK signs. Its own pages of listings need a cipher that OpenSSL 3 has not any more: they are cut here. With `checksSignatures` it does what puts and gets need, without it everything.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import S3rver from '@20minutes/s3rver';
import type { S3Config } from '../uploads/files-config.ts';

export interface S3Server {
  readonly config: S3Config;
  /** How many pages of listings were given so far. */
  readonly pagesListed: () => number;
  readonly stop: () => Promise<void>;
}

/** @param pageSize objects in one page of a listing, as S3 knows it: a thousand at most */
export async function startS3Server(checksSignatures = false, pageSize = 1000): Promise<S3Server> {
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
  let pages = 0;
  server.middleware.unshift(async (context, next) => {
    const { 'list-type': type, 'continuation-token': token, ...query } = context.query;
    if (type !== undefined) context.query = { ...query, 'list-type': type };
    await next();
    if (type === undefined || typeof context.body !== 'string') return;
    pages += 1;
    context.body = pageOf(context.body, token ?? '', pageSize);
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
    pagesListed: () => pages,
    stop: async () => {
      await server.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Of a whole listing the part after the token: keys and common prefixes together, in their order (Amazon S3 API Reference, ListObjectsV2). */
function pageOf(listing: string, token: string, pageSize: number): string {
  const entry =
    /<Contents><Key>([^<]*)<\/Key>.*?<\/Contents>|<CommonPrefixes><Prefix>([^<]*)<\/Prefix><\/CommonPrefixes>/gs;
  const left = [...listing.matchAll(entry)]
    .map(([text, key = '', prefix = '']) => ({ text, name: key + prefix }))
    .filter(({ name }) => name > token)
    .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const page = left.slice(0, pageSize);
  const next = page.length < left.length ? `<NextContinuationToken>${page.at(-1)?.name}</NextContinuationToken>` : '';
  return listing
    .replaceAll(entry, '')
    .replace(/<IsTruncated>\w+<\/IsTruncated>/, `<IsTruncated>${next !== ''}</IsTruncated>${next}`)
    .replace('</ListBucketResult>', `${page.map(({ text }) => text).join('')}</ListBucketResult>`);
}
