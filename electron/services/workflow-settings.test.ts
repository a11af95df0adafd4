import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workflowSettings } from './workflow-settings.ts';

const LOCAL = { TEMPORAL_ADDRESS: '127.0.0.1:7233' };
const FAR = { TEMPORAL_ADDRESS: 'clinic.tmprl.cloud:7233' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'workflow-settings-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function kept(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('where the workflows are', () => {
  it('is nowhere without an address: visits end on the station', () => {
    expect(workflowSettings({})).toBeNull();
    expect(workflowSettings({ TEMPORAL_ADDRESS: ' ', TEMPORAL_NAMESPACE: 'clinic' })).toBeNull();
  });

  it('is an address with a namespace; on this machine nothing else is needed', () => {
    const settings = workflowSettings({ ...LOCAL, TEMPORAL_NAMESPACE: 'clinic' });
    expect(settings).toMatchObject({ address: '127.0.0.1:7233', namespace: 'clinic' });
    expect(settings?.credentials()).toEqual({ tls: null, apiKey: null, payloadKeys: null });
    expect(workflowSettings(LOCAL)?.namespace).toBe('default');
  });

  it('is read from files, again with each connection, and any of them means TLS', () => {
    const path = kept('key', 'one\n');
    const settings = workflowSettings({
      ...FAR,
      TEMPORAL_CLIENT_CERT: kept('cert.pem', 'certificate'),
      TEMPORAL_CLIENT_KEY: kept('key.pem', 'key'),
      TEMPORAL_SERVER_CA: kept('ca.pem', 'authority'),
      TEMPORAL_API_KEY_FILE: path,
      TEMPORAL_PAYLOAD_KEYS_FILE: kept('payload', '1:abc\n'),
    });
    expect(settings?.credentials()).toEqual({
      tls: {
        authority: Buffer.from('authority'),
        client: { certificate: Buffer.from('certificate'), key: Buffer.from('key') },
      },
      apiKey: 'one',
      payloadKeys: '1:abc',
    });
    kept('key', 'two');
    expect(settings?.credentials().apiKey).toBe('two');
    expect(workflowSettings({ ...LOCAL, TEMPORAL_MTLS: 'true' })?.credentials().tls).toEqual({
      authority: null,
      client: null,
    });
  });

  it.each([
    ['without TLS on another machine', { ...FAR }, /no TLS/],
    ['with a file that is not there', { ...LOCAL, TEMPORAL_SERVER_CA: '/nowhere/ca.pem' }, /TEMPORAL_SERVER_CA/],
    ['with half of a certificate', { ...LOCAL, TEMPORAL_CLIENT_CERT: import.meta.filename }, /belong together/],
  ])('is refused when it is used %s, and says what is missing, never a path', (_what, environment, said) => {
    const settings = workflowSettings(environment);
    expect(() => settings?.credentials()).toThrow(said);
    expect(() => settings?.credentials()).toThrow(expect.objectContaining({ code: 'WORKFLOWS_REFUSED' }));
    expect(() => settings?.credentials()).not.toThrow(/nowhere/);
  });
});
