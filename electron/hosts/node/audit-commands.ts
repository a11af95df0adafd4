/** The audit trail of a clinic that is not running: verified, copied by period; and copies verified without any clinic. */
import { join } from 'node:path';
import type { AuditReport } from '../../contract/index.ts';
import { VantageError } from '../../contract/index.ts';
import { signerOf } from '../../core/audit/signer.ts';
import { TrailKeeper } from '../../core/audit/trail-keeper.ts';
import { verifyExport } from '../../core/audit/verify-export.ts';
import { verifyTrail } from '../../core/audit/verify-trail.ts';
import type { StationIdentity } from '../../core/station.ts';
import { stationIdentity, stationIdOf } from '../../core/station.ts';
import type { Store } from '../../core/store/index.ts';
import { openStore } from '../../core/store/index.ts';
import type { ClinicCommand, CommandContext } from './clinic-commands.ts';

/** By the word that is typed. */
export const AUDIT_COMMANDS: Readonly<Record<string, ClinicCommand>> = {
  'verify-audit': {
    summary: 'verifies the whole audit trail: entries, chain, checkpoints, signatures, gaps',
    run: (context) => withStore(context, verifyAudit),
  },
  'export-audit': {
    summary: '--from T --until T: copies a period of the audit trail into a signed file. --to DIR: there',
    run: (context) => withStore(context, exportAudit),
  },
  'verify-export': {
    summary: 'FILE: verifies such a file; needs no clinic and no key',
    needsNoClinic: true,
    run: verifyCopy,
  },
};

async function withStore(
  context: CommandContext,
  run: (context: CommandContext, store: Store, station: StationIdentity) => Promise<number>,
): Promise<number> {
  const { directory, mode, now } = context;
  const stationId = stationIdOf(directory);
  const store = await openStore({ directory, key: await context.masterKey(), now: () => now().getTime(), stationId });
  try {
    return await run(context, store, stationIdentity(store, mode, stationId));
  } finally {
    await store.close();
  }
}

async function verifyAudit(context: CommandContext, store: Store, station: StationIdentity): Promise<number> {
  const { now, say, work } = context;
  const { found } = store.anchored;
  const signal = work.signal === undefined ? {} : { signal: work.signal };
  // What was found about the file is for the station to record first: until then nothing is added to the trail.
  const report =
    found === null
      ? await keeperOf(context, store, station).verify(byCommand(station), signal)
      : await verifyTrail(store.sqlite, { publicKey: signerOf(station.privateKey).publicKey, now, ...signal });
  say(`${report.entries} entries, ${report.checkpoints} checkpoints, signed up to entry ${report.sealedThrough}.`);
  say(`Key ${report.keyId}`);
  for (const finding of report.findings) say(findingLine(finding));
  if (report.moreFindings > 0) say(`and ${report.moreFindings} more findings`);
  for (const { sequence, at, before } of report.timesBack)
    say(`entry ${sequence}: the clock went back, ${before} to ${at}`);
  if (found !== null) say(`${found.code}: start the station and look at it.`);
  if (report.ok && found === null) say('The trail is whole.');
  return report.ok && found === null ? 0 : 1;
}

function findingLine({ kind, sequence, through, checkpoint }: AuditReport['findings'][number]): string {
  const entries =
    through === undefined || through === sequence ? `entry ${sequence}` : `entries ${sequence} to ${through}`;
  const words = {
    changed: 'changed',
    missing: 'missing',
    'put-in': 'put in',
    'does-not-follow': 'does not follow the one before',
    'not-as-signed': `not as signed by checkpoint ${checkpoint ?? '?'}`,
    'not-signed-by-station': `checkpoint ${checkpoint ?? '?'} is not signed by this station`,
    'checkpoint-missing': `checkpoint ${checkpoint ?? '?'} is missing`,
  };
  return `${entries}: ${words[kind]}`;
}

async function exportAudit(context: CommandContext, store: Store, station: StationIdentity): Promise<number> {
  const { period, say, work } = context;
  if (period === null) throw new VantageError('INPUT_INVALID', '--from and --until are missing', { field: 'from' });
  const { found } = store.anchored;
  if (found !== null) throw new VantageError(found.code, 'start the station and look at it first');
  const result = await keeperOf(context, store, station).export(
    byCommand(station),
    { from: instantOf(period.from, 'from'), to: instantOf(period.to, 'until') },
    work.signal === undefined ? {} : { signal: work.signal },
  );
  say(join(result.folder, result.fileName));
  say(`${result.entries} entries, ${result.checkpoints} checkpoints. Key ${result.keyId}`);
  return 0;
}

async function verifyCopy({ argument, say }: CommandContext): Promise<number> {
  if (argument === null) throw new VantageError('INPUT_INVALID', 'the file is missing', { field: 'file' });
  const { ok, header, entries, checkpoints, sealedThrough, findings } = await verifyExport(argument);
  if (header !== null) {
    say(`Station ${header.stationId}, ${header.from} to ${header.to}, made ${header.madeAt}.`);
    say(`${entries} entries, ${checkpoints} checkpoints, signed up to entry ${sealedThrough ?? 'none'}.`);
    say(`Key ${header.keyId}`);
  }
  for (const { line, what } of findings) say(`line ${line} ${what}`);
  say(
    ok
      ? 'The file is as the holder of this key signed it. Compare the key with the clinic’s.'
      : 'The file is NOT as it was signed.',
  );
  return ok ? 0 : 1;
}

function keeperOf({ directory, to, now }: CommandContext, store: Store, station: StationIdentity): TrailKeeper {
  return new TrailKeeper({ store, station, exportsFolder: to ?? join(directory, 'exports'), now });
}

/** A day stands for its beginning in UTC. @throws VantageError INPUT_INVALID */
function instantOf(text: string, field: string): string {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new VantageError('INPUT_INVALID', `--${field} is no time`, { field });
  return new Date(ms).toISOString();
}

function byCommand(station: StationIdentity): { readonly id: string; readonly role: string } {
  return { id: station.stationId, role: 'command' };
}
