import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AcceptanceReport } from '../../contract/index.ts';
import { canonical, newId } from '../../contract/index.ts';
import { signerOf } from '../../core/audit/signer.ts';
import { stationIdOf } from '../../core/station.ts';
import { writeRun } from '../../core/station-work/acceptance-runs.ts';
import { newKey, openStore } from '../../core/store/index.ts';
import type { CommandContext } from './clinic-commands.ts';
import { STATION_COMMANDS } from './station-commands.ts';

const AT = '2026-11-21T09:00:00.000Z';
const runId = newId();
const key = newKey();

let directory: string;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vantage-acceptances-'));
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const store = await openStore({ directory, key, now: Date.now, stationId: stationIdOf(directory), log });
  const { privateKey } = generateKeyPairSync('ed25519');
  const signer = signerOf(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  const report: AcceptanceReport = {
    type: 'vantage-site-acceptance',
    version: 1,
    runId,
    tenantId: newId(),
    locationId: newId(),
    stationId: newId(),
    buildId: '0.1.0',
    startedAt: AT,
    concludedAt: AT,
    verdict: 'incomplete',
    checks: [],
  };
  const sha256 = createHash('sha256').update(canonical(report)).digest('hex');
  const { publicKey, keyId } = signer;
  const signed = { report, sha256, publicKey, keyId, signature: signer.sign(report) };
  const run = { runId, state: 'concluded', startedAt: AT, endedAt: AT, checks: [], signed } as const;
  await store.transaction(({ sqlite }) => writeRun(sqlite, run));
  await store.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function command(
  name: string,
  argument: string | null,
): Promise<{ readonly code: number; readonly said: string }> {
  const said: string[] = [];
  const context: Partial<CommandContext> = {
    directory,
    argument,
    to: directory,
    masterKey: async () => key,
    now: () => new Date(),
    say: (line) => said.push(line),
  };
  const code = await STATION_COMMANDS[name]!.run(context as CommandContext);
  return { code, said: said.join('\n') };
}

describe('acceptances of a station', () => {
  it('are listed, given out as a file, and the file is verified where no clinic is', async () => {
    expect((await command('acceptances', null)).said).toBe(`${runId}  ${AT}  incomplete`);
    await command('acceptances', runId);
    const file = join(directory, `acceptance-${runId}.jsonl`);
    expect(readdirSync(directory)).toContain(`acceptance-${runId}.jsonl`);
    const verified = await command('verify-acceptance', file);
    expect(verified.code).toBe(0);
    expect(verified.said).toContain('incomplete');
    const bytes = readFileSync(file);
    const byte = bytes.indexOf('incomplete');
    bytes[byte] = 'I'.charCodeAt(0);
    writeFileSync(file, bytes);
    const changed = await command('verify-acceptance', file);
    expect(changed.code).toBe(1);
    expect(changed.said).toContain(`byte ${byte}: the report was changed`);
    await expect(command('acceptances', newId())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
