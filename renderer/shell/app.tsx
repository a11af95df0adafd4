/** A staff screen from the line to the pixels: connecting, stopped, locked, or a person's views, always over the station line. */
import { i18n } from '@lingui/core';
import { I18nProvider, useLingui } from '@lingui/react';
import { useQueryClient } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useCallback, useEffect, useState } from 'react';
import { I18nProvider as AriaLocale } from 'react-aria-components';
import type { Hello, PersonOnShift, StationStatus } from '../../electron/contract/views.ts';
import { Brand } from '../kit/brand.tsx';
import { DiskPicture } from '../kit/disk-picture.tsx';
import { formatBytes, formatTime } from '../kit/format.ts';
import { KeyRegistry, KeyRoot } from '../kit/keys.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { ScreenProblem } from '../kit/problem.tsx';
import { SimulatedBar } from '../kit/simulated.tsx';
import { AddressPicture } from './address-picture.tsx';
import { AwayStrip } from './away-strip.tsx';
import type { StaffClient } from './client.ts';
import type { Connection, ConnectionState, Recovery } from './connection.ts';
import { HelpStrip } from './help-call.tsx';
import { useIdleLock } from './idle.ts';
import { KeyChangeProgress } from './key-change-progress.tsx';
import { LockScreen } from './lock-screen.tsx';
import { RecoveryPart } from './recovery-part.tsx';
import { createStaffRouter } from './router.tsx';
import { hasView } from './sections.tsx';
import { SessionContext } from './session.ts';
import { useSignedOutElsewhere } from './signed-out.ts';
import { ScreenProvider, useAsk, useClient, useCommand, useConnection, useForget, useLive } from './staff.ts';
import { StationLine } from './station-line.tsx';
import { UnlockPart } from './unlock-part.tsx';

type StaffRouter = ReturnType<typeof createStaffRouter>;

export function StaffApp({
  client,
  connection,
  router,
}: {
  readonly client: StaffClient;
  readonly connection: Connection;
  readonly router?: StaffRouter;
}): ReactNode {
  const [keys] = useState(() => new KeyRegistry());
  const [routes] = useState(() => router ?? createStaffRouter());
  return (
    <I18nProvider i18n={i18n}>
      <AriaLocale locale="en-GB">
        <KeyRoot registry={keys}>
          <ScreenProvider client={client} connection={connection}>
            <StaffScreen router={routes} />
          </ScreenProvider>
        </KeyRoot>
      </AriaLocale>
    </I18nProvider>
  );
}

function StaffScreen({ router }: { router: StaffRouter }): ReactNode {
  const connection = useConnection();
  const client = useClient();
  const queries = useQueryClient();
  const forget = useForget();
  const hello = useAsk((each) => each.station.hello, undefined);
  const status = useLive((each) => each.station.watch, undefined);
  const person = hello.data?.signedIn ?? null;

  const refresh = useCallback(() => void queries.invalidateQueries({ queryKey: ['ask', 'station.hello'] }), [queries]);
  const lock = useCallback(() => {
    // The screen is empty at once, whether or not the station can be told now.
    queries.setQueriesData<Hello>({ queryKey: ['ask', 'station.hello'] }, (before) =>
      before === undefined ? before : { ...before, signedIn: null },
    );
    forget();
    client.access.lock().then(refresh, refresh);
  }, [client, queries, forget, refresh]);
  const unlocked = ({ roles }: PersonOnShift): void => {
    // What the one before left open may be no view of this person's. An address that somebody asks for is refused by the station.
    if (!hasView(roles, router.history.location.pathname)) {
      router.history.replace('/');
      // Behind the lock nothing follows the address.
      void router.load();
    }
    refresh();
  };
  const lockIn = useIdleLock(person === null ? 0 : (hello.data?.idleLockSeconds ?? 0), lock);
  useSignedOutElsewhere(refresh);

  return (
    <div className="staff">
      <SimulatedBar mode={hello.data?.mode ?? null} devices={status.data?.devices ?? null} />
      {connection.phase === 'stopped' ? (
        <Stopped {...connection} />
      ) : connection.phase !== 'open' && connection.work !== null ? (
        <KeyChangeProgress work={connection.work} />
      ) : hello.data === undefined ? (
        <Opening />
      ) : person === null ? (
        <LockScreen hello={hello.data} onUnlocked={unlocked} onEnrolled={refresh} />
      ) : (
        <SessionContext value={{ place: 'station', hello: hello.data, person, status: status.data, lock }}>
          <WithStationProblems status={status.data}>
            <RouterProvider router={router} />
          </WithStationProblems>
        </SessionContext>
      )}
      {person === null ? <HelpStrip calls={status.data?.helpCalls ?? []} /> : null}
      <AwayStrip connection={connection} processes={status.data?.processes ?? []} opened={hello.data !== undefined} />
      <StationLine
        status={status.data}
        hello={hello.data}
        lockIn={lockIn}
        onOpenSync={
          person !== null && connection.phase !== 'stopped' && hasView(person.roles, '/sync')
            ? () => void router.navigate({ to: '/sync' })
            : null
        }
      />
    </div>
  );
}

