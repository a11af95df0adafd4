/** Somebody asks for help while nobody stands at this screen: where to go, on every staff screen, and never who it is. */
import { useLingui } from '@lingui/react';
import { Hand } from 'lucide-react';
import type { ReactNode } from 'react';
import type { StationStatus } from '../../electron/contract/views.ts';
import { StatusMark } from '../kit/marks.tsx';
import { helpPlaces } from './help-places.ts';

/** Over a locked screen, to be seen from across the room. */
export function HelpStrip({ calls }: { calls: StationStatus['helpCalls'] }): ReactNode {
  const { i18n } = useLingui();
  if (calls.length === 0) return null;
  return (
    <div className="help-strip" role="alert">
      <Hand size={28} strokeWidth={1.75} aria-hidden />
      <b>{i18n.t('Help is wanted {places}.', { places: helpPlaces(i18n, calls) })}</b>
      <span>{i18n.t('Go there, or unlock to see who asks.')}</span>
    </div>
  );
}

/** In the station line of an unlocked screen, wherever in the program somebody is. */
export function HelpPart({ calls }: { calls: StationStatus['helpCalls'] }): ReactNode {
  const { i18n } = useLingui();
  if (calls.length === 0) return null;
  return (
    <span className="station-part" role="status">
      <StatusMark shape="care" size={15} />
      <b>{i18n.t('Help wanted')}</b>
      <i>{helpPlaces(i18n, calls)}</i>
    </span>
  );
}
