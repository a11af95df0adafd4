/** From which pages a browser may ask the codec: those that are configured, and Temporal's own where that is known. */
import type { FastifyInstance } from 'fastify';

export const CODEC_PATH = '/v1/codec';

/** What Temporal's page sends. */
const HEADERS = 'authorization, authorization-extras, content-type, x-namespace';
const HOUR_SECONDS = 3600;

/** Before anything is decided about a request: a browser shows its page a refusal only if that, too, may be read by it. */
export function allowCodecOrigins(app: FastifyInstance, origins: readonly string[]): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!request.url.startsWith(`${CODEC_PATH}/`)) return;
    void reply.header('vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !origins.includes(origin)) return;
    void reply
      .header('access-control-allow-origin', origin)
      .header('access-control-allow-methods', 'POST, OPTIONS')
      .header('access-control-allow-headers', HEADERS)
      .header('access-control-max-age', String(HOUR_SECONDS));
  });
}

/** @param text origins, commas between. @throws Error when one is none */
export function codecOriginsOf(text: string, webUrl: string | null): readonly string[] {
  const named = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (named.some((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin)) {
    throw new Error('missing or wrong in the environment: CODEC_ORIGINS');
  }
  return [...new Set([...named, ...(webUrl === null ? [] : [new URL(webUrl).origin])])];
}
