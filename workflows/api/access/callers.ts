/** Who calls, as the API has made sure of it, and what of the database such a caller gets. */
import type { Role } from '../../../electron/contract/index.ts';
import type { Scope } from '../../database/scope.ts';

export interface StationCaller {
  readonly kind: 'station';
  readonly tenantId: string;
  readonly locationId: string;
  readonly stationId: string;
  /** The station's key that the token was given for. */
  readonly keyId: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

export interface PersonCaller {
  readonly kind: 'person';
  readonly tenantId: string;
  readonly personId: string;
  /** The one of their roles under which this route lets them in. */
  readonly role: Role;
  /** Where they have that role. */
  readonly locations: readonly string[] | '*';
  readonly patientId: string | undefined;
  readonly identity: Identity;
  /** With a browser: the session that its cookie stands for. */
  readonly browser?: BrowserSession;
}

/** Who somebody is at their identity provider. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

export interface BrowserSession {
  readonly sessionId: string;
  /** SHA-256 of what the cookie holds. */
  readonly secretSha256: string;
  /** As the identity provider gave it. */
  readonly name: string;
  /** When the person last proved at the identity provider who they are. */
  readonly signedInAt: Date;
}

/** An activity of a workflow. */
export interface ServiceCaller {
  readonly kind: 'service';
  readonly tenantId: string;
}

export interface AnyoneCaller {
  readonly kind: 'anyone';
}

export type Caller = StationCaller | PersonCaller | ServiceCaller | AnyoneCaller;

/** Who may call a route: roles of people, stations, activities, or anyone at all. */
export type Who = Role | 'station' | 'service' | 'anyone';

/** How a caller is named beside what they change. */
export function actorOf(caller: Caller): string {
  switch (caller.kind) {
    case 'station':
      return `station:${caller.stationId}`;
    case 'person':
      return `person:${caller.personId}`;
    case 'service':
      return 'service';
    default:
      return 'anyone';
  }
}

export function scopeOf(caller: Caller): Scope {
  const actor = actorOf(caller);
  switch (caller.kind) {
    case 'station': {
      const { tenantId, locationId, stationId } = caller;
      return { role: 'station', tenantId, locations: [locationId], actor, stationId };
    }
    case 'person': {
      const { role, tenantId, locations, patientId, identity } = caller;
      return { role, tenantId, locations, actor, patientId, identity };
    }
    case 'service':
      return { role: 'service', tenantId: caller.tenantId, locations: '*', actor };
    default:
      return { role: 'nobody', tenantId: null, locations: [], actor };
  }
}
