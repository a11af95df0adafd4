/**
 * Who this station is: ids, names, its Ed25519 key, its settings. Kept in the encrypted file, made at first run. The private key
 * never leaves core.
 */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3-multiple-ciphers';
import { z } from 'zod';
import { derivedId, newId } from '../contract/index.ts';
import { readIfThere, writeDurably } from './store/durable-file.ts';
import { IDENTITY_KEY } from './store/anchor-check.ts';
import type { Store } from './store/index.ts';
import { writeStationValue } from './store/station-values.ts';

const identitySchema = z.object({
  tenantId: z.uuid(),
  locationId: z.uuid(),
  stationId: z.uuid(),
  clinicName: z.string(),
  locationName: z.string(),
  stationName: z.string(),
  idleLockSeconds: z.number().int().positive(),
  /** Whether the cloud's workflows finish a visit; without them it ends in the clinic. */
  workflowsConfigured: z.boolean(),
  /** PKCS #8, PEM. */
  privateKey: z.string(),
});
export type StationIdentity = z.infer<typeof identitySchema>;

/** Reads the station's identity, or makes it once. */
export function stationIdentity(store: Store, mode: 'demonstration' | 'clinic', stationId: string): StationIdentity {
  const row = store.sqlite
    .prepare<[string], { value: string }>('SELECT value FROM station WHERE key = ?')
    .get(IDENTITY_KEY);
  if (row !== undefined) return identitySchema.parse(JSON.parse(row.value));
  const { privateKey } = generateKeyPairSync('ed25519');
  const demonstration = mode === 'demonstration';
  const identity: StationIdentity = {
    tenantId: demonstration ? derivedId('demonstration', 'tenant') : newId(),
    locationId: demonstration ? derivedId('demonstration', 'location') : newId(),
    stationId,
    clinicName: demonstration ? 'Harbour Clinic' : 'This clinic',
    locationName: demonstration ? 'Demonstration' : 'Location 1',
    stationName: 'Station 1',
    idleLockSeconds: 180,
    workflowsConfigured: false,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
  store.sqlite.prepare('INSERT INTO station (key, value) VALUES (?, ?)').run(IDENTITY_KEY, JSON.stringify(identity));
  return identity;
}

/** Where a station belongs: what an enrolment changes of its identity. */
export type StationPlace = Pick<
  StationIdentity,
  'tenantId' | 'locationId' | 'clinicName' | 'locationName' | 'stationName'
>;

/**
 * Writes the station's place into its row; part of the transaction that is open. `identity`, which others hold, stays as it is until
 * the caller has seen the transaction through.
 */
export function writePlace(sqlite: Database, identity: StationIdentity, place: StationPlace): void {
  writeStationValue(sqlite, IDENTITY_KEY, JSON.stringify({ ...identity, ...place }));
}

/**
 * Keeps whether the cloud's workflows finish the visits that begin from now on; `identity`, which others hold, says so as well.
 */
export function keepWorkflowsConfigured(sqlite: Database, identity: StationIdentity, configured: boolean): void {
  if (identity.workflowsConfigured === configured) return;
  writeStationValue(sqlite, IDENTITY_KEY, JSON.stringify({ ...identity, workflowsConfigured: configured }));
  identity.workflowsConfigured = configured;
}

/**
 * The station's id is needed before the store can be opened (its clock carries it), and says nothing: a plain file. One that is
 * damaged is made anew and, once the store is open, put right by `keepStationId`: an id is no reason to keep a clinic closed.
 */
export function stationIdOf(directory: string): string {
  const known = z.uuid().safeParse(readIfThere(idFile(directory))?.toString('utf8').trim());
  if (known.success) return known.data;
  const stationId = newId();
  keepStationId(directory, stationId);
  return stationId;
}

/** Writes the id down, whole or not at all. */
export function keepStationId(directory: string, stationId: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeDurably(idFile(directory), `${stationId}\n`, 0o600);
}

function idFile(directory: string): string {
  return join(directory, 'station-id');
}
