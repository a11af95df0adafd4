/** The cloud's page from the line to the pixels: connecting, signed out, or a person's views. */
import { i18n } from '@lingui/core';
import { I18nProvider, useLingui } from '@lingui/react';
import { useQueryClient } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useCallback, useEffect, useState } from 'react';
import { I18nProvider as AriaLocale } from 'react-aria-components';
import type { Hello } from '../../electron/contract/views.ts';
import { Brand } from '../kit/brand.tsx';
import { KeyRegistry, KeyRoot } from '../kit/keys.tsx';
import { ScreenProblem } from '../kit/problem.tsx';
import type { StaffClient } from '../shell/client.ts';
import { useIdleLock } from '../shell/idle.ts';
import { SessionContext } from '../shell/session.ts';
import { useSignedOutElsewhere } from '../shell/signed-out.ts';
import { ScreenProvider, useAsk, useClient, useConnection, useForget } from '../shell/staff.ts';
import type { CloudLine } from './cloud-line.ts';
import { Foot } from './foot.tsx';
import { keepEnglish } from './language.ts';
import { PatientPage } from './patient/patient-page.tsx';
import { returnToPlace, signInAgain } from './place.ts';
import { createCloudRouter } from './router.tsx';
import { SignInPage } from './sign-in-page.tsx';

type CloudRouter = ReturnType<typeof createCloudRouter>;

export function CloudApp({ client, line }: { readonly client: StaffClient; readonly line: CloudLine }): ReactNode {
  const [keys] = useState(() => new KeyRegistry());
  const [router] = useState(() => {
    returnToPlace();
    return createCloudRouter();
  });
  return (
    <I18nProvider i18n={i18n}>
      <LocalAria>
        <KeyRoot registry={keys}>
          <ScreenProvider client={client} connection={line.connection}>
            <CloudScreen line={line} router={router} />
          </ScreenProvider>
        </KeyRoot>
      </LocalAria>
    </I18nProvider>
  );
}

function LocalAria({ children }: { readonly children: ReactNode }): ReactNode {
  const { i18n: words } = useLingui();
  return <AriaLocale locale={words.locale === 'en' ? 'en-GB' : words.locale}>{children}</AriaLocale>;
}

function CloudScreen({ line, router }: { readonly line: CloudLine; readonly router: CloudRouter }): ReactNode {
  const connection = useConnection();
  const client = useClient();
  const queries = useQueryClient();
  const forget = useForget();
  const hello = useAsk((each) => each.station.hello, undefined);
  const isOut = connection.phase === 'stopped';
  const person = isOut ? null : (hello.data?.signedIn ?? null);

  const signOut = useCallback(() => {
    // The screen is empty at once, whether or not the cloud can be told now.
    queries.setQueriesData<Hello>({ queryKey: ['ask', 'station.hello'] }, (before) =>
      before === undefined ? before : { ...before, signedIn: null },
    );
    forget();
    client.access.lock().then(line.check, line.check);
  }, [client, queries, forget, line]);
  const lockIn = useIdleLock(person === null ? 0 : (hello.data?.idleLockSeconds ?? 0), signOut);
  useSignedOutElsewhere(line.check);
  const isPatient = person !== null && line.as() === 'patient';
  useEffect(() => {
    // Their views are in English alone so far, whatever was chosen before the sign-in.
    if (person !== null && !isPatient) keepEnglish();
  }, [person, isPatient]);

  if (isPatient) return <PatientPage lockIn={lockIn} onSignOut={signOut} />;

  return (
    <div className="staff">
      {isOut ? (
        connection.problem.code === 'NOT_SIGNED_IN' ? (
          <SignInPage canSignIn={line.canSignIn()} />
        ) : (
          <div className="whole">
            <ScreenProblem problem={connection.problem} onAction={connection.retry ?? undefined} />
          </div>
        )
      ) : hello.data === undefined || person === null ? (
        <Opening />
      ) : (
        <SessionContext
          value={{ place: 'cloud', hello: hello.data, person, status: undefined, lock: signOut, signInAgain }}
        >
          <RouterProvider router={router} />
        </SessionContext>
      )}
      <Foot clinicName={clinicOf(hello.data)} connection={connection} lockIn={lockIn} />
    </div>
  );
}

function clinicOf(hello: Hello | undefined): string {
  return hello?.clinicName ?? '';
}

function Opening(): ReactNode {
  const { i18n } = useLingui();
  return (
    <div className="whole place-items-center">
      <div className="flex flex-col items-center gap-6" role="status">
        <Brand size={56} />
        <p className="text-17 text-ink-2">{i18n.t('Opening the clinic’s cloud')}</p>
      </div>
    </div>
  );
}
