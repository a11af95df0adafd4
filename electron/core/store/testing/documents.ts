/** Synthetic documents and stores for tests of core. Nobody in here exists. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { derivedId } from '../../../contract/index.ts';
import type { AuditEntryInput, IntentInput } from '../../../contract/index.ts';
import { openStore } from '../index.ts';
import type { Draft, Store, StoreOptions } from '../index.ts';

export const TENANT = derivedId('test', 'tenant');
export const LOCATION = derivedId('test', 'location');
export const STATION = derivedId('test', 'station');
export const AUTHOR = derivedId('test', 'author');
export const KEY = new Uint8Array(32).fill(7);
export const NOON = Date.parse('2026-11-21T12:00:00.000Z');

export function patientDraft(seed: number | string, fields: Partial<Draft<'patients'>> = {}): Draft<'patients'> {
  return {
    id: derivedId('test', 'patient', seed),
    tenantId: TENANT,
    locationId: LOCATION,
    authorId: AUTHOR,
    number: `HR-${seed}`,
    givenName: 'Given',
    familyName: `Family ${seed}`,
    birthDate: '1980-02-29',
    sex: 'unknown',
    ...fields,
  };
}

export function appointmentDraft(
  seed: number | string,
  fields: Partial<Draft<'appointments'>> = {},
): Draft<'appointments'> {
  return {
    id: derivedId('test', 'appointment', seed),
    tenantId: TENANT,
    locationId: LOCATION,
    authorId: AUTHOR,
    patientId: derivedId('test', 'patient', seed),
    startsAt: '2026-11-21T09:00:00.000Z',
    day: '2026-11-21',
    protocolId: 'wellness-short',
    ...fields,
  };
}

export function auditEntry(action: string, subjectId: string, detail: AuditEntryInput['detail'] = {}): AuditEntryInput {
  return {
    at: '2026-11-21T12:00:00.000Z',
    actorId: AUTHOR,
    role: 'facilitator',
    action,
    subjectKind: 'patient',
    subjectId,
    detail,
  };
}

export function startIntent(seed: number | string, subjectId: string): IntentInput {
  return { id: derivedId('test', 'intent', seed), kind: 'session-start', subjectId, payload: { seed } };
}

/** A folder that goes away with `remove`. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'vantage-store-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function openTestStore(directory: string, options: Partial<StoreOptions> = {}): Promise<Store> {
  return openStore({ directory, key: KEY, now: () => NOON, stationId: STATION, ...options });
}
