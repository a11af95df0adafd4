/** What the environment says about files. `.env.example` lists it. */
import { z } from 'zod';
import { UPLOAD_LIMITS } from '../../../electron/contract/index.ts';
import type { MasterKey } from './file-keys.ts';
import { KEY_BYTES } from './sealing.ts';

export interface S3Config {
  readonly kind: 's3';
  /** Left out: AWS itself. */
  readonly endpoint: string | undefined;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}
export interface FolderConfig {
  readonly kind: 'folder';
  readonly folder: string;
  readonly freeBytes: number;
}

export interface FilesConfig {
  /** The one that wraps first; the others still open. */
  readonly masterKeys: readonly MasterKey[];
  readonly store: FolderConfig | S3Config;
  readonly fileBytes: number;
  /** PATCH requests that one process takes at a time. */
  readonly writers: number;
  /** How long after it was last read back a file is read back again. */
  readonly scrubDays: number;
}

const masterKeySchema = z.string().transform((text, context): MasterKey => {
  const [id = '', key = ''] = text.trim().split(':');
  const bytes = Buffer.from(key, 'base64');
  if (/^[\w-]{1,40}$/.test(id) && bytes.length === KEY_BYTES) return { id, key: bytes };
  context.addIssue({ code: 'custom', message: 'not ID:BASE64 of 32 bytes' });
  return z.NEVER;
});

/** Of one S3-compatible service. */
export const s3Environment = {
  S3_ENDPOINT: z.url().optional(),
  S3_BUCKET: z.string().min(1).optional(),
  S3_REGION: z.string().min(1).default('us-east-1'),
  S3_ACCESS_KEY_ID: z.string().min(1).optional(),
  S3_SECRET_ACCESS_KEY: z.string().min(1).optional(),
};

const MB = 1024 * 1024;
/** As the environment has it: part of the API's (`config.ts`). */
export const filesEnvironment = {
  /** `ID:BASE64` of 32 bytes each, with commas between, the one that wraps first. */
  FILE_MASTER_KEYS: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(masterKeySchema).min(1)),
  FILE_STORE: z.enum(['folder', 's3']).default('folder'),
  FILES_FOLDER: z.string().min(1).optional(),
  FILES_FREE_MB: z.coerce.number().int().min(0).default(1024),
  FILE_SCRUB_DAYS: z.coerce.number().int().min(1).max(3650).default(30),
  FILE_MAX_MB: z.coerce
    .number()
    .int()
    .min(1)
    .max(UPLOAD_LIMITS.fileBytes / MB)
    .default(UPLOAD_LIMITS.fileBytes / MB),
  FILE_WRITERS: z.coerce.number().int().min(1).max(1000).default(64),
  ...s3Environment,
};

/** @throws Error that names what is missing, never a value */
export function s3ConfigOf(values: z.output<z.ZodObject<typeof s3Environment>>): S3Config {
  return {
    kind: 's3',
    endpoint: values.S3_ENDPOINT,
    bucket: needed('S3_BUCKET', values.S3_BUCKET),
    region: values.S3_REGION,
    accessKeyId: needed('S3_ACCESS_KEY_ID', values.S3_ACCESS_KEY_ID),
    secretAccessKey: needed('S3_SECRET_ACCESS_KEY', values.S3_SECRET_ACCESS_KEY),
  };
}

/** @throws Error that names what the chosen store lacks, never a value */
export function filesConfigOf(values: z.output<z.ZodObject<typeof filesEnvironment>>): FilesConfig {
  const store: FilesConfig['store'] =
    values.FILE_STORE === 'folder'
      ? { kind: 'folder', folder: needed('FILES_FOLDER', values.FILES_FOLDER), freeBytes: values.FILES_FREE_MB * MB }
      : s3ConfigOf(values);
  return {
    masterKeys: values.FILE_MASTER_KEYS,
    store,
    fileBytes: values.FILE_MAX_MB * MB,
    writers: values.FILE_WRITERS,
    scrubDays: values.FILE_SCRUB_DAYS,
  };
}

function needed<T>(name: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`missing or wrong in the environment: ${name}`);
  return value;
}
