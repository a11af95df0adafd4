/** Somebody would rather talk before agreeing: that is fine, and somebody has been called. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';
import { Button } from '../kit/button.tsx';
import { StatusMark } from '../kit/marks.tsx';
import { BackButton, Page, PageTitle } from './frame.tsx';
import { StepsLine } from './steps-line.tsx';

export function TalkFirst({
  givenName,
  onBack,
  onStart,
}: {
  readonly givenName: string;
  readonly onBack: () => void;
  readonly onStart: () => void;
}): ReactNode {
  const { i18n } = useLingui();
  return (
    <Page
      title={givenName}
      end={<StepsLine now="agreement" />}
      foot={
        <>
          <BackButton onPress={onBack}>{i18n.t('Back to the agreement')}</BackButton>
          <span className="grow-1" />
          <Button look="primary" size="large" onPress={onStart}>
            {i18n.t('I will wait for somebody')}
          </Button>
        </>
      }
    >
      <section className="checkin-one content-center">
        <StatusMark shape="done" size={40} />
        <PageTitle large>{i18n.t('That is fine. We will talk about it.')}</PageTitle>
        <p className="mt-4 max-w-[32em] text-p-21 text-ink-2">
          {i18n.t('The team has been told and comes to you. Nothing is measured or photographed until you agree.')}
        </p>
      </section>
    </Page>
  );
}
