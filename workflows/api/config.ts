/** The API's configuration, from the environment. `.env.example` lists it. */
import { z } from 'zod';
import type { NamedKey } from '../codec/keys.ts';
import { readKeys } from '../codec/keys.ts';
import type { TemporalConfig } from '../client/temporal-config.ts';
import { temporalConfigOf } from '../client/temporal-config.ts';
import { codecOriginsOf } from './codec/origins.ts';
import type { TemporalPageConfig } from './temporal/page-upstream.ts';
import { DEFAULT_SCREENS } from './web/screens.ts';
import type { FilesConfig } from './uploads/files-config.ts';
import { filesConfigOf, filesEnvironment } from './uploads/files-config.ts';

export interface WebConfig {
  /** Where the built screens lie. */
  readonly folder: string;
  /** This API as the identity provider knows it; null: people cannot sign in with a browser. */
  readonly client: OidcClient | null;
}

export interface OidcClient {
  readonly clientId: string;
  /** Left out for a public client: PKCE protects the code then, as it does anyway. */
  readonly clientSecret: string | undefined;
  /** Left out, the provider's discovery document says. */
  readonly authorizationEndpoint: string | undefined;
  readonly tokenEndpoint: string | undefined;
}

export interface NoticesConfig {
  /** Public half of the workers' push key, base64url; null: none are sent. */
  readonly pushKey: string | null;
  /** Origins besides the push services of browsers. */
  readonly pushServices: readonly string[];
  readonly mail: boolean;
}
export const NO_NOTICES: NoticesConfig = { pushKey: null, pushServices: [], mail: false };

export interface WorkflowsConfig {
  readonly temporal: TemporalConfig | null;
  /** Of Temporal's own page. */
  readonly webUrl: string | null;
  /** The server of Temporal's own page, to be looked at through the API; left out, it is not. */
  readonly page?: TemporalPageConfig | null;
  /** Master keys of what is sent to workflows; none: stations get none, and send nothing. */
  readonly keys?: readonly NamedKey[];
  /** Of pages besides Temporal's own from which browsers may ask the codec. */
  readonly codecOrigins?: readonly string[];
}

export interface ApiConfig {
  readonly host: string;
  readonly port: number;
  /** Address under which others reach the API: issuer and audience of what it signs. */
  readonly publicUrl: string;
  readonly databaseUrl: string;
  readonly databaseConnections: number;
  readonly signingKeys: string;
  readonly serviceSecret: Uint8Array;
  readonly oidc: {
    readonly issuer: string;
    readonly audience: string;
    readonly jwksUri: string | undefined;
  };
  readonly files: FilesConfig;
  /** Screens for people elsewhere; left out, none are served. */
  readonly web?: WebConfig | undefined;
  /** Where the workflows are, for those who look after them; left out, nowhere. */
  readonly workflows?: WorkflowsConfig | undefined;
  /** How patients can be told of news; left out, not at all. */
  readonly notices?: NoticesConfig | undefined;
  readonly trustProxy: boolean;
  readonly logLevel: string;
}

