/** A staff screen from the line to the pixels: connecting, stopped, locked, or a person's views, always over the station line. */
import { i18n } from '@lingui/core';
import { I18nProvider, useLingui } from '@lingui/react';
import { useQueryClient } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { I18nProvider as AriaLocale } from 'react-aria-components';
import type { Hello, PersonOnShift, StationStatus } from '../../electron/contract/views.ts';
import { Brand } from '../kit/brand.tsx';
import { Button } from '../kit/button.tsx';
import { DiskPicture } from '../kit/disk-picture.tsx';
import { formatBytes, formatTime } from '../kit/format.ts';
import { KeyRegistry, KeyRoot } from '../kit/keys.tsx';
import { ScreenProblem } from '../kit/problem.tsx';
import { SimulatedBar } from '../kit/simulated.tsx';
import { AddressPicture } from './address-picture.tsx';
import { AwayStrip } from './away-strip.tsx';
import type { StaffClient } from './client.ts';
import type { Asked, Connection, ConnectionState, Recovery } from './connection.ts';
import { shortageWords } from './disk-words.ts';
import { HelpStrip } from './help-call.tsx';
import { useIdleLock } from './idle.ts';
import { KeyChangeProgress } from './key-change-progress.tsx';
import { LockScreen } from './lock-screen.tsx';
import { OpeningWords } from './opening-words.tsx';
import { RecoveryPart } from './recovery-part.tsx';
import { RestoreProgress } from './restore-progress.tsx';
import { createStaffRouter } from './router.tsx';
import { hasView } from './sections.tsx';
import { SessionContext } from './session.ts';
import { useSignedOutElsewhere } from './signed-out.ts';
import { ScreenProvider, useAsk, useClient, useCommand, useConnection, useForget, useLive } from './staff.ts';
import { StationLine } from './station-line.tsx';
import { UnlockPart } from './unlock-part.tsx';

/** How often a full disk is looked at while this screen tells of it. */
const LOOK_MS = 5000;

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
            <StaffScreen router={routes} onCancelWork={connection.cancelWork} />
          </ScreenProvider>
        </KeyRoot>
      </AriaLocale>
    </I18nProvider>
  );
}

function StaffScreen({
  router,
  onCancelWork,
}: {
  router: StaffRouter;
  onCancelWork: Connection['cancelWork'];
}): ReactNode {
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
        connection.work.kind === 'restore' ? (
          <RestoreProgress work={connection.work} onCancel={onCancelWork} />
        ) : (
          <KeyChangeProgress work={connection.work} />
        )
      ) : hello.data === undefined ? (
        <Opening asked={connection.phase === 'open' ? null : connection.asked} />
      ) : person === null ? (
        <LockScreen hello={hello.data} onUnlocked={unlocked} onEnrolled={refresh} />
      ) : (
        <SessionContext value={{ place: 'station', hello: hello.data, person, status: status.data, lock }}>
          <WithStationProblems status={status.data} router={router} mayStore={hasView(person.roles, '/storage')}>
            <RouterProvider router={router} />
          </WithStationProblems>
        </SessionContext>
      )}
      {person === null ? <HelpStrip calls={status.data?.helpCalls ?? []} /> : null}
      <AwayStrip connection={connection} processes={status.data?.processes ?? []} opened={hello.data !== undefined} />
      <StationLine
        status={status.data}
        hello={hello.data}
        isLost={connection.phase === 'away' && connection.work === null}
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
  // Another try finds the same damage: a backup is the way on, and trying again stands beside it.
  const restores = recovery?.offer.of === 'data' && recovery.offer.backups.length > 0;
  const show = problem.code === 'TOKEN_MISSING' ? () => setHow(true) : undefined;
  return (
    <div className="whole">
      <ScreenProblem
        problem={problem}
        onAction={restores ? undefined : (retry ?? (how ? undefined : show))}
        {...(how ? { picture: <AddressPicture /> } : {})}
        {...(asksForKey ? { action: i18n.t('Try again') } : {})}
        {...(recovery === null ? {} : { more: <WaysOn recovery={recovery} retry={restores ? retry : null} /> })}
      />
    </div>
  );
}

/** What the station offers besides trying again. */
function WaysOn({ recovery, retry }: { recovery: Recovery; retry: (() => void) | null }): ReactNode {
  const { offer, recover } = recovery;
  return offer.of === 'key' ? (
    <UnlockPart passphrases={offer.passphrases} recover={recover} />
  ) : (
    <RecoveryPart backups={offer.backups} recover={recover} retry={retry} />
  );
}

/** Work must stop on some problems of the station; everything else goes on beside them. */
function WithStationProblems({
  status,
  router,
  mayStore,
  children,
}: {
  status: StationStatus | undefined;
  router: StaffRouter;
  /** Whether this person sees what takes the room, and what could be deleted. */
  mayStore: boolean;
  children: ReactNode;
}): ReactNode {
  const { i18n } = useLingui();
  const check = useCommand((client) => client.station.checkDisk);
  const again = useCommand((client) => client.station.checkDisk);
  const isInStorage = useIsAt(router, '/storage');
  const problem = status?.problems.find((each) => each.code === 'DISK_FULL' || each.code === 'DISK_FAILED');
  const isFull = problem?.code === 'DISK_FULL';
  const { run: look } = again;
  useEffect(() => {
    if (!isFull) return undefined;
    // Somebody frees space and watches: the figures follow.
    const timer = setInterval(() => void look(undefined), LOOK_MS);
    return () => clearInterval(timer);
  }, [isFull, look]);
  // There space is freed.
  if (status === undefined || problem === undefined || (isInStorage && mayStore)) return children;
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
        more={
          <div className="mt-6 border-t border-line pt-5">
            {isFull ? <p className="text-17">{shortageWords(i18n, status.disk)}</p> : null}
            <div className="mt-4 flex flex-wrap items-center gap-5">
              {mayStore ? (
                <Button
                  look="outlined"
                  onPress={() => {
                    router.history.push('/storage');
                    // While this page stands here nothing follows the address.
                    void router.load();
                  }}
                >
                  {i18n.t('See under Storage what can go')}
                </Button>
              ) : (
                <p className="text-ink-2">{i18n.t('Operators see under Storage what can be deleted here.')}</p>
              )}
              <p className="max-w-[34em] text-ink-2">
                {i18n.t(
                  'Files of other programs on this disk can be moved away, too; never anything in the folder of the clinic.',
                )}
              </p>
            </div>
          </div>
        }
      />
    </div>
  );
}

/** Whether the view at this address is open. */
function useIsAt(router: StaffRouter, path: string): boolean {
  return useSyncExternalStore(
    (changed) => router.history.subscribe(changed),
    () => router.history.location.pathname === path,
  );
}

/** Nothing below 200 ms, then the sign, after five seconds a word. */
function Opening({ asked }: { readonly asked: Asked | null }): ReactNode {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), 5000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="whole place-items-center">
      <div className="flex flex-col items-center gap-6 opacity-100 transition-opacity delay-200">
        <Brand size={56} />
        {asked !== null || slow ? <OpeningWords asked={asked} /> : null}
      </div>
    </div>
  );
}
