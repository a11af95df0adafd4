/** Who is at this screen, for the screens under the lock. */
import { createContext, useContext } from 'react';
import type { Role } from '../../electron/contract/roles.ts';
import type { Hello, PersonOnShift, StationStatus } from '../../electron/contract/views.ts';

export interface StaffSession {
  /** Where the screen gets what it shows from. In the cloud there is no device, no disk and no PIN. */
  readonly place: 'station' | 'cloud';
  readonly hello: Hello;
  readonly person: PersonOnShift;
  readonly status: StationStatus | undefined;
  readonly lock: () => void;
  /** In the cloud: the person proves once more who they are, and comes back to where they were. */
  readonly signInAgain?: () => void;
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
