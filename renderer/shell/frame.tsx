/** The staff frame: rail, view, and what every view has. The station line and the simulated bar lie around it (`app.tsx`). */
import { useLingui } from '@lingui/react';
import { Link, Outlet } from '@tanstack/react-router';
import { CircleHelp, Moon, Sun } from 'lucide-react';
import type { ReactNode } from 'react';
import { useState } from 'react';
import { VISIT_ROLES } from '../../electron/contract/roles.ts';
import { Brand } from '../kit/brand.tsx';
import { useKeys } from '../kit/keys.tsx';
import { KeysDialog } from '../help/keys-dialog.tsx';
import { toggleMode, useMode } from './mode.ts';
import { SECTIONS } from './sections.tsx';
import { useMay, useSession } from './session.ts';
import { useLive } from './staff.ts';

export function Frame(): ReactNode {
  const { i18n } = useLingui();
  const { person, lock } = useSession();
  const mode = useMode();
  const [keysOpen, setKeysOpen] = useState(false);
  const today = useLive((client) => client.today.watch, undefined, {
    enabled: useMay(...VISIT_ROLES),
  });
  useKeys([
    { key: 'd', label: i18n.t('Dim or light'), run: toggleMode },
    { key: '?', label: i18n.t('All keys'), run: () => setKeysOpen(true) },
    { key: 'Ctrl+l', label: i18n.t('Lock'), run: lock, always: true },
  ]);
  const waiting = today.data?.reviewsWaiting ?? 0;
  const sections = SECTIONS.filter((section) => person.roles.some((role) => section.roles.includes(role)));
  return (
    <>
      <nav className="rail" aria-label={i18n.t('Sections')}>
        <span className="rail-brand">
          <Brand />
        </span>
        {sections.map((section) => (
          <Link
            key={section.to}
            to={section.to}
            className="rail-item"
            activeOptions={{ exact: section.to === '/' }}
            activeProps={{ 'aria-current': 'page' }}
          >
            <section.icon size={24} strokeWidth={1.6} aria-hidden />
            <span>{section.title(i18n)}</span>
            {section.badge === 'reviews' && waiting > 0 ? (
              <b className="rail-badge" aria-label={i18n.t('{waiting} waiting', { waiting })}>
                {waiting}
              </b>
            ) : null}
          </Link>
        ))}
        <span className="grow-1" />
        <button
          type="button"
          className="rail-item"

          onClick={toggleMode}
          aria-pressed={mode === 'dim'}
        >
          {mode === 'dim' ? (
            <Sun size={24} strokeWidth={1.6} aria-hidden />
          ) : (
            <Moon size={24} strokeWidth={1.6} aria-hidden />
          )}
          <span>{mode === 'dim' ? i18n.t('Light') : i18n.t('Dim')}</span>
        </button>
        <Link to="/help" className="rail-item" activeProps={{ 'aria-current': 'page' }}>
          <CircleHelp size={24} strokeWidth={1.6} aria-hidden />
          <span>{i18n.t('Help')}</span>
        </Link>
      </nav>
      <main className="view">
        <Outlet />
      </main>
      <KeysDialog open={keysOpen} onClose={() => setKeysOpen(false)} />
    </>
  );
}
