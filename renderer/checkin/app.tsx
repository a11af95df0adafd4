/** A check-in screen from the line to the pixels: connecting, not paired, or a patient's way from the start to the visit. */
import { i18n } from '@lingui/core';
import { I18nProvider, useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { I18nProvider as AriaLocale } from 'react-aria-components';
import type { Hello } from '../../electron/contract/views.ts';
import { Brand } from '../kit/brand.tsx';
import { KeyRegistry, KeyRoot } from '../kit/keys.tsx';
import { SimulatedBar } from '../kit/simulated.tsx';
import type { CheckinClient } from '../shell/client.ts';
import type { Connection } from '../shell/connection.ts';
import './checkin.css';
import { CodePage } from './code-page.tsx';
import { ConsentPage } from './consent-page.tsx';
import { HelpDialog } from './help-dialog.tsx';
import type { Place } from './flow.ts';
import { afterConfirm, idleStage, secondsToReset, ticketOf, WELCOME } from './flow.ts';
import { ScreenProvider, useAsk, useCommand, useConnection, useForget } from './hooks.ts';
import { useIdleSeconds } from './idle.ts';
import { chooseOwnLanguage } from './languages.ts';
import { MatchPage } from './match-page.tsx';
import { NamePage } from './name-page.tsx';
import { ProgressPage } from './progress-page.tsx';
import { useScanner } from './scanner.ts';
import { StillThereDialog } from './still-there-dialog.tsx';
import { StoppedPage } from './stopped-page.tsx';
import { WelcomePage } from './welcome-page.tsx';

export function CheckinApp({
  client,
  connection,
}: {
  readonly client: CheckinClient;
  readonly connection: Connection;
}): ReactNode {
  const [keys] = useState(() => new KeyRegistry());
  // Dialogs are drawn beside the root; they are the patient's too.
  useEffect(() => {
    document.body.classList.add('patient');
    return () => document.body.classList.remove('patient');
  }, []);
  return (
    <I18nProvider i18n={i18n}>
      <LocalAria>
        <KeyRoot registry={keys}>
          <ScreenProvider client={client} connection={connection}>
            <CheckinScreen />
          </ScreenProvider>
        </KeyRoot>
      </LocalAria>
    </I18nProvider>
  );
}

function LocalAria({ children }: { children: ReactNode }): ReactNode {
  const { i18n } = useLingui();
  return <AriaLocale locale={i18n.locale === 'en' ? 'en-GB' : i18n.locale}>{children}</AriaLocale>;
}

function CheckinScreen(): ReactNode {
  const connection = useConnection();
  const hello = useAsk((client) => client.station.hello, undefined);
  return (
    <div className="checkin">
      <SimulatedBar mode={hello.data?.mode ?? null} devices={null} />
      {connection.phase === 'stopped' ? (
        <StoppedPage problem={connection.problem} onRetry={connection.retry} />
      ) : hello.data === undefined ? (
        <div className="grid place-items-center">
          <Brand size={56} />
        </div>
      ) : (
        <CheckinFlow hello={hello.data} />
      )}
    </div>
  );
}

function CheckinFlow({ hello }: { hello: Hello }): ReactNode {
  const [place, setPlace] = useState<Place>(WELCOME);
  const [reading, setReading] = useState(false);
  const [helpOpen, setHelpOpen] = useState(false);
  const { run: leave } = useCommand((client) => client.checkin.leave);
  const { run: confirm, ...confirming } = useCommand((client) => client.checkin.confirm);
  const find = useCommand((client) => client.checkin.find);
  const { run: runFind, clear: clearFind } = find;
  const forget = useForget();
  const [seconds, touch] = useIdleSeconds(place.at);

  const goTo = useCallback(
    (next: Place) => {
      setReading(false);
      setHelpOpen(false);
      clearFind();
      setPlace(next);
    },
    [clearFind],
  );
  /** Gives the ticket back; the person's part of this screen is over whether or not the station hears it. */
  const restart = useCallback(
    (next: Place = WELCOME) => {
      const ticket = ticketOf(place);
      if (ticket !== null) void leave({ ticket });
      forget();
      goTo(next);
      if (next.at === 'welcome') chooseOwnLanguage();
    },
    [place, leave, forget, goTo],
  );
  const findBy = async (input: Parameters<typeof runFind>[0]): Promise<void> => {
    const before = ticketOf(place);
    const found = await runFind(input);
    if (found === null) return;
    if (before !== null) void leave({ ticket: before });
    forget();
    goTo({ at: 'match', ...found });
  };
  const yes = async (ticket: string): Promise<void> => {
    const answer = await confirm({ ticket });
    if (answer !== null) goTo(afterConfirm(ticket, answer));
  };
  useScanner((code) => {
    touch();
    if (place.at !== 'progress') goTo({ at: 'code', typed: code });
    void findBy({ by: 'code', code });
  });

  const stage = idleStage(place.at, seconds, reading);
  const latestRestart = useRef(restart);
  useEffect(() => {
    latestRestart.current = restart;
  });
  useEffect(() => {
    if (stage === 'reset') latestRestart.current();
    if (stage === 'dim') chooseOwnLanguage();
  }, [stage]);

  const common = { hello, onHelp: () => setHelpOpen(true), onStart: () => restart() };
  return (
    <>
      {place.at === 'welcome' ? (
        <WelcomePage
          {...common}
          note={place.note}
          dim={stage === 'dim'}
          onCode={() => goTo({ at: 'code', typed: '' })}
          onName={() => goTo({ at: 'name' })}
        />
      ) : place.at === 'code' ? (
        <CodePage
          {...common}
          key={place.typed}
          typed={place.typed}
          busy={find.busy}
          problem={find.problem}
          onFind={(code) => void findBy({ by: 'code', code })}
          onName={() => goTo({ at: 'name' })}
        />
      ) : place.at === 'name' ? (
        <NamePage
          {...common}
          busy={find.busy}
          problem={find.problem}
          onFind={(person) => void findBy({ by: 'name', ...person })}
          onEdit={clearFind}
        />
      ) : place.at === 'match' ? (
        <MatchPage
          {...common}
          match={place.match}
          busy={confirming.busy}
          problem={confirming.problem}
          onYes={() => void yes(place.ticket)}
        />
      ) : place.at === 'consent' ? (
        <ConsentPage
          {...common}
          givenName={place.givenName}
          ticket={place.ticket}
          reading={reading}
          onReading={setReading}
          onSigned={() => goTo({ at: 'progress', givenName: place.givenName, ticket: place.ticket })}
        />
      ) : (
        <ProgressPage
          givenName={place.givenName}
          ticket={place.ticket}
          scanProblem={find.problem}
          onLeave={() => restart()}
          onGone={() => restart({ at: 'welcome', note: 'start-again' })}
        />
      )}
      <StillThereDialog
        open={stage === 'ask'}
        seconds={secondsToReset(seconds, reading)}
        onHere={touch}
        onStart={() => restart()}
      />
      <HelpDialog open={helpOpen} onClose={() => setHelpOpen(false)} />
    </>
  );
}
