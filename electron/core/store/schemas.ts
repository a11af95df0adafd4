/**
 * RxDB's schema of a collection, from the contract's zod document. It names the id and what is ordered by, no more: zod
 * validates the whole, and so a field added to the contract needs no migration and an unknown one survives.
 */
import { createRxSchema, defaultHashSha256 } from 'rxdb';
import type { RxDocumentData, RxJsonSchema } from 'rxdb';
import { z } from 'zod';
import { documentIndexes, documentSchemas } from '../../contract/index.ts';
import type { CollectionName, DocumentOf } from '../../contract/index.ts';

interface JsonSchemaPart {
  /** Several where it may be null. */
  readonly type?: string | readonly string[];
  readonly anyOf?: readonly JsonSchemaPart[];
  readonly enum?: readonly unknown[];
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

const ID_LENGTH = 36;
/** For strings whose document says no length; our storage needs none, RxDB wants one. */
const DEFAULT_LENGTH = 256;

export const COLLECTION_NAMES = Object.keys(documentSchemas) as CollectionName[];

export function rxSchemaOf<N extends CollectionName>(name: N): RxJsonSchema<DocumentOf<N>> {
  const fields: Readonly<Record<string, z.ZodType>> = documentSchemas[name].shape;
  const indexes: readonly (readonly string[])[] = documentIndexes[name];
  const properties: Record<string, unknown> = { id: { type: 'string', maxLength: ID_LENGTH } };
  // Of those alone: a whole document's schema takes long enough to be felt when the station opens.
  for (const field of new Set(indexes.flat())) {
    const part = fields[field] === undefined ? undefined : z.toJSONSchema(fields[field], { unrepresentable: 'any' });
    properties[field] = indexable(name, field, part);
  }
  return {
    version: 0,
    primaryKey: 'id',
    type: 'object',
    properties,
    required: ['id'],
    indexes,
  } as unknown as RxJsonSchema<DocumentOf<N>>;
}

const fullSchemas = new Map<CollectionName, unknown>();

/** The same with RxDB's own fields, as storages are given it. */
export function fullSchemaOf<N extends CollectionName>(name: N): RxJsonSchema<RxDocumentData<DocumentOf<N>>> {
  if (!fullSchemas.has(name)) fullSchemas.set(name, createRxSchema(rxSchemaOf(name), defaultHashSha256).jsonSchema);
  return fullSchemas.get(name) as RxJsonSchema<RxDocumentData<DocumentOf<N>>>;
}

function indexable(name: string, field: string, part: JsonSchemaPart | undefined): Readonly<Record<string, unknown>> {
  const plain = part?.anyOf?.find((choice) => choice.type !== 'null') ?? part;
  const [type] = [plain?.type].flat().filter((each) => each !== 'null');
  switch (type) {
    case 'string': {
      const longest = plain?.enum?.reduce<number>((length, value) => Math.max(length, String(value).length), 0);
      return { type: 'string', maxLength: plain?.maxLength ?? longest ?? DEFAULT_LENGTH };
    }
    case 'integer':
    case 'number':
      return { type: 'number', multipleOf: 1, minimum: 0, maximum: Number.MAX_SAFE_INTEGER };
    case 'boolean':
      return { type: 'boolean' };
    default:
      throw new Error(`${name}.${field} cannot be ordered by`);
  }
}
