/**
 * Archived histories as objects of any S3-compatible service, below a prefix. Each is put whole, in one request. Where the bucket keeps
 * versions or locks objects (S3 Object Lock), nobody else changes what is archived.
 *
 * The third part of a name stands behind a comma, which names don't have: all of a day is then listed by the thousand, not workflow by
 * workflow.
 */
import { createHash } from 'node:crypto';
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
} from '@aws-sdk/client-s3';
import type { ListObjectsV2CommandOutput, S3Client } from '@aws-sdk/client-s3';
import type { S3Config } from '../api/uploads/files-config.ts';
import { openS3Client } from '../api/uploads/stores/s3-store.ts';
import type { ArchiveStore } from './archive-store.ts';

/** Of one DeleteObjects. */
const MOST_DELETED = 1000;

/** @param prefix with a slash at its end, or nothing */
export function s3ArchiveStore(config: S3Config, prefix: string): ArchiveStore {
  const client = openS3Client(config);
  const { bucket: Bucket } = config;
  return {
    put: async (name, bytes) => {
      const Key = prefix + keyOf(name);
      // Buckets that lock objects want it (Amazon S3 API Reference, PutObject), and every service knows it.
      const ContentMD5 = createHash('md5').update(bytes).digest('base64');
      await client.send(new PutObjectCommand({ Bucket, Key, Body: bytes, ContentLength: bytes.length, ContentMD5 }));
    },
    get: async (name) => {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: prefix + keyOf(name) }));
        if (Body === undefined) throw new Error('an archived history came without bytes');
        return Buffer.from(await Body.transformToByteArray());
      } catch (error) {
        // A missing bucket, or one that may not be read, is another answer.
        if (error instanceof NoSuchKey) return null;
        throw error;
      }
    },
    list: async (folder) => {
      const [day = '', workflow] = folder.split('/');
      if (day === '') {
        const days: string[] = [];
        for await (const { Contents = [], CommonPrefixes = [] } of pages(client, Bucket, prefix, '/')) {
          days.push(...Contents.flatMap(({ Key }) => Key ?? []));
          days.push(...CommonPrefixes.flatMap(({ Prefix }) => Prefix?.slice(0, -1) ?? []));
        }
        return days.map((key) => key.slice(prefix.length)).toSorted();
      }
      const below = workflow === undefined ? `${prefix}${day}/` : `${prefix}${day}/${workflow},`;
      const names = new Set<string>();
      for await (const { Contents = [] } of pages(client, Bucket, below)) {
        for (const { Key = below } of Contents) names.add(Key.slice(below.length).split(',', 1)[0] ?? '');
      }
      return [...names].toSorted();
    },
    remove: async (name) => {
      const keys = [prefix + keyOf(name)];
      for await (const { Contents = [] } of pages(client, Bucket, `${prefix}${name}/`)) {
        keys.push(...Contents.flatMap(({ Key }) => Key ?? []));
      }
      for (let from = 0; from < keys.length; from += MOST_DELETED) {
        const Objects = keys.slice(from, from + MOST_DELETED).map((Key) => ({ Key }));
        const { Errors = [] } = await client.send(
          new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }),
        );
        if (Errors.length > 0) throw new Error('archived histories were not removed');
      }
    },
  };
}

function keyOf(name: string): string {
  const [day = '', workflow, run] = name.split('/');
  return [workflow === undefined ? day : `${day}/${workflow}`, ...(run === undefined ? [] : [run])].join(',');
}

async function* pages(
  client: S3Client,
  Bucket: string,
  Prefix: string,
  Delimiter?: string,
): AsyncGenerator<ListObjectsV2CommandOutput> {
  for (let token: string | undefined, more = true; more;) {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket,
        Prefix,
        ...(Delimiter !== undefined && { Delimiter }),
        ...(token !== undefined && { ContinuationToken: token }),
      }),
    );
    yield page;
    token = page.NextContinuationToken;
    more = page.IsTruncated === true && token !== undefined;
  }
}
