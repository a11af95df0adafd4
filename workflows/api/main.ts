/** The API as a process: configuration from the environment, ends cleanly on SIGTERM and SIGINT. */
import type { Traces } from '../client/tracing.ts';
import { readConfig } from './config.ts';
import { createLog } from './log.ts';
import { createApi } from './server.ts';

const config = readConfig(process.env);
const log = createLog(config.logLevel);
const traces = await startTraces(process.env['OTEL_EXPORTER_OTLP_ENDPOINT']);
const api = await createApi(config);
await api.app.listen({ host: config.host, port: config.port });

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log.info({ signal }, 'stopping');
    api
      .close()
      .then(async () => traces?.stop())
      .then(
        () => log.info('stopped'),
        (error: unknown) => {
          log.error({ err: error }, 'did not stop cleanly');
          process.exitCode = 1;
        },
      );
  });
}
// Whoever reads this may stop it: from here on that ends well.
log.info({ host: config.host, port: config.port }, 'listening');

/** Loaded only where they are sent to somebody. */
async function startTraces(endpoint: string | undefined): Promise<Pick<Traces, 'stop'> | null> {
  if (endpoint === undefined || endpoint === '') return null;
  const [{ startTracing }, { traceRequests }] = await Promise.all([
    import('../client/tracing.ts'),
    import('./traces.ts'),
  ]);
  const started = startTracing({ endpoint, serviceName: 'vantage-api' });
  traceRequests();
  return started;
}
