/** The OpenAPI 3.1 document, made from the routes as they are declared. */
import { z } from 'zod';
import { CONTRACT_VERSION, cloudErrorSchema } from '../../electron/contract/index.ts';
import type { Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Vantage cloud API', version: CONTRACT_VERSION },
    paths,
    components: {
      schemas: { Problem: schemaOf(cloudErrorSchema, 'output') },
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
    },
  };
}

function operationOf(route: Route): Json {
  const open = route.who.includes('anyone');
  return {
    summary: route.summary,
    'x-who': route.who,
    security: open ? [] : [{ bearer: [] }],
    parameters: [
      ...parametersOf(route.params, 'path'),
      ...parametersOf(route.query, 'query'),
      ...(route.requestHeaders ?? []).map((name) => ({
        name,
        in: 'header',
        required: true,
        schema: { type: 'string' },
      })),
    ],
    ...(route.takes !== undefined && {
      requestBody: { content: { [route.takes]: { schema: { type: 'string', format: 'binary' } } } },
    }),
    ...(route.body !== undefined && {
      requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body, 'input') } } },
    }),
    responses: {
      ...(route.answers === undefined ? { 200: jsonOf(route) } : describedOf(route.answers)),
      default: {
        description: 'A problem',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function describedOf(answers: Readonly<Record<number, string>>): Json {
  return Object.fromEntries(Object.entries(answers).map(([status, description]) => [status, { description }]));
}

function jsonOf(route: Route): Json {
  return {
    description: 'Done',
    content:
      'mediaType' in route.answer
        ? { [route.answer.mediaType]: { schema: { type: 'string' } } }
        : { 'application/json': { schema: schemaOf(route.answer, 'output') } },
  };
}

function parametersOf(schema: z.ZodType | undefined, where: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    readonly properties?: Readonly<Record<string, Json>>;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, part]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    schema: part,
  }));
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
