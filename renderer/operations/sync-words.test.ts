import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import type { ArtefactRow, CollectionSyncStatus, SyncView } from '../../electron/contract/sync-status.ts';
import {
  aboutWords,
  artefactWords,
  clockWords,
  collectionWords,
  inCloudWords,
  isAllVerified,
  leftWords,
  lineWords,
  onDeviceWords,
  onDiskWords,
  spanWords,
  verifiedWords,
  visitWords,
} from './sync-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const NOW = new Date(2026, 10, 21, 9, 51).getTime();
const at = (hours: number, minutes: number, day = 21): string => new Date(2026, 10, day, hours, minutes).toISOString();

const row: ArtefactRow = {
  artefact: { kind: 'capture', id: '00000006-0000-4000-8000-000000000001', part: 'image' },
  stepId: 'retina-right',
  attempt: 2,
  visit: {
    sessionId: '00000005-0000-4000-8000-000000000001',
    protocolId: 'retina-only',
    startsAt: at(9, 15),
    room: 'Room 2',
  },
  patient: null,
  onDevice: { state: 'kept', at: null },
  onDisk: { state: 'done', at: at(9, 41) },
  inCloud: { state: 'not-yet', at: null, sentBytes: null, position: null },
  verified: { state: 'not-yet', at: null },
  size: 1000,
};

const view: SyncView = {
  at: at(9, 51),
  line: {
    state: 'online',
    since: at(9, 47),
    offlineBeforeSeconds: 3312,
    lastContactAt: at(9, 50),
    roundTripMs: 80,
    host: 'cloud.example',
    problem: null,
  },
  clock: { state: 'trusted', offsetMs: 140, measuredAt: at(9, 47) },
  steps: {
    onlyOnDevice: 0,
    onDisk: 355,
    inCloud: 355,
    verified: 355,
    left: { artefacts: 0, bytes: 0, seconds: null },
    comparing: 0,
    differing: 0,
  },
  unpushed: { documents: 0, auditEntries: 0, files: 0, oldestAt: null },
  collections: [],
  quarantined: [],
  bandwidth: { limitBytesPerSecond: null, measuredBytesPerSecond: null },
  needs: [],
};

function cloud(inCloud: Partial<ArtefactRow['inCloud']>, size: number | null = 1000) {
  return inCloudWords(i18n, { inCloud: { ...row.inCloud, ...inCloud }, size }, NOW);
}

describe('an artefact and its receipts', () => {
  it('has the name of its step, and its try', () => {
    expect(artefactWords(i18n, row)).toBe('Retina, right eye, try 2');
    expect(artefactWords(i18n, { ...row, attempt: 1, artefact: { ...row.artefact, part: 'overlay' } })).toBe(
      'Retina, right eye, map of vessels',
    );
    const report = { ...row.artefact, kind: 'report' as const, part: 'pdf' };
    expect(artefactWords(i18n, { ...row, artefact: report, stepId: null })).toBe('Report, version 2');
  });

  it('is told by time and room to those who may not know who it is', () => {
    expect(visitWords(i18n, row, NOW)).toBe('09:15, Room 2');
    expect(visitWords(i18n, { ...row, visit: { ...row.visit, startsAt: at(9, 15, 20), room: '' } }, NOW)).toBe(
      '20 Nov, 09:15',
    );
    expect(visitWords(i18n, { ...row, patient: { givenName: 'Kofi', familyName: 'Specimen' } }, NOW)).toBe(
      'Kofi Specimen',
    );
  });

  it('has a tick where there is a receipt and nowhere else', () => {
    expect(cloud({ state: 'done', at: at(9, 47) })).toEqual({ shape: 'done', text: '09:47:00' });
    expect(cloud({ state: 'queued', position: 3 })).toEqual({ shape: 'todo', text: '3rd in line' });
    expect(cloud({ state: 'sending', sentBytes: 625 }).shape).toBe('busy');
    expect(cloud({ state: 'held' }).shape).toBe('aside');
    expect(onDiskWords(i18n, { state: 'writing', at: null }, NOW).shape).toBe('busy');
    expect(onDiskWords(i18n, { state: 'damaged', at: null }, NOW).shape).toBe('stopped');
    expect(verifiedWords(i18n, { state: 'comparing', at: null }, NOW).shape).toBe('busy');
    expect(verifiedWords(i18n, { state: 'differs', at: at(9, 47) }, NOW)).toEqual({
      shape: 'care',
      text: 'not the same',
    });
  });

  it('is not said to be on a device where the shutter may not have been released', () => {
    expect(onDeviceWords(i18n, { state: 'only', at: at(9, 50) }).shape).toBe('done');
    expect(onDeviceWords(i18n, { state: 'only', at: null })).toEqual({ shape: 'todo', text: 'perhaps there' });
  });

  it('is never said to be all there before the cloud says so', () => {
    expect(cloud({ state: 'sending', sentBytes: 1000 }).text).toMatch(/^99/);
    expect(cloud({ state: 'not-yet', sentBytes: 629 }).text).toMatch(/^62.%, resumes$/);
    expect(cloud({ state: 'sending', sentBytes: 629 }, null).text).toBe('sending');
  });
});

