/**
 * Segments as objects of any S3-compatible service: `<tenant>/<file>/<object>`.
 *
 * Each is put whole, in one request, and is durable when that is answered. Multipart uploads would not do: their parts can't be read
 * before all is there, all but the last have at least 5 MiB, and they are gone when the upload is aborted, while here whatever arrived
 * is kept from the first moment. Range and the limits on size are the segments' matter.
 */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import type { S3Config } from '../files-config.ts';
import type { SegmentName, SegmentStore } from './segment-store.ts';
import { StoreFullError, StoreUnavailableError } from './segment-store.ts';

const CONNECT_MS = 5_000;
/** A segment has a few megabytes. */
const REQUEST_MS = 60_000;
const ATTEMPTS = 3;
/** Of one DeleteObjects. */
const MOST_DELETED = 1000;
/** How services say that there is no room: AWS has no such answer, MinIO and Ceph do. */
const FULL: ReadonlySet<string> = new Set(['XMinioStorageFull', 'QuotaExceeded', 'InsufficientStorage']);

/** A client for what is sealed already, and put whole. */
export function openS3Client({ region, endpoint, accessKeyId, secretAccessKey }: S3Config): S3Client {
  return new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    credentials: { accessKeyId, secretAccessKey },
    maxAttempts: ATTEMPTS,
    requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: REQUEST_MS, throwOnRequestTimeout: true },
    // Not every service knows the newer checksums; what is put carries its own seal.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

export function openS3Store(config: S3Config): SegmentStore {
  const { bucket: Bucket } = config;
  const client = openS3Client(config);
  const removeKeys = async (keys: readonly string[]): Promise<void> => {
    for (let from = 0; from < keys.length; from += MOST_DELETED) {
      const Objects = keys.slice(from, from + MOST_DELETED).map((Key) => ({ Key }));
      const { Errors = [] } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
      if (Errors.length > 0) throw new StoreUnavailableError('segments were not removed');
    }
  };
  return {
    put: async (name, bytes) =>
      told(async () => {
        await client.send(new PutObjectCommand({ Bucket, Key: keyOf(name), Body: bytes, ContentLength: bytes.length }));
      }),
    get: async (name) =>
      told(async () => {
        try {
          const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: keyOf(name) }));
          if (Body === undefined) throw new StoreUnavailableError('a segment came without bytes');
          return Buffer.from(await Body.transformToByteArray());
        } catch (error) {
          // A missing bucket, or one that may not be read, is another answer.
          if (error instanceof NoSuchKey) return null;
          throw error;
        }
      }),
    remove: async (names) => told(async () => removeKeys(names.map(keyOf))),
    keepOnly: async (file, objectIds) =>
      told(async () => {
        const Prefix = prefixOf(file);
        const found: string[] = [];
        for (let token: string | undefined, more = true; more;) {
          const page = await client.send(
            new ListObjectsV2Command({ Bucket, Prefix, ...(token !== undefined && { ContinuationToken: token }) }),
          );
          found.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
          token = page.NextContinuationToken;
          more = page.IsTruncated === true && token !== undefined;
        }
        await removeKeys(found.filter((key) => !objectIds.has(key.slice(Prefix.length))));
      }),
    check: async () =>
      told(async () => {
        await client.send(new HeadBucketCommand({ Bucket }));
      }),
    close: () => client.destroy(),
  };
}

function prefixOf({ tenantId, fileId }: Pick<SegmentName, 'tenantId' | 'fileId'>): string {
  return `${tenantId}/${fileId}/`;
}

function keyOf(name: SegmentName): string {
  return prefixOf(name) + name.objectId;
}

async function told<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
    const isFull =
      error instanceof S3ServiceException && (error.$metadata.httpStatusCode === 507 || FULL.has(error.name));
    if (isFull) throw new StoreFullError('no room is left for files', { cause: error });
    throw new StoreUnavailableError('the store for files did not do it', { cause: error });
  }
}
