import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporalConfigOf, workerLimitsOf } from './temporal-config.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vantage-config-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** An environment in which no profile of whoever runs the tests is found. */
function environment(values: Readonly<Record<string, string>>): Record<string, string> {
  return { TEMPORAL_CONFIG_FILE: join(folder, 'temporal.toml'), ...values };
}

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('where Temporal is', () => {
  it('is nowhere unless it is configured', () => {
    expect(temporalConfigOf(environment({}))).toBeNull();
    expect(temporalConfigOf(environment({ TEMPORAL_ADDRESS: '' }))).toBeNull();
  });

  it('comes from the environment, or from a profile of Temporal’s own', () => {
    expect(temporalConfigOf(environment({ TEMPORAL_ADDRESS: 'localhost:7233' }))).toEqual({
      connection: { address: 'localhost:7233' },
      namespace: 'default',
    });
    const profile = '[profile.clinic]\naddress = "cloud:7233"\nnamespace = "clinic"\n';
    const values = { TEMPORAL_CONFIG_FILE: file('temporal.toml', profile), TEMPORAL_PROFILE: 'clinic' };
    expect(temporalConfigOf(values)).toMatchObject({ connection: { address: 'cloud:7233' }, namespace: 'clinic' });
  });

  it('is reached by TLS with a certificate or an API key, both from files', () => {
    const address = { TEMPORAL_ADDRESS: 'cloud:7233' };
    const certificate = file('cert.pem', 'CERTIFICATE');
    const key = file('key.pem', 'KEY');
    for (const [certName, keyName] of [
      ['TEMPORAL_CLIENT_CERT', 'TEMPORAL_CLIENT_KEY'],
      ['TEMPORAL_CLIENT_CERT_PATH', 'TEMPORAL_CLIENT_KEY_PATH'],
      ['TEMPORAL_TLS_CLIENT_CERT_PATH', 'TEMPORAL_TLS_CLIENT_KEY_PATH'],
    ] as const) {
      const found = temporalConfigOf(environment({ ...address, [certName]: certificate, [keyName]: key }));
      expect(found?.connection.tls).toMatchObject({
        clientCertPair: { crt: Buffer.from('CERTIFICATE'), key: Buffer.from('KEY') },
      });
    }
    const withKey = environment({ ...address, TEMPORAL_API_KEY_FILE: file('api-key', 'secret\n') });
    expect(temporalConfigOf(withKey)?.connection).toEqual({ address: 'cloud:7233', apiKey: 'secret', tls: true });
    expect(() => temporalConfigOf(environment({ ...address, TEMPORAL_MTLS: 'true' }))).toThrow('client certificate');
  });
});

describe('limits of a worker', () => {
  it('have defaults, and are refused by name', () => {
    expect(workerLimitsOf({})).toMatchObject({
      taskQueue: 'vantage-visits',
      activities: 100,
      shutdownMs: 30_000,
      cacheMs: 10_000,
    });
    const values = { TEMPORAL_MAX_CONCURRENT_ACTIVITIES: '7', TEMPORAL_METRICS_ADDRESS: '127.0.0.1:9464' };
    expect(workerLimitsOf(values)).toMatchObject({ activities: 7, metricsAddress: '127.0.0.1:9464' });
    const wrong = { TEMPORAL_MAX_CONCURRENT_WORKFLOWS: '1', TEMPORAL_LOG_LEVEL: 'loud' };
    expect(() => workerLimitsOf(wrong)).toThrow('TEMPORAL_MAX_CONCURRENT_WORKFLOWS, TEMPORAL_LOG_LEVEL');
  });
});
