/** How a station comes to belong to a clinic of the cloud: with a code that an administrator made, once, and with its own key. */
import type { AuditEntryInput, CollectionName, EnrolResponse } from '../../contract/index.ts';
import {
  CLOUD_PATHS,
  CONTRACT_VERSION,
  VantageError,
  documentSchemas,
  enrolResponseSchema,
  enrolmentCodeSchema,
} from '../../contract/index.ts';
import type { StationIdentity, StationPlace } from '../station.ts';
import { writePlace } from '../station.ts';
import type { Store, StoreTransaction } from '../store/index.ts';
import type { SyncClock } from './clock.ts';
import type { PendingEnrolment } from './cloud-account.ts';
import { readAccount, readPending, writeAccount, writePending } from './cloud-account.ts';
import { cloudAddress } from './cloud-address.ts';
import type { Fetch } from './cloud-client.ts';
import { createCloudClient } from './cloud-client.ts';
import { writePayloadKeys } from './payload-keys.ts';
import { hashOfCode, keyIdOf, keyProof, newKeyPem, stationKeyOf } from './station-key.ts';

export interface EnrolOptions {
  readonly store: Store;
  /** The one that the whole clinic holds: changed in place once the enrolment is durable. */
  readonly station: StationIdentity;
  readonly mode: 'demonstration' | 'clinic';
  readonly clock: SyncClock;
  readonly fetch?: Fetch;
  /** http to other machines, for development. */
  readonly allowHttp?: boolean;
}

export interface EnrolRequestOfPerson {
  readonly address: string;
  readonly code: string;
  /** Left out: as it is called now. */
  readonly stationName?: string | undefined;
}

/** Who did it: a member of staff, or the station itself where nobody can have signed in yet. */
export type EnrolledBy = Pick<AuditEntryInput, 'actorId' | 'role'>;

const COLLECTIONS = Object.keys(documentSchemas) as CollectionName[];

/**
 * Asks the cloud and keeps its answer: place, names, address, key. What this station wrote before it belonged anywhere gets the place
 * as well. Where the answer is lost the same code is good again. A station that was enrolled before comes with a new key: the one
 * before may be why it has to.
 *
 * @throws VantageError NOT_ALLOWED (a demonstration), CLOUD_ADDRESS_WRONG, INPUT_INVALID (`code`), ENROLMENT_REFUSED, ENROLMENT_UNREACHABLE,
 * CLOUD_CAPTIVE, UPDATE_NEEDED, CLOUD_OLDER, TOO_MANY_REQUESTS, CLOUD_UNAVAILABLE; then nothing has changed
 */
export async function enrol(
  options: EnrolOptions,
  request: EnrolRequestOfPerson,
  by: EnrolledBy,
): Promise<EnrolResponse> {
  const { store, station, mode, clock } = options;
  if (mode === 'demonstration') throw new VantageError('NOT_ALLOWED', 'a demonstration belongs to nobody');
  const address = cloudAddress(request.address, options.allowHttp);
  const code = enrolmentCodeSchema.safeParse(request.code);
  if (!code.success) throw new VantageError('INPUT_INVALID', 'code', { field: 'code' });
  const stationName = request.stationName?.trim() || station.stationName;
  const pending = pendingFor(options, address, hashOfCode(code.data));
  const answer = await ask(options, pending, code.data, stationName);
  const { tenantId, locationId, tenantName: clinicName, locationName } = answer;
  const place: StationPlace = { tenantId, locationId, clinicName, locationName, stationName };
  const at = new Date(clock.now()).toISOString();
  await store.transaction((tx) => {
    move(tx, station, place);
    writePlace(tx.sqlite, station, place);
    writeAccount(tx.sqlite, { address, privateKey: pending.privateKey, nextPrivateKey: null, enrolledAt: at });
    writePayloadKeys(tx.sqlite, answer.payloadKeys);
    tx.audit({
      at,
      ...by,
      action: 'station.enrolled',
      subjectKind: 'station',
      subjectId: station.stationId,
      detail: { keyId: answer.keyId, tenantId, locationId },
    });
  });
  Object.assign(station, place);
  return answer;
}

/** The attempt as it is kept before anything is sent; the same code at the same address goes on with the same key. */
function pendingFor({ store, station }: EnrolOptions, address: string, codeHash: string): PendingEnrolment {
  const known = readPending(store.sqlite);
  if (known?.address === address && known.codeHash === codeHash) return known;
  const isFirst = readAccount(store.sqlite) === null;
  const pending = { address, codeHash, privateKey: isFirst ? station.privateKey : newKeyPem() };
  writePending(store.sqlite, pending);
  return pending;
}

async function ask(
  options: EnrolOptions,
  pending: PendingEnrolment,
  code: string,
  stationName: string,
): Promise<EnrolResponse> {
  const { stationId } = options.station;
  const key = stationKeyOf(pending.privateKey);
  const client = createCloudClient({
    address: pending.address,
    stationId,
    keys: { current: () => key, next: () => null, promote: () => undefined },
    clock: options.clock,
    ...(options.fetch !== undefined && { fetch: options.fetch }),
  });
  try {
    const answer = await client.ask(
      CLOUD_PATHS.enrol,
      {
        contractVersion: CONTRACT_VERSION,
        code,
        stationId,
        stationName,
        publicKey: key.publicKey,
        proof: await keyProof(key, stationId, pending.codeHash),
      },
      enrolResponseSchema,
      new AbortController().signal,
    );
    if (answer.stationId !== stationId || answer.keyId !== (await keyIdOf(key))) {
      throw new VantageError('CLOUD_CAPTIVE', 'the answer is about another station');
    }
    return answer;
  } catch (error) {
    // Said in the words of a station that has no cloud yet: nothing is tried again by itself.
    if (error instanceof VantageError && error.code === 'CLOUD_UNREACHABLE') {
      throw new VantageError('ENROLMENT_UNREACHABLE', error.detail, { cause: error });
    }
    throw error;
  } finally {
    await client.close();
  }
}

/**
 * Before the first enrolment everything here belongs to nobody and goes along. A station that is moved within its clinic takes its
 * devices; visits stay where they were made.
 */
function move(tx: StoreTransaction, from: StationPlace & Pick<StationIdentity, 'stationId'>, to: StationPlace): void {
  const isFirst = readAccount(tx.sqlite) === null;
  for (const name of isFirst ? COLLECTIONS : (['devices'] as const)) {
    const selector = isFirst ? { tenantId: from.tenantId } : { stationId: from.stationId };
    for (const document of tx.find(name, { selector })) {
      tx.put(name, { ...document, tenantId: to.tenantId, locationId: to.locationId });
    }
  }
}