/** The line does not come back by itself. Without its key a page can only say where the key is. */
function Stopped({
  problem,
  retry,
  recovery,
}: Pick<Extract<ConnectionState, { phase: 'stopped' }>, 'problem' | 'retry' | 'recovery'>): ReactNode {
  const [how, setHow] = useState(false);
  const { i18n } = useLingui();
  // The button asks the host's own store again; a passphrase is entered below it.
  const asksForKey = recovery?.offer.of === 'key';
  const show = problem.code === 'TOKEN_MISSING' ? () => setHow(true) : undefined;
  return (
    <div className="whole">
      <ScreenProblem
        problem={problem}
        onAction={retry ?? (how ? undefined : show)}
        {...(how ? { picture: <AddressPicture /> } : {})}
        {...(asksForKey ? { action: i18n.t('Try again') } : {})}
        {...(recovery === null ? {} : { more: <WaysOn recovery={recovery} /> })}
      />
    </div>
  );
}

/** What the station offers besides trying again. */
function WaysOn({ recovery }: { recovery: Recovery }): ReactNode {
  const { offer, recover } = recovery;
  return offer.of === 'key' ? (
    <UnlockPart passphrases={offer.passphrases} recover={recover} />
  ) : (
    <RecoveryPart backups={offer.backups} recover={recover} />
  );
}

/** Work must stop on some problems of the station; everything else goes on beside them. */
function WithStationProblems({
  status,
  children,
}: {
  status: StationStatus | undefined;
  children: ReactNode;
}): ReactNode {
  const { i18n } = useLingui();
  const check = useCommand((client) => client.station.checkDisk);
  const problem = status?.problems.find((each) => each.code === 'DISK_FULL' || each.code === 'DISK_FAILED');
  if (status === undefined || problem === undefined) return children;
  return (
    <div className="whole">
      <ScreenProblem
        problem={problem}
        heading={i18n.t('Visits are paused on this station')}
        picture={<DiskPicture {...status.disk} />}
        busy={check.busy}
        onAction={() => void check.run(undefined)}
        follows={i18n.t('Looked at {time}: {free} free. It also notices by itself.', {
          time: formatTime(status.at, true),
          free: formatBytes(status.disk.freeBytes),
        })}
      />
    </div>
  );
}

/** Nothing below 200 ms, then the sign, after five seconds a word. */
function Opening(): ReactNode {
  const { i18n } = useLingui();
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 5000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="whole place-items-center">
      <div className="flex flex-col items-center gap-6 opacity-100 transition-opacity delay-200">
        <Brand size={56} />
        {slow ? (
          <p className="flex items-center gap-3 text-17 text-ink-2" role="status">
            <StatusMark shape="busy" />
            {i18n.t('Opening the clinic. Large clinics take a little longer.')}
          </p>
        ) : null}
      </div>
    </div>
  );
}
