/** Drawings for patients: what to do in a step, and what a wait looks like. People without likeness, skin varies by picture. */
import type { ReactNode } from 'react';
import type { PatientProgress } from '../../electron/contract/views.ts';
import type { Step } from '../../electron/contract/protocols.ts';
import { EyeAtCamera, FeetOnPlate, StandingPose, Stadiometer } from '../kit/drawings.tsx';

type Picture = Step['picture'];

/** `picture` as the contract names it; one that this build doesn't know draws nothing. */
export function PatientPicture({ picture, label }: { picture: string; label: string }): ReactNode {
  const drawing = drawingOf(picture as Picture, label);
  return drawing === null ? null : <span className="patient-picture">{drawing}</span>;
}

function drawingOf(picture: Picture, label: string): ReactNode {
  switch (picture) {
    case 'feet-on-plate':
      return <FeetOnPlate label={label} />;
    case 'stadiometer':
      return <Stadiometer label={label} />;
    case 'eye-right':
    case 'eye-left':
      return <EyeAtCamera label={label} />;
    case 'body-front':
      return <StandingPose pose="front" label={label} />;
    case 'body-back':
      return <StandingPose pose="back" label={label} />;
    case 'body-left':
      return <StandingPose pose="left" label={label} />;
    case 'body-right':
      return <StandingPose pose="right" label={label} />;
    default:
      return null;
  }
}

/** A chair to wait in, a cup for a break, somebody coming, a finished sheet. */
export function StatePicture({ state }: { state: PatientProgress['state'] }): ReactNode {
  return (
    <svg className="patient-picture" viewBox="0 0 262 170" aria-hidden>
      <path d="M8 160H254" stroke="var(--paper-line)" strokeWidth="4" strokeLinecap="round" />
      {state === 'break' ? (
        <Cup />
      ) : state === 'waiting' || state === 'help-coming' ? (
        <Chair />
      ) : (
        <Sheet done={state !== 'stopped'} />
      )}
    </svg>
  );
}

function Chair(): ReactNode {
  return (
    <g fill="none" stroke="var(--accent)" strokeWidth="3" strokeLinejoin="round" strokeLinecap="round">
      <path d="M70 92V44a16 16 0 0 1 16-16h72a16 16 0 0 1 16 16v48" fill="var(--accent-soft)" />
      <path
        d="M50 92a12 12 0 0 1 24 0v20h96V92a12 12 0 0 1 24 0v34a12 12 0 0 1-12 12H62a12 12 0 0 1-12-12z"
        fill="var(--surface)"
      />
      <path d="M74 112h96M68 138v20M176 138v20" />
      <circle cx="224" cy="42" r="22" fill="var(--surface)" />
      <path d="M224 30v13l9 6" />
    </g>
  );
}

function Cup(): ReactNode {
  return (
    <g fill="none" stroke="var(--accent)" strokeWidth="3" strokeLinejoin="round" strokeLinecap="round">
      <path d="M74 70h94v50a24 24 0 0 1-24 24H98a24 24 0 0 1-24-24z" fill="var(--accent-soft)" />
      <path d="M168 82h14a18 18 0 0 1 0 36h-14M58 158h126" />
      <path d="M100 52c-8-10 8-16 0-28M124 52c-8-10 8-16 0-28M148 52c-8-10 8-16 0-28" stroke="var(--warm)" />
    </g>
  );
}

function Sheet({ done }: { done: boolean }): ReactNode {
  return (
    <g fill="none" stroke="var(--accent)" strokeWidth="3" strokeLinejoin="round" strokeLinecap="round">
      <path d="M70 16h82l34 34v108H70z" fill="var(--surface)" />
      <path d="M152 16v34h34" />
      <path d="M92 70h44M92 90h70M92 110h70" stroke="var(--line-strong)" />
      <circle
        cx="186"
        cy="128"
        r="26"
        fill={done ? 'var(--accent)' : 'var(--line-strong)'}
        stroke="var(--paper)"
        strokeWidth="5"
      />
      <path d={done ? 'M175 129l8 8 15-17' : 'M175 128h22'} stroke="var(--on-accent)" strokeWidth="3.5" />
    </g>
  );
}
