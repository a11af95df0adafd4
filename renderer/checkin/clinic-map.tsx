/** The way through the demonstration clinic. A map is never mirrored by writing direction. */
import { useLingui } from '@lingui/react';
import type { ReactNode } from 'react';

/** Where the visit leads, drawn as the demonstration clinic's rooms lie. */
export function ClinicMap(): ReactNode {
  const { i18n } = useLingui();
  return (
    <svg
      className="clinic-map"
      viewBox="0 0 584 520"
      role="img"
      aria-label={i18n.t(
        'Map of the clinic: from here to room 1 for weight, height and pictures, then to room 2 for the eyes',
      )}
    >
      <rect x="3" y="3" width="578" height="514" rx="10" fill="var(--surface)" />
      <path d="M3 13a10 10 0 0 1 10-10H290V194H3zM306 3H571a10 10 0 0 1 10 10V194H306z" className="clinic-map-room" />
      <path d="M338 322H581V507a10 10 0 0 1-10 10H338z" className="clinic-map-quiet" />
      <path d="M3 322H322V517H13a10 10 0 0 1-10-10z" fill="var(--warm-soft)" />
      <g className="clinic-map-wall">
        <rect x="3" y="3" width="578" height="514" rx="10" />
        <path d="M290 3V194M306 3V194M3 194H112M180 194H290M306 194H408M476 194H581M3 322H112M180 322H322M322 322V517M338 322V517M338 322H408M476 322H581" />
      </g>
      <path
        d="M146 430V226M146 258H442V226"
        fill="none"
        stroke="var(--accent)"
        strokeWidth="4.5"
        strokeDasharray="0.1 10.7"
        strokeLinecap="round"
      />
      <g className="clinic-map-icon">
        <svg x="60" y="56" width="44" height="44" viewBox="0 0 24 24">
          <rect x="3.5" y="14.5" width="17" height="5" rx="1.5" />
          <path d="M12 14.5V7.5" />
          <rect x="7.5" y="3.5" width="9" height="5" rx="1.2" />
        </svg>
        <svg x="124" y="56" width="44" height="44" viewBox="0 0 24 24">
          <path d="M5 3.5h5M5 20.5h5M7.5 3.5v17M7.5 8h-2m2 4h-2m2 4h-2" />
          <circle cx="16" cy="6.5" r="2.2" />
          <path d="M16 10v6m0 0l-2.2 4.5M16 16l2.2 4.5M12.8 12.5h6.4" />
        </svg>
        <svg x="188" y="56" width="44" height="44" viewBox="0 0 24 24">
          <path d="M4 8.5a1.5 1.5 0 0 1 1.5-1.5H8l1.5-2.5h5L16 7h2.5A1.5 1.5 0 0 1 20 8.5v9a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 17.5z" />
          <circle cx="12" cy="13" r="3.5" />
        </svg>
        <svg x="421" y="56" width="44" height="44" viewBox="0 0 24 24">
          <path d="M3 12c2.6-4.4 5.6-6.5 9-6.5s6.4 2.1 9 6.5c-2.6 4.4-5.6 6.5-9 6.5S5.600 16.400 3 12z" />
          <circle cx="12" cy="12" r="2.8" />
        </svg>
        <svg x="437" y="384" width="44" height="44" viewBox="0 0 24 24">
          <path d="M6 11V7.500a2 2 0 0 1 2-2h8a2 2 0 0 1 2 2V11" />
          <path d="M3.500 12.500a1.800 1.800 0 0 1 3.600 0v2.500h9.800v-2.500a1.800 1.800 0 0 1 3.600 0v4.500a1.500 1.500 0 0 1-1.500 1.500H5a1.500 1.500 0 0 1-1.500-1.500zM6 18.500v2M18 18.500v2" />
        </svg>
      </g>
      {[
        [146, 1],
        [442, 2],
      ].map(([x, place]) => (
        <g key={place}>
          <circle cx={x} cy="194" r="23" fill="var(--accent)" stroke="var(--surface)" strokeWidth="4" />
          <text x={x} y="201" textAnchor="middle" fontSize="20" fontWeight="600" fill="var(--on-accent)">
            {place}
          </text>
        </g>
      ))}
      <circle cx="146" cy="438" r="19" fill="none" stroke="var(--warm)" strokeWidth="2.5" />
      <circle cx="146" cy="438" r="10" fill="var(--warm)" />
      <g fontSize="18" fontWeight="600" textAnchor="middle" fill="var(--ink)">
        <text x="146" y="138">
          {i18n.t('Weight, height, pictures')}
        </text>
        <text x="443" y="138">
          {i18n.t('Eyes')}
        </text>
        <text x="459" y="458">
          {i18n.t('Quiet room')}
        </text>
        <text x="146" y="490" fill="var(--warm)">
          {i18n.t('You are here')}
        </text>
      </g>
    </svg>
  );
}
