/** Documents, audit entries, intents and files in which every field carries something to be looked for. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { documentSchemas } from '../../../electron/contract/index.ts';
import type { AuditEntryInput, CollectionName, DocumentOf, IntentInput } from '../../../electron/contract/index.ts';
import { needlesOfBytes, needlesOfText } from './needles.ts';
import type { Needle } from './needles.ts';

/** With characters whose base64 has the digits in which its two alphabets differ. */
export const CANARY_TEXT = 'Zwitscher>?~ÿKanarienvogel>>??~~4711';
const CANARY_UUID = 'c4a4a71e-5eed-4b1d-8f00-d15c0ba1d0e5';
const CANARY_SHA256 = createHash('sha256').update(CANARY_TEXT).digest('hex');
const CANARY_INSTANT = '2031-07-19T13:37:42.123Z';
const CANARY_DATE = '1907-03-29';
const CANARY_NUMBER = 81_415_926_535;
/** For fields that hold three letters and for what is written in pieces: its bytes anywhere are not a find, so it is not looked for. */
const SHORT = 'Zw';

export const CANARY_FILE = Buffer.concat(
  Array.from({ length: 4000 }, (_, index) => createHash('sha256').update(`${CANARY_TEXT} ${index}`).digest()),
);

export const CANARY_NEEDLES: readonly Needle[] = [
  ...needlesOfText('text', CANARY_TEXT),
  ...needlesOfText('start of text', CANARY_TEXT.slice(0, 12)),
  ...needlesOfText('UUID', CANARY_UUID),
  ...needlesOfBytes('UUID in 16 bytes', Buffer.from(CANARY_UUID.replaceAll('-', ''), 'hex')),
  ...needlesOfText('hash', CANARY_SHA256),
  ...needlesOfBytes('hash in 32 bytes', Buffer.from(CANARY_SHA256, 'hex')),
  ...needlesOfText('instant', CANARY_INSTANT),
  ...needlesOfText('date', CANARY_DATE),
  ...needlesOfText('number', String(CANARY_NUMBER)),
  ...needlesOfBytes('number in 8 bytes', bytesOfNumber(CANARY_NUMBER)),
  ...[0, 32, 65_536, CANARY_FILE.length - 32].flatMap((at) =>
    needlesOfBytes(`file at ${at}`, CANARY_FILE.subarray(at, at + 32)),
  ),
];

function bytesOfNumber(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** What each collection can hold, in full: every list has an element, nothing is null that need not be. */
export function canaryDocument<N extends CollectionName>(name: N): DocumentOf<N> {
  const schema = z.toJSONSchema(documentSchemas[name], { unrepresentable: 'any' }) as Schema;
  const document = valueOf(schema) as Record<string, unknown>;
  return { ...document, fieldOfALaterVersion: CANARY_TEXT } as unknown as DocumentOf<N>;
}

export const CANARY_AUDIT: AuditEntryInput = {
  at: CANARY_INSTANT,
  actorId: CANARY_TEXT,
  role: CANARY_TEXT,
  action: CANARY_TEXT,
  subjectKind: CANARY_TEXT.slice(0, 32),
  subjectId: CANARY_UUID,
  detail: { text: CANARY_TEXT, number: CANARY_NUMBER, [CANARY_TEXT]: true },
};

export const CANARY_INTENT: IntentInput = {
  id: CANARY_UUID,
  kind: 'session-start',
  subjectId: CANARY_UUID,
  payload: { text: CANARY_TEXT, number: CANARY_NUMBER, at: CANARY_INSTANT, nested: { hash: CANARY_SHA256 } },
};

interface Schema {
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly propertyNames?: Schema;
  readonly exclusiveMaximum?: number;
  readonly maximum?: number;
}

/** A value that the schema allows, made of canaries. @throws Error for what no document has so far */
function valueOf(schema: Schema): unknown {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return valueOf(choices.find((choice) => choice.type !== 'null') ?? {});
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[0];
  switch (typeof schema.type === 'object' ? schema.type.find((type) => type !== 'null') : schema.type) {
    case 'string':
      return textOf(schema);
    case 'integer':
    case 'number':
      return Math.min(CANARY_NUMBER, schema.maximum ?? CANARY_NUMBER);
    case 'boolean':
      return true;
    case 'array':
      return schema.prefixItems === undefined ? [valueOf(schema.items ?? {})] : schema.prefixItems.map(valueOf);
    case 'object': {
      const { additionalProperties: others, propertyNames } = schema;
      const named = Object.entries(schema.properties ?? {}).map(([key, value]) => [key, valueOf(value)] as const);
      if (typeof others !== 'object' || named.length > 0) return Object.fromEntries(named);
      const keys = propertyNames?.enum?.map(String) ?? [CANARY_TEXT];
      return Object.fromEntries(keys.map((key) => [key, valueOf(others)]));
    }
    case undefined:
      return CANARY_TEXT;
    default:
      throw new Error(`no canary for ${JSON.stringify(schema)}`);
  }
}

function textOf({ format, pattern, maxLength }: Schema): string {
  if (format === 'uuid') return CANARY_UUID;
  if (format === 'date-time') return CANARY_INSTANT;
  if (format === 'date') return CANARY_DATE;
  if (pattern === '^[0-9a-f]{64}$') return CANARY_SHA256;
  if (maxLength === undefined || maxLength >= CANARY_TEXT.length) return CANARY_TEXT;
  return maxLength >= 12 ? CANARY_TEXT.slice(0, maxLength) : SHORT;
}
