/** The bar over a view: what it is about at the start, the person and the lock at the end. */
import { useLingui } from '@lingui/react';
import { ArrowLeft, Lock, LogOut } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button, IconButton } from '../kit/button.tsx';
import { roleWord } from './role-words.ts';
import { useSession } from './session.ts';

export function Topbar({
  children,
  onBack,
  backLabel,
}: {
  readonly children: ReactNode;
  readonly onBack?: () => void;
  readonly backLabel?: string;
}): ReactNode {
  const { i18n } = useLingui();
  const { person, lock, place } = useSession();
  const Leave = place === 'cloud' ? LogOut : Lock;
  const role = person.roles[0];
  return (
    <header className="topbar">
      {onBack === undefined ? null : (
        <IconButton className="topbar-back" label={backLabel ?? i18n.t('Back')} onPress={onBack} hotkey="Escape">
          <ArrowLeft size={20} strokeWidth={1.75} aria-hidden />
        </IconButton>
      )}
      {children}
      <div className="flex items-center gap-1">
        <span className="person">
          <span className="avatar" aria-hidden>
            {person.initials}
          </span>
          <span className="whitespace-nowrap">
            <b className="block text-13">{person.name}</b>
            <span className="block text-12 text-ink-3">{role === undefined ? '' : roleWord(i18n, role)}</span>
          </span>
        </span>
        <Button icon={<Leave size={18} strokeWidth={1.75} aria-hidden />} onPress={lock}>
          {place === 'cloud' ? i18n.t('Sign out') : i18n.t('Lock')}
        </Button>
      </div>
    </header>
  );
}
