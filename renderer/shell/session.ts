/** Who is at this screen, for the screens under the lock. */
import { createContext, useContext } from 'react';
import type { Role } from '../../electron/contract/roles.ts';
import type { Hello, PersonOnShift, StationStatus } from '../../electron/contract/views.ts';

export interface StaffSession {
  readonly hello: Hello;
  readonly person: PersonOnShift;
  readonly status: StationStatus | undefined;
  readonly lock: () => void;
}

export const SessionContext = createContext<StaffSession | null>(null);

export function useSession(): StaffSession {
  const session = useContext(SessionContext);
  if (session === null) throw new Error('Nobody is signed in around this component');
  return session;
}

/** Whether the person at this screen has one of the roles. */
export function useMay(...roles: readonly Role[]): boolean {
  const { person } = useSession();
  return person.roles.some((role) => roles.includes(role));
}
