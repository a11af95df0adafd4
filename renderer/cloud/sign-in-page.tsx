/** Before anybody has signed in: what this is, and the one way in. No patient on it. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { CLOUD_APP_PATHS } from '../../electron/contract/cloud-api.ts';
import { Brand } from '../kit/brand.tsx';
import { Button } from '../kit/button.tsx';
import { StatusMark } from '../kit/marks.tsx';
import './cloud.css';
import { LanguageChoice } from './language-choice.tsx';

export function SignInPage({ canSignIn }: { readonly canSignIn: boolean | null }): ReactNode {
  const { i18n } = useLingui();
  const refused = window.location.hash.startsWith('#/refused/')
    ? window.location.hash.slice('#/refused/'.length)
    : null;
  return (
    <main className="whole place-items-center">
      <div className="w-full max-w-[560px] p-10">
        <div className="flex items-center justify-between gap-4">
          <Brand size={48} />
          <LanguageChoice />
        </div>
        <h1 className="mt-8 text-26 tracking-[-0.018em]">{i18n.t('The clinic, from elsewhere')}</h1>
        <p className="mt-3 text-17 text-ink-2">
          {i18n.t(
            'Patients follow their visits and read their reports here, clinicians decide about reports, operators look after stations.',
          )}
        </p>
        {refused === null ? null : (
          <p role="alert" className="mt-6 flex items-start gap-3">
            <span className="mt-1">
              <StatusMark shape="stopped" />
            </span>
            {refused === 'not-allowed'
              ? i18n.t(
                  'You are known to the sign-in, and have no role at this clinic. An administrator can give you one.',
                )
              : i18n.t('The sign-in did not come to an end. Nothing was changed; try it again.')}
          </p>
        )}
        {canSignIn === false ? (
          <p className="mt-8 flex items-start gap-3 text-17">
            <span className="mt-1">
              <StatusMark shape="care" />
            </span>
            {i18n.t('Nobody can sign in here yet: this cloud is not known to an identity provider.')}
          </p>
        ) : (
          <div className="mt-8">
            <Button
              look="primary"
              size="large"
              hotkey="Enter"
              busy={canSignIn === null}
              onPress={() => {
                window.location.assign(CLOUD_APP_PATHS.signIn);
              }}
            >
              {i18n.t('Sign in')}
            </Button>
          </div>
        )}
        <p className="mt-8 text-13 text-ink-3">
          {i18n.t('What you look at here is recorded, with your name and the time.')}
        </p>
      </div>
    </main>
  );
}
