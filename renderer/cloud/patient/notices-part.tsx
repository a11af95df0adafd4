/** Whether, and by which ways, a patient wants to be told that there is news. Nothing is on until they say so. */
import { useLingui } from '@lingui/react';
import { Bell, Mail } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { Button } from '../../kit/button.tsx';
import { TextField } from '../../kit/field.tsx';
import { formatDate } from '../../kit/format.ts';
import { InlineProblem } from '../../kit/problem.tsx';
import { useAsk, useCommand } from '../../shell/staff.ts';
import { cloudOf } from '../cloud-client.ts';
import { canBeTold, subscribe } from './subscribe.ts';

export function NoticesPart(): ReactNode {
  const { i18n } = useLingui();
  const settings = useAsk((client) => cloudOf(client).notices.settings, undefined);
  const agree = useCommand((client) => cloudOf(client).notices.agree);
  const withdraw = useCommand((client) => cloudOf(client).notices.withdraw);
  const [address, setAddress] = useState('');
  const [unwilling, setUnwilling] = useState(false);
  if (settings.data === undefined) return null;
  const { pushKey, mail, ways } = settings.data;
  if (pushKey === null && !mail && ways.length === 0) return null;
  const locale = i18n.locale === 'ar' ? 'ar' : 'en';
  const problem = agree.problem ?? withdraw.problem;
  const byMail = async (): Promise<void> => {
    if ((await agree.run({ kind: 'mail', address: address.trim(), locale })) === null) return;
    setAddress('');
    await settings.refetch();
  };
  const byBrowser = async (): Promise<void> => {
    const subscribed = pushKey === null ? null : await subscribe(pushKey);
    setUnwilling(subscribed === null);
    if (subscribed === null) return;
    await agree.run({ kind: 'push', ...subscribed, locale });
    await settings.refetch();
  };
  return (
    <section className="mine-earlier" aria-labelledby="notices">
      <h2 id="notices" className="text-p-21 font-semibold">
        {i18n.t('Be told when there is news')}
      </h2>
      <p className="mt-2 max-w-[40em] text-ink-2">
        {i18n.t(
          'You get one sentence: that there is news about your visit. Neither your name nor anything about you is in it.',
        )}
      </p>
      <ul className="mt-3">
        {ways.map(({ wayId, kind, address: to, agreedAt }) => (
          <li key={wayId}>
            {kind === 'mail' ? (
              <Mail size={24} strokeWidth={1.6} className="text-accent" aria-hidden />
            ) : (
              <Bell size={24} strokeWidth={1.6} className="text-accent" aria-hidden />
            )}
            <span className="min-w-0 grow-1">
              <b className="break-words">{kind === 'mail' ? <bdi>{to}</bdi> : i18n.t('A browser of yours')}</b>
              <span className="block text-17 text-ink-2">
                {i18n.t('agreed on {date}', { date: formatDate(agreedAt) })}
              </span>
            </span>
            <Button
              look="outlined"
              busy={withdraw.busy}
              onPress={() => void withdraw.run({ wayId }).then(async () => settings.refetch())}
            >
              {i18n.t('Stop it')}
            </Button>
          </li>
        ))}
      </ul>
      <div className="mine-notices">
        {mail ? (
          <>
            <TextField label={i18n.t('Mail address')} value={address} onChange={setAddress} maxLength={254} />
            <Button look="outlined" busy={agree.busy} disabled={!address.includes('@')} onPress={() => void byMail()}>
              {i18n.t('Tell me by mail')}
            </Button>
          </>
        ) : null}
        {pushKey !== null && canBeTold() ? (
          <Button look="outlined" busy={agree.busy} onPress={() => void byBrowser()}>
            {i18n.t('Tell me in this browser')}
          </Button>
        ) : null}
      </div>
      {unwilling ? (
        <p role="status" className="mt-3 text-ink-2">
          {i18n.t('This browser does not show messages now. Its settings say whether it may.')}
        </p>
      ) : null}
      {problem === null ? null : <InlineProblem problem={problem} />}
    </section>
  );
}
