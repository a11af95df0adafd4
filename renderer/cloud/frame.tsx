/** The frame of the cloud's page: rail and view. */
import { useLingui } from '@lingui/react';
import { Outlet, useLocation } from '@tanstack/react-router';
import { Moon, Sun } from 'lucide-react';
import type { ReactNode } from 'react';
import { Brand } from '../kit/brand.tsx';
import { useKeys } from '../kit/keys.tsx';
import { toggleMode, useMode } from '../shell/mode.ts';
import { useSession } from '../shell/session.ts';
import { CLOUD_SECTIONS } from './sections.ts';

export function CloudFrame(): ReactNode {
  const { i18n } = useLingui();
  const { person } = useSession();
  const { pathname } = useLocation();
  const mode = useMode();
  useKeys([{ key: 'd', label: i18n.t('Dim or light'), run: toggleMode }]);
  const sections = CLOUD_SECTIONS.filter(({ roles }) => person.roles.some((role) => roles.includes(role)));
  const isHere = (to: string): boolean => pathname === to || (to !== '/' && pathname.startsWith(`${to}/`));
  const Icon = mode === 'dim' ? Sun : Moon;
  return (
    <>
      <nav className="rail" aria-label={i18n.t('Sections')}>
        <span className="rail-brand">
          <Brand />
        </span>
        {sections.map((section) => (
          <a
            key={section.to}
            href={`#${section.to}`}
            className="rail-item"
            {...(isHere(section.to) && { 'aria-current': 'page' as const })}
          >
            <section.icon size={24} strokeWidth={1.6} aria-hidden />
            <span>{section.title(i18n)}</span>
          </a>
        ))}
        <span className="grow-1" />
        <button type="button" className="rail-item" onClick={toggleMode} aria-pressed={mode === 'dim'}>
          <Icon size={24} strokeWidth={1.6} aria-hidden />
          <span>{mode === 'dim' ? i18n.t('Light') : i18n.t('Dim')}</span>
        </button>
      </nav>
      <main className="view">
        <Outlet />
      </main>
    </>
  );
}
