/** What should be done about the key of the data, as long as it is not: with one action, for those who may decide it. */
import { useLingui } from '@lingui/react';
import { useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { RECORD_ROLES } from '../../electron/contract/maintenance.ts';
import type { StorageView } from '../../electron/contract/maintenance.ts';
import { Button } from '../kit/button.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { useMay } from '../shell/session.ts';
import { useLive } from '../shell/staff.ts';
import { useNow } from '../shell/use-now.ts';
import { adviceWords, keyAdvice } from './key-words.ts';
import type { KeyAdvice } from './key-words.ts';
import './key-advice.css';

export function AdviceBox({
  advice,
  view,
  now,
}: {
  readonly advice: KeyAdvice;
  readonly view: StorageView;
  readonly now: number;
}): ReactNode {
  const { i18n } = useLingui();
  const { title, text } = adviceWords(i18n, advice, view.key, now);
  return (
    <div role="status" className="key-advice">
      <h3>
        <StatusMark shape="care" size={18} />
        {title}
      </h3>
      <p>{text}</p>
    </div>
  );
}

/** On the operators' page, for those who may do something about it. */
export function KeyAdviceSection(): ReactNode {
  return useMay(...RECORD_ROLES) ? <Followed /> : null;
}

function Followed(): ReactNode {
  const { i18n } = useLingui();
  const navigate = useNavigate();
  const now = useNow(30_000);
  const view = useLive((client) => client.maintenance.watch, undefined).data;
  const advice = view === undefined ? [] : keyAdvice(view);
  if (view === undefined || advice.length === 0) return null;
  return (
    <section aria-labelledby="sync-key">
      <h2 id="sync-key" className="sync-side-head">
        {i18n.t('The key of the data')}
      </h2>
      {advice.map((each) => (
        <AdviceBox key={each} advice={each} view={view} now={now} />
      ))}
      <Button look="outlined" className="mt-3 w-full" onPress={() => void navigate({ to: '/storage' })}>
        {i18n.t('Show storage and records')}
      </Button>
    </section>
  );
}
