/** Instructions as drawings: line with one petrol fill, people without likeness. Never mirrored by writing direction. */
import type { ReactNode } from 'react';
import type { Step } from '../../electron/contract/protocols.ts';

type Picture = Step['picture'];
type Pose = 'front' | 'back' | 'left' | 'right';

const FRONT_HALF =
  'M100 78H111C112 90 118 95 131 99 147 103 154 112 157 126L173 200C178 222 184 244 189 266 192 280 190 293 185 293 179 292 176 281 172 268L154 210 140 160C140 182 134 196 134 212 134 230 141 246 142 266 143 302 138 334 135 362 135 392 136 428 130 468 129 484 135 494 137 502 137 509 118 509 114 504 112 480 111 440 109 400 107 360 104 322 102 286H100z';
const TOP_HALF = 'M100 118H131C138 134 140 148 140 160 140 166 139 172 138 178H100z';
const SHORTS_HALF = 'M100 238H136C140 248 142 258 142 270 142 288 141 304 139 320L106 322 102 286H100z';
const HAIR_FRONT = 'M76 40c0-22 10-31 24-31s24 9 24 31c-8-6-14-12-16-16-8 8-20 12-32 16z';
const HAIR_BACK = 'M76 46c-2-26 10-37 24-37s26 11 24 37c-2 16-12 26-24 26s-22-10-24-26z';
const SIDE_BODY =
  'M90 72L114 76C116 88 124 96 128 112 134 134 132 156 128 176 126 196 126 214 128 232 132 252 132 276 130 300 130 330 127 350 123 372 123 400 121 440 115 478L141 497C144 503 140 509 132 509H92C87 509 87 501 89 491 89 450 84 420 86 386 84 350 77 320 73 290 65 268 68 246 78 228 82 210 80 194 74 172 68 148 70 122 78 104 86 94 92 88 90 72z';
const SIDE_HEAD =
  'M78 46C76 22 90 12 106 13 122 14 130 26 130 40L136 52C137 54 135 55 132 55.5L131 66C130 73 124 74 116 73L96 76C84 70 79 58 78 46z';
const SIDE_HAIR =
  'M80 56C72 28 88 8 108 10 124 11 131 22 130 34 118 36 110 32 106 28 106 42 100 50 92 52 91 62 88 70 84 74 82 68 81 62 80 56z';
const SIDE_TOP = 'M73 126C90 120 118 120 131 126 133 146 131 162 128 178H76C70 156 70 140 73 126z';
const SIDE_SHORTS =
  'M76 238C92 234 116 234 129 240 132 262 131 292 130 318 112 324 92 324 78 316 72 296 66 270 76 238z';
const MIRRORED = 'matrix(-1 0 0 1 200 0)';

interface BodyColours {
  readonly skin: string;
  readonly cloth: string;
  readonly arm: string;
  readonly hair: string;
}

const ON_DARK: BodyColours = { skin: '#8FA09C', cloth: '#52625F', arm: '#A3B2AE', hair: '#52625F' };
/** For patients: skin and hair vary by picture. */
const ON_PAPER: Readonly<Record<Pose, BodyColours>> = {
  front: { skin: '#B07B58', cloth: 'var(--accent)', arm: '#9A6848', hair: '#2E2622' },
  back: { skin: '#E2C3AB', cloth: 'var(--accent)', arm: '#D0AC91', hair: '#6B4A34' },
  left: { skin: '#8A5A3E', cloth: 'var(--accent)', arm: '#744A32', hair: '#241D1A' },
  right: { skin: '#D5AB8C', cloth: 'var(--accent)', arm: '#C09473', hair: '#4A3A33' },
};

/** One of the four poses, 200 units wide and about 510 high. */
function Body({ pose, colours = ON_DARK }: { pose: Pose; colours?: BodyColours }): ReactNode {
  const { skin, cloth, arm, hair } = colours;
  if (pose === 'front' || pose === 'back') {
    return (
      <g>
        <path d={FRONT_HALF} fill={skin} />
        <path d={FRONT_HALF} fill={skin} transform={MIRRORED} />
        <ellipse cx="100" cy="44" rx="24" ry="31" fill={skin} />
        <path d={pose === 'front' ? HAIR_FRONT : HAIR_BACK} fill={hair} />
        {[TOP_HALF, SHORTS_HALF].map((half) => (
          <g key={half} fill={cloth}>
            <path d={half} />
            <path d={half} transform={MIRRORED} />
          </g>
        ))}
      </g>
    );
  }
  return (
    <g {...(pose === 'left' ? { transform: MIRRORED } : {})}>
      <path d={SIDE_BODY} fill={skin} />
      <path d={SIDE_HEAD} fill={skin} />
      <path d={SIDE_HAIR} fill={hair} />
      <path d={SIDE_TOP} fill={cloth} />
      <path d={SIDE_SHORTS} fill={cloth} />
      <path d="M100 122C95 162 94 202 106 280" stroke={arm} strokeWidth="21" strokeLinecap="round" fill="none" />
    </g>
  );
}