const environmentSchema = z.object({
  API_HOST: z.string().default('127.0.0.1'),
  API_PORT: z.coerce.number().int().min(0).max(65_535).default(7400),
  API_PUBLIC_URL: z.url(),
  /** A login that is a member of `vantage_api`. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(2).max(200).default(10),
  /** Ed25519, PKCS #8, PEM; several one after the other, the signing one first. */
  API_SIGNING_KEYS: z.string().includes('-----BEGIN PRIVATE KEY-----'),
  /** Shared with the workers; base64, 32 bytes or more. */
  INTERNAL_API_SECRET: z.base64(),
  OIDC_ISSUER: z.url(),
  OIDC_AUDIENCE: z.string().min(1),
  OIDC_JWKS_URI: z.url().optional(),
  /** For people with a browser: this API's id at the provider. */
  OIDC_CLIENT_ID: z.string().min(1).optional(),
  OIDC_CLIENT_SECRET: z.string().min(1).optional(),
  OIDC_AUTHORIZATION_ENDPOINT: z.url().optional(),
  OIDC_TOKEN_ENDPOINT: z.url().optional(),
  /** Where Temporal's own page is. */
  TEMPORAL_WEB_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** The server of that page, as the API reaches it; and the tenant whose operators see it. */
  TEMPORAL_UI_URL: z
    .url({ protocol: /^https?$/ })
    .transform((text) => new URL(text))
    .refine(({ pathname, search }) => pathname === '/' && search === '')
    .optional(),
  TEMPORAL_UI_TENANT: z.uuid().optional(),
  /** The workers' keys; each station gets its tenant's of them. */
  WORKFLOW_KEYS: z.string().default(''),
  CODEC_ORIGINS: z.string().default(''),
  /** Of the workers: patients can agree to what is set here. */
  PUSH_PUBLIC_KEY: z
    .string()
    .regex(/^[\w-]{87}$/)
    .optional(),
  PUSH_SERVICES: z.string().default(''),
  NOTICES_BY_MAIL: z.enum(['true', 'false']).default('false'),
  SCREENS_FOLDER: z.string().min(1).default(DEFAULT_SCREENS),
  /** Whether the API stands behind a proxy whose X-Forwarded-* it may believe. */
  TRUST_PROXY: z.enum(['true', 'false']).default('false'),
  ...filesEnvironment,
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
});

const SECRET_BYTES = 32;

function keysOf(text: string): readonly NamedKey[] {
  if (text === '') return [];
  try {
    return readKeys(text);
  } catch {
    throw new Error('missing or wrong in the environment: WORKFLOW_KEYS');
  }
}

/** @throws Error that names each variable that is missing or wrong, never its value */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): ApiConfig {
  const read = environmentSchema.safeParse(environment);
  if (!read.success) {
    const names = new Set(read.error.issues.map((issue) => String(issue.path[0])));
    throw new Error(`missing or wrong in the environment: ${[...names].join(', ')}`);
  }
  const values = read.data;
  const serviceSecret = Buffer.from(values.INTERNAL_API_SECRET, 'base64');
  if (serviceSecret.length < SECRET_BYTES) throw new Error(`INTERNAL_API_SECRET is shorter than ${SECRET_BYTES} bytes`);
  return {
    host: values.API_HOST,
    port: values.API_PORT,
    publicUrl: values.API_PUBLIC_URL.replace(/\/$/, ''),
    databaseUrl: values.DATABASE_URL,
    databaseConnections: values.DATABASE_CONNECTIONS,
    signingKeys: values.API_SIGNING_KEYS,
    serviceSecret,
    oidc: { issuer: values.OIDC_ISSUER, audience: values.OIDC_AUDIENCE, jwksUri: values.OIDC_JWKS_URI },
    files: filesConfigOf(values),
    web: {
      folder: values.SCREENS_FOLDER,
      client:
        values.OIDC_CLIENT_ID === undefined
          ? null
          : {
              clientId: values.OIDC_CLIENT_ID,
              clientSecret: values.OIDC_CLIENT_SECRET,
              authorizationEndpoint: values.OIDC_AUTHORIZATION_ENDPOINT,
              tokenEndpoint: values.OIDC_TOKEN_ENDPOINT,
            },
    },
    workflows: {
      temporal: temporalConfigOf(environment),
      webUrl: values.TEMPORAL_WEB_URL?.replace(/\/$/, '') ?? null,
      page:
        values.TEMPORAL_UI_URL === undefined
          ? null
          : { url: values.TEMPORAL_UI_URL.origin, tenantId: values.TEMPORAL_UI_TENANT ?? null },
      keys: keysOf(values.WORKFLOW_KEYS),
      codecOrigins: codecOriginsOf(values.CODEC_ORIGINS, values.TEMPORAL_WEB_URL ?? null),
    },
    notices: {
      pushKey: values.PUSH_PUBLIC_KEY ?? null,
      pushServices: values.PUSH_SERVICES.split(',').filter((origin) => origin !== ''),
      mail: values.NOTICES_BY_MAIL === 'true',
    },
    trustProxy: values.TRUST_PROXY === 'true',
    logLevel: values.LOG_LEVEL,
  };
}
