/** A store with its vault in a folder, and visits of pictures in them. Nobody in here exists. */
import { join } from 'node:path';
import type { Capture } from '../../../contract/index.ts';
import { captureIdOf, derivedId, sessionIdOf } from '../../../contract/index.ts';
import type { Log } from '../../clinic-api.ts';
import type { Draft, Store } from '../../store/index.ts';
import { openStore } from '../../store/index.ts';
import { AUTHOR, KEY, LOCATION, STATION, TENANT } from '../../store/testing/documents.ts';
import type { Vault, VaultOptions } from '../vault-api.ts';
import { openVault } from '../vault.ts';

const QUIET: Log = { debug() {}, info() {}, warn() {}, error() {} };
const DEVICE = derivedId('test', 'device');

export interface StoredClinic {
  readonly store: Store;
  readonly vault: Vault;
}

export async function openStoredClinic(
  directory: string,
  options: {
    readonly now?: () => Date;
    readonly vault?: Partial<VaultOptions>;
    readonly makeRoom?: () => boolean;
  } = {},
): Promise<StoredClinic> {
  const { now = () => new Date(), makeRoom } = options;
  const store = await openStore({
    directory,
    key: KEY,
    stationId: STATION,
    now: () => now().getTime(),
    ...(makeRoom === undefined ? {} : { makeRoom }),
  });
  const vault = await openVault({
    directory: join(directory, 'vault'),
    database: store.sqlite,
    masterKey: KEY,
    now,
    log: QUIET,
    reserveBytes: 0,
    ...options.vault,
  });
  return { store, vault };
}

export function sessionDraft(name: string, fields: Partial<Draft<'sessions'>> = {}): Draft<'sessions'> {
  const appointmentId = derivedId('test', 'appointment', name);
  return {
    id: sessionIdOf(appointmentId),
    tenantId: TENANT,
    locationId: LOCATION,
    authorId: AUTHOR,
    appointmentId,
    patientId: derivedId('test', 'patient', name),
    protocolId: 'wellness-short',
    protocolVersion: '1',
    day: '2026-11-21',
    status: 'COMPLETED',
    leadStationId: STATION,
    checkedInAt: null,
    startedAt: null,
    pausedAt: null,
    capturedAt: null,
    endedAt: '2026-11-21T12:00:00.000Z',
    endedReason: null,
    consentId: null,
    steps: {},
    reportId: null,
    endsLocally: true,
    ...fields,
  };
}

/** One judged picture of a visit with its small picture and its map, stored as a capture stores them. */
export async function storePicture(
  { store, vault }: StoredClinic,
  session: Draft<'sessions'>,
  stepId: string,
  contents: { readonly image: Uint8Array; readonly thumbnail: Uint8Array; readonly overlay: Uint8Array | null },
  fields: Partial<Draft<'captures'>> = {},
): Promise<Capture> {
  const image = await vault.prepareBytes(contents.image, 'image/jpeg');
  const thumbnail = await vault.prepareBytes(contents.thumbnail, 'image/jpeg');
  const overlay = contents.overlay === null ? null : await vault.prepareBytes(contents.overlay, 'image/png');
  const id = captureIdOf(session.id, stepId, 1);
  return store.transaction((tx) => {
    const row = vault.insertRow(image);
    const thumbnailBlobId = vault.insertRow(thumbnail).blobId;
    const overlayBlobId = overlay === null ? null : vault.insertRow(overlay).blobId;
    return tx.put('captures', {
      id,
      tenantId: TENANT,
      locationId: LOCATION,
      authorId: AUTHOR,
      sessionId: session.id,
      patientId: session.patientId,
      stepId,
      attempt: 1,
      state: 'judged',
      settings: { subject: 'retina-left' },
      deviceId: DEVICE,
      device: null,
      fieldAngleDegrees: null,
      calibrationId: null,
      simulated: true,
      requestedAt: '2026-11-21T11:00:00.000Z',
      tokenBefore: null,
      triggered: true,
      token: null,
      takenAt: null,
      deviceTakenAt: null,
      blobId: row.blobId,
      sha256: row.sha256,
      size: row.size,
      mediaType: row.mediaType,
      onDiskAt: '2026-11-21T11:00:00.000Z',
      releasedAt: null,
      judgement: null,
      judgedAt: null,
      thumbnailBlobId,
      overlayBlobId,
      kept: null,
      problem: null,
      ...fields,
    });
  });
}