/** A pose as the small picture of the strip. */
export function PoseThumbnail({ pose }: { pose: 'front' | 'back' | 'left' | 'right' }): ReactNode {
  return (
    <svg className="pose-picture" viewBox="-115 -28 430 574" aria-hidden>
      <rect x="-120" y="-40" width="440" height="620" fill="#202A2C" />
      <Body pose={pose} />
    </svg>
  );
}

/** A pose with the lines for head and feet: how the picture should be, not what the camera sees. */
export function PoseGuide({ pose, label }: { pose: 'front' | 'back' | 'left' | 'right'; label: string }): ReactNode {
  return (
    <svg viewBox="-100 -44 400 600" role="img" aria-label={label} className="h-full max-h-[900px] w-full">
      <rect x="-100" y="-44" width="400" height="600" fill="#202A2C" />
      <path d="M-100 470H300V556H-100z" fill="#2A3537" />
      <Body pose={pose} />
      <g fill="none" stroke="var(--station-ok)" strokeWidth="1.2">
        <path d="M-100 -26H300M-100 538H300" strokeDasharray="6 5" />
        <path d="M100 -44V556" strokeDasharray="1 5" strokeLinecap="round" />
      </g>
    </svg>
  );
}

/** For patients: standing on the marks, arms a little away from the body. */
export function StandingPose({ pose, label }: { pose: Pose; label: string }): ReactNode {
  return (
    <svg viewBox="-66 0 332 530" role="img" aria-label={label} className="w-full">
      <path d="M-60 520H260" stroke="var(--line-strong)" strokeWidth="4" strokeLinecap="round" />
      <g fill="none" stroke="var(--accent)" strokeWidth="5" strokeLinecap="round">
        <path d="M52 508H18M148 508H182" />
      </g>
      <Body pose={pose} colours={ON_PAPER[pose]} />
    </svg>
  );
}

/** Both feet flat in the middle of the plate. */
export function FeetOnPlate({ label }: { label: string }): ReactNode {
  return (
    <svg viewBox="0 0 368 196" role="img" aria-label={label} className="w-full max-w-[368px]">
      <rect
        x="84"
        y="12"
        width="200"
        height="172"
        rx="14"
        fill="var(--surface)"
        stroke="var(--line-strong)"
        strokeWidth="1.5"
      />
      <path d="M184 12v172M84 98h200" stroke="var(--line)" strokeDasharray="4 4" />
      <g fill="var(--accent-soft)" stroke="var(--accent)" strokeWidth="1.7">
        <path d="M146 46c13-3 21 7 22 24 1 14-5 22-5 34 0 13 4 20 3 31-1 10-8 15-16 15s-14-6-15-16c-1-14 2-26-2-44-4-20 1-41 13-44z" />
        <path d="M222 46c-13-3-21 7-22 24-1 14 5 22 5 34 0 13-4 20-3 31 1 10 8 15 16 15s14-6 15-16c1-14-2-26 2-44 4-20-1-41-13-44z" />
      </g>
    </svg>
  );
}

/** Heels, back and head against the wall, the slide on the head, read at eye level. */
export function Stadiometer({ label }: { label: string }): ReactNode {
  return (
    <svg viewBox="0 0 368 420" role="img" aria-label={label} className="w-full max-w-[368px]">
      <path d="M110 16V404M84 404H290" stroke="var(--line-strong)" strokeWidth="2" strokeLinecap="round" />
      <g stroke="var(--line-strong)" strokeWidth="1.5">
        {Array.from({ length: 19 }, (_, place) => (
          <path key={place} d={`M110 ${24 + place * 20}h${place % 5 === 0 ? -20 : -10}`} />
        ))}
      </g>
      <g transform="translate(62 50) scale(0.695)">
        <path d={SIDE_BODY} fill="var(--sunken)" stroke="var(--ink-3)" strokeWidth="2" />
        <path d={SIDE_HEAD} fill="var(--sunken)" stroke="var(--ink-3)" strokeWidth="2" />
        <path
          d="M100 122C95 162 94 202 106 280"
          stroke="var(--ink-3)"
          strokeWidth="2.4"
          strokeLinecap="round"
          fill="none"
        />
      </g>
      <path
        d="M104 50h104v9H104z"
        fill="var(--accent-soft)"
        stroke="var(--accent)"
        strokeWidth="1.7"
        strokeLinejoin="round"
      />
      <path
        d="M232 88h64M232 88l8-5M232 88l8 5"
        stroke="var(--accent)"
        strokeWidth="1.7"
        fill="none"
        strokeLinecap="round"
      />
      <path
        d="M300 88c6-8 14-12 22-12s16 4 22 12c-6 8-14 12-22 12s-16-4-22-12z"
        fill="none"
        stroke="var(--accent)"
        strokeWidth="1.7"
      />
      <circle cx="322" cy="88" r="5" fill="var(--accent)" />
    </svg>
  );
}