describe('everything is in the cloud and verified', () => {
  it('is said when all of it is', () => {
    expect(isAllVerified(view)).toBe(true);
  });

  it.each<[string, Partial<SyncView>]>([
    ['a picture is on a device', { steps: { ...view.steps, onlyOnDevice: 1 } }],
    ['something is on its way', { steps: { ...view.steps, left: { artefacts: 1, bytes: 1, seconds: null } } }],
    ['something is being compared', { steps: { ...view.steps, comparing: 1 } }],
    ['a copy is not the same', { steps: { ...view.steps, differing: 1 } }],
    ['a record is not acknowledged', { unpushed: { ...view.unpushed, documents: 1 } }],
    ['an entry of the trail is not acknowledged', { unpushed: { ...view.unpushed, auditEntries: 1 } }],
    ['a record is kept back', { collections: [{ ...collection(), quarantined: 1 }] }],
    ['there is no cloud', { line: { ...view.line, state: 'not-configured' } }],
    [
      'the cloud refuses this station',
      { line: { ...view.line, problem: { code: 'STATION_REFUSED', detail: '', at: '' } } },
    ],
  ])('is not said while %s', (_name, changes) => {
    expect(isAllVerified({ ...view, ...changes })).toBe(false);
  });
});

function collection(): CollectionSyncStatus {
  return {
    name: 'sessions',
    state: 'settled',
    unpushed: 0,
    quarantined: 0,
    lastPulledAt: null,
    lastPushedAt: at(9, 50),
    restarts: 0,
    problem: null,
  };
}

function left(seconds: number | null, line: Partial<SyncView['line']> = {}): string {
  return leftWords(i18n, {
    ...view,
    line: { ...view.line, ...line },
    steps: { ...view.steps, left: { artefacts: 6, bytes: 159.4e6, seconds } },
  });
}

describe('the line, in words', () => {
  it('is back, away, slow, or does not take us', () => {
    expect(lineWords(i18n, view, NOW).text).toBe('Line back since 09:47, 55 min offline before');
    const offline = lineWords(i18n, { line: { ...view.line, state: 'offline', since: at(8, 52) } }, NOW);
    expect(offline).toMatchObject({ shape: 'absent', text: 'Offline since 08:52' });
    const yesterday = lineWords(i18n, { line: { ...view.line, state: 'offline', since: at(8, 52, 20) } }, NOW);
    expect(yesterday.text).toBe('Offline since 20 Nov, 08:52');
    const slow = lineWords(i18n, { line: { ...view.line, state: 'degraded' } }, NOW);
    expect(`${slow.text} ${slow.more}`).toBe('The line answers slowly. A new connection is being made.');
    const problem = { code: 'STATION_REFUSED' as const, detail: '', at: at(9, 47) };
    expect(lineWords(i18n, { line: { ...view.line, problem } }, NOW).shape).toBe('stopped');
  });

  it('tells a time only while it is measured', () => {
    expect(left(112)).toBe('6 to go, about 2 min');
    expect(left(null)).toMatch(/^6 to go, 159.MB$/);
    expect(left(112, { state: 'offline' })).toMatch(/^6 to go, 159.MB, waiting$/);
  });

  it('rounds what is to come up, and what has passed down', () => {
    expect(aboutWords(i18n, 59)).toBe('less than a minute');
    expect(aboutWords(i18n, 61)).toBe('about 2 min');
    expect(aboutWords(i18n, 3 * 3600 + 1)).toBe('about 4 h');
    expect(spanWords(i18n, 59.9)).toBe('59 s');
    expect(spanWords(i18n, 9 * 3600 + 734)).toBe('9 h 12 min');
    expect(spanWords(i18n, 75 * 3600)).toBe('3 days');
  });

  it('says how far the clock is off, and which way', () => {
    expect(clockWords(i18n, view.clock)).toEqual({ shape: 'done', text: '0.1 s ahead of the cloud' });
    expect(clockWords(i18n, { ...view.clock, state: 'off', offsetMs: -33_134_000 })).toEqual({
      shape: 'stopped',
      text: '9 h 12 min behind the cloud',
    });
    expect(clockWords(i18n, { state: 'unknown', offsetMs: null, measuredAt: null }).shape).toBe('todo');
  });

  it('gives a collection its tick only when nothing of it is left', () => {
    expect(collectionWords(i18n, collection(), NOW)).toEqual({ shape: 'done', text: 'sent 09:50:00' });
    expect(collectionWords(i18n, { ...collection(), unpushed: 1 }, NOW).shape).toBe('todo');
  });
});
