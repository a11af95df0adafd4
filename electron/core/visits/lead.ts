/**
 * A visit is led by one station: only that one moves its status on, so that two never move it apart. It is taken over on purpose, also
 * while the other station is away; whoever took it over last leads, wherever both are merged.
 */
import type { Session } from '../../contract/index.ts';
import { VantageError, isClosed } from '../../contract/index.ts';
import type { StoreTransaction } from '../store/index.ts';
import type { Author } from './author.ts';

/** @throws VantageError LED_ELSEWHERE */
export function requireLead(session: Pick<Session, 'leadStationId'>, stationId: string): void {
  if (session.leadStationId !== stationId) throw new VantageError('LED_ELSEWHERE');
}

export interface Taking {
  readonly stationId: string;
  /** ISO 8601. */
  readonly at: string;
  readonly author: Author;
}

/**
 * From now on this station leads the visit; again changes nothing. The former lead hears of it when both are online.
 * @throws VantageError NOT_FOUND, STATUS_CONFLICT when the visit is over
 */
export function takeLead(tx: StoreTransaction, sessionId: string, { stationId, at, author }: Taking): Session {
  const session = tx.require('sessions', sessionId);
  if (session.leadStationId === stationId) return session;
  if (isClosed(session.status)) throw new VantageError('STATUS_CONFLICT', session.status);
  tx.audit({
    at,
    actorId: author.id,
    role: author.role,
    action: 'visit.taken-over',
    subjectKind: 'session',
    subjectId: sessionId,
    detail: { from: session.leadStationId, to: stationId, status: session.status },
  });
  return tx.update('sessions', sessionId, (current) => ({ ...current, leadStationId: stationId }));
}