/** Chin on the rest, eye at the camera. `eye` is the patient's; it stands on the viewer's left for the right eye. */
export function EyeAtCamera({ label }: { label: string }): ReactNode {
  return (
    <svg viewBox="0 0 262 196" role="img" aria-label={label} className="w-full max-w-[262px]">
      <path
        d="M2 194C4 158 24 142 52 138L56 122C36 116 26 98 26 74 26 42 48 22 80 22c30 0 46 20 48 44l10 22c2 4 0 6-4 7l-7 1-1 16c0 10-5 13-14 12l-12-1 2 15c20 5 32 20 36 56z"
        fill="#E2C3AB"
      />
      <path
        d="M26 82C20 40 46 14 84 16c26 1 42 16 44 38-22 2-36-6-42-14-2 18-10 28-22 32-2 12-4 26-10 34C40 104 30 98 26 82z"
        fill="#4A3A33"
      />
      <path d="M112 66c5-3 10-3 13 0" stroke="#4A3A33" strokeWidth="3" fill="none" strokeLinecap="round" />
      <circle cx="119" cy="73" r="3.2" fill="#14211F" />
      <g fill="none" stroke="var(--accent)" strokeWidth="3" strokeLinejoin="round">
        <rect x="178" y="36" width="80" height="74" rx="10" fill="var(--surface)" />
        <path d="M178 58h-22v30h22" fill="var(--surface)" />
        <path d="M204 110v62M232 110v62M150 172h110" strokeLinecap="round" />
        <path d="M106 141h40v31" strokeLinecap="round" />
      </g>
      <rect x="100" y="128" width="42" height="11" rx="5.5" fill="var(--accent)" />
      <path d="M152 73H128" stroke="var(--ok-mark)" strokeWidth="3" strokeDasharray="0.1 6" strokeLinecap="round" />
      <circle cx="168" cy="73" r="6" fill="var(--ok-mark)" />
    </svg>
  );
}

/** The two focus bars of the fundus camera's finder. */
export function FocusBars({ state }: { state: 'too-far' | 'sharp' | 'too-near' }): ReactNode {
  const lines = { 'too-far': 'M41 18v22M63 44v22', sharp: 'M52 18v22M52 44v22', 'too-near': 'M63 18v22M41 44v22' };
  const sharp = state === 'sharp';
  return (
    <svg viewBox="0 0 104 84" aria-hidden className="w-full max-w-[104px]">
      <circle
        cx="52"
        cy="42"
        r="38"
        fill="var(--well)"
        stroke={sharp ? 'var(--ok-mark)' : 'var(--line-strong)'}
        strokeWidth={sharp ? 3 : 1.5}
      />
      <path
        d={lines[state]}
        stroke={sharp ? 'var(--station-ok)' : 'var(--well-ink-2)'}
        strokeWidth="5"
        strokeLinecap="round"
      />
    </svg>
  );
}

/** An eye as the camera will see it: where disc and macula lie. For the well before the first picture. */
export function EyeGuide({ eye, label }: { eye: 'right' | 'left'; label: string }): ReactNode {
  return (
    <svg viewBox="0 0 400 400" role="img" aria-label={label} className="h-full max-h-[640px] w-full">
      <circle cx="200" cy="200" r="190" fill="none" stroke="var(--well-line)" strokeWidth="2" />
      <g {...(eye === 'left' ? { transform: 'matrix(-1 0 0 1 400 0)' } : {})}>
        <circle
          cx="262"
          cy="196"
          r="30"
          fill="none"
          stroke="var(--well-ink-2)"
          strokeWidth="1.6"
          strokeDasharray="4 4"
        />
        <circle
          cx="150"
          cy="206"
          r="9"
          fill="none"
          stroke="var(--well-ink-2)"
          strokeWidth="1.6"
          strokeDasharray="3 3"
        />
        <g fill="none" stroke="var(--well-line)" strokeWidth="3" strokeLinecap="round">
          <path d="M258 176C240 120 180 84 96 86M266 168C280 120 310 92 346 84M258 216C240 280 184 316 104 312M268 224C284 276 312 300 344 312" />
        </g>
      </g>
    </svg>
  );
}

/** The drawing of a step, for small places. */
export function StepPicture({ picture, label }: { picture: Picture; label: string }): ReactNode {
  switch (picture) {
    case 'feet-on-plate':
      return <FeetOnPlate label={label} />;
    case 'stadiometer':
      return <Stadiometer label={label} />;
    case 'eye-right':
    case 'eye-left':
      return <EyeAtCamera label={label} />;
    case 'body-front':
    case 'body-back':
    case 'body-left':
    case 'body-right':
      return <PoseGuide pose={picture.slice(5) as 'front' | 'back' | 'left' | 'right'} label={label} />;
  }
}
