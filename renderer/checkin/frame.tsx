/** What every check-in page has: a head, a middle that may scroll, a foot with the one primary action at its end. */
import { useLingui } from '@lingui/react';
import { ArrowLeft } from 'lucide-react';
import type { ReactNode } from 'react';
import { useEffect, useRef } from 'react';
import { Brand } from '../kit/brand.tsx';
import { Button } from '../kit/button.tsx';

export function Page({
  title,
  end,
  foot,
  children,
  className = '',
}: {
  /** The clinic, or whose visit it is. */
  readonly title: string;
  /** At the end of the head. */
  readonly end?: ReactNode;
  readonly foot?: ReactNode;
  readonly children: ReactNode;
  readonly className?: string;
}): ReactNode {
  return (
    <main className={`checkin-page ${className}`}>
      <header className="checkin-head">
        <Brand size={34} />
        <span className="text-p-18 font-semibold">{title}</span>
        <span className="grow-1" />
        {end}
      </header>
      {children}
      {foot === undefined ? null : <footer className="checkin-foot">{foot}</footer>}
    </main>
  );
}

/** At the start of a page's foot. The arrow turns with the writing direction. */
export function BackButton({ onPress, children }: { onPress: () => void; children?: ReactNode }): ReactNode {
  const { i18n } = useLingui();
  return (
    <Button
      look="outlined"
      icon={<ArrowLeft className="turns" size={24} strokeWidth={1.6} aria-hidden />}
      onPress={onPress}
    >
      {children ?? i18n.t('Back')}
    </Button>
  );
}

/** The heading of a page. It takes the focus, so that the next page is read out and no button is pressed by a late Enter. */
export function PageTitle({ large = false, children }: { large?: boolean; children: ReactNode }): ReactNode {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <h1 ref={heading} tabIndex={-1} className={large ? 'checkin-title checkin-title-large' : 'checkin-title'}>
      {children}
    </h1>
  );
}
