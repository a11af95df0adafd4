/** What the checks of a picture say, in sentences: a verdict, what usually helps, one line per check. Pure. */
import type { I18n } from '@lingui/core';
import type { Check, Judgement, Reason } from '../../electron/contract/judgement.ts';
import { formatNumber, formatPercent } from '../kit/format.ts';
import { placeOf } from '../kit/soft-region.ts';

export type Eye = 'right' | 'left' | null;

export interface Verdict {
  readonly passed: boolean;
  readonly title: string;
  readonly text: string;
  readonly helps: readonly string[];
  readonly reason: Reason | null;
}

/** The verdict on a picture; the first failed check decides what is said. */
export function verdictOf(i18n: I18n, judgement: Judgement, eye: Eye, givenName: string): Verdict {
  const failed = judgement.checks.find((check) => !check.passed);
  if (judgement.passed || failed === undefined) {
    return {
      passed: true,
      title: eye === null ? i18n.t('Good. It can be kept.') : i18n.t('Sharp and complete.'),
      text:
        eye === null
          ? i18n.t('Sharp, evenly lit, head and feet in the picture.')
          : i18n.t('Every part can be measured.'),
      helps: [],
      reason: null,
    };
  }
  if (eye !== null && judgement.field === null) {
    return {
      passed: false,
      reason: null,
      title: i18n.t('No eye is in the picture. Take it again.'),
      text: i18n.t('The round field of the eye was not found, so nothing else could be checked.'),
      helps: [
        i18n.t('Take the lens cap off and centre the pupil in the finder.'),
        i18n.t('Move the camera closer until the field fills the finder.'),
      ],
    };
  }
  const reason = failed.reason ?? 'soft';
  return {
    passed: false,
    reason,
    ...reasonWords(i18n, reason, eye, givenName),
    ...(reason === 'soft' ? { text: softText(i18n, judgement, eye) } : {}),
  };
}

/** "8 of 24 tiles are soft, all in the lower temporal part. Vessels there cannot be measured." */
function softText(i18n: I18n, judgement: Judgement, eye: Eye): string {
  const judged = judgement.tiles.filter((tile) => tile.focus !== null);
  const soft = judged.filter((tile) => tile.soft).length;
  if (judged.length === 0) return i18n.t('The picture is soft.');
  const counts = { soft, total: judged.length };
  if (eye === null) {
    return i18n.t('{soft} of {total} tiles are soft.', counts);
  }
  const place = placeOf(judgement.tiles, eye, judgement.field ?? undefined);
  const where = partWord(i18n, place.half, place.side);
  const vessels = i18n.t('Vessels there cannot be measured.');
  return where === null
    ? `${i18n.t('{soft} of {total} tiles are soft.', counts)} ${vessels}`
    : `${i18n.t('{soft} of {total} tiles are soft, all in the {where} part.', { soft, total: judged.length, where })} ${vessels}`;
}

function partWord(i18n: I18n, half: 'upper' | 'lower' | null, side: 'temporal' | 'nasal' | null): string | null {
  if (half === 'upper') {
    return side === 'temporal' ? i18n.t('upper temporal') : side === 'nasal' ? i18n.t('upper nasal') : i18n.t('upper');
  }
  if (half === 'lower') {
    return side === 'temporal' ? i18n.t('lower temporal') : side === 'nasal' ? i18n.t('lower nasal') : i18n.t('lower');
  }
  if (side === null) return null;
  return side === 'temporal' ? i18n.t('temporal') : i18n.t('nasal');
}

interface ReasonWords {
  readonly title: string;
  readonly text: string;
  readonly helps: readonly string[];
}

function reasonWords(i18n: I18n, reason: Reason, eye: Eye, name: string): ReasonWords {
  const retina = eye !== null;
  switch (reason) {
    case 'soft':
      return {
        title: i18n.t('Not sharp. Take it again.'),
        text: '',
        helps: retina
          ? [
              i18n.t('Ask {name} to blink twice.', { name }),
              i18n.t('Move the camera until both focus bars meet.'),
              i18n.t('Hold for a second, then take it.'),
            ]
          : [
              i18n.t('Ask {name} to breathe out and hold.', { name }),
              i18n.t('Check that the focus point is on the body.'),
            ],
      };
    case 'too-dark':
      return {
        title: i18n.t('Too dark. Take it again.'),
        text: retina
          ? i18n.t('Little light came back from the eye: often a blink or a small pupil.')
          : i18n.t('The picture is too dark to compare.'),
        helps: retina
          ? [
              i18n.t('Ask {name} to blink, then to keep the eye wide open.', { name }),
              i18n.t('Wait half a minute in the dark so that the pupil opens.'),
            ]
          : [i18n.t('Check that both lamps are on.'), i18n.t('Check the camera’s flash.')],
      };
    case 'too-bright':
      return {
        title: i18n.t('Too bright. Take it again.'),
        text: i18n.t('Parts of the picture are burnt out.'),
        helps: [i18n.t('Lower the flash by one step.'), i18n.t('Keep stray light out of the picture.')],
      };
    case 'head-cut-off':
      return {
        title: i18n.t('The head is cut off. Take it again.'),
        text: i18n.t('The whole body must be in the picture.'),
        helps: [i18n.t('Ask {name} to take half a step back.', { name }), i18n.t('Tilt the camera up a little.')],
      };
    case 'feet-cut-off':
      return {
        title: i18n.t('The feet are cut off. Take it again.'),
        text: i18n.t('The whole body must be in the picture.'),
        helps: [i18n.t('Ask {name} to take half a step back.', { name }), i18n.t('Tilt the camera down a little.')],
      };
    case 'off-centre':
      return {
        title: i18n.t('Off the middle. Take it again.'),
        text: retina
          ? i18n.t('The field does not lie in the middle of the picture.')
          : i18n.t('The body does not stand in the middle of the picture.'),
        helps: retina
          ? [i18n.t('Ask {name} to look at the green light.', { name }), i18n.t('Centre the pupil in the finder.')]
          : [i18n.t('Ask {name} to stand on the marks.', { name })],
      };
    case 'nobody-in-view':
      return {
        title: i18n.t('Nobody is in the picture. Take it again.'),
        text: i18n.t('No person was found in the picture.'),
        helps: [i18n.t('Ask {name} to stand on the marks.', { name }), i18n.t('Check where the camera looks.')],
      };
    case 'field-not-round':
      return {
        title: i18n.t('Part of the eye is covered. Take it again.'),
        text: i18n.t('A lid or lash lies over the field.'),
        helps: [i18n.t('Ask {name} to open the eye wide.', { name }), i18n.t('Hold the upper lid gently if needed.')],
      };
    case 'field-too-small':
      return {
        title: i18n.t('Too far away. Take it again.'),
        text: i18n.t('The field is smaller than the camera’s own.'),
        helps: [i18n.t('Move the camera closer until the field fills the finder.')],
      };
    case 'uneven-light':
      return {
        title: i18n.t('Light falls from one side. Take it again.'),
        text: i18n.t('One side is much darker than the other.'),
        helps: [i18n.t('Centre the pupil in the finder.'), i18n.t('Check that no lash shades the lens.')],
      };
  }
}

/** Why a try is not good, in a few words for the film strip; the first failed check decides, as in `verdictOf`. */
export function shortVerdict(i18n: I18n, judgement: Judgement, ofEye: boolean): string {
  if (ofEye && judgement.field === null) return i18n.t('no eye found');
  const reason = judgement.checks.find((check) => !check.passed)?.reason ?? null;
  return reason === null ? i18n.t('a check failed') : shortReason(i18n, reason);
}

function shortReason(i18n: I18n, reason: Reason): string {
  const words: Readonly<Record<Reason, string>> = {
    soft: i18n.t('not sharp'),
    'too-bright': i18n.t('too bright'),
    'too-dark': i18n.t('too dark'),
    'head-cut-off': i18n.t('head cut off'),
    'feet-cut-off': i18n.t('feet cut off'),
    'off-centre': i18n.t('off the middle'),
    'nobody-in-view': i18n.t('nobody in view'),
    'field-not-round': i18n.t('eye covered'),
    'field-too-small': i18n.t('too far away'),
    'uneven-light': i18n.t('uneven light'),
  };
  return words[reason];
}

export interface CheckLine {
  readonly name: string;
  readonly value: string;
}

/** One check as a line: its name, its value and what it must be. A number stands only where there was something to measure. */
export function checkLine(i18n: I18n, check: Check, eye: Eye, field: Judgement['field']): CheckLine {
  const names: Readonly<Record<Check['id'], string>> = {
    focus: i18n.t('Focus, softest part'),
    exposure: i18n.t('Exposure'),
    framing: eye === null ? i18n.t('Head and feet in view') : i18n.t('Field in view'),
    'even-light': i18n.t('Even light'),
  };
  if (eye !== null && field === null) {
    return { name: names[check.id], value: check.id === 'framing' ? i18n.t('not found') : i18n.t('not measured') };
  }
  const decimals = check.id === 'focus' ? 1 : 2;
  const show = (value: number): string =>
    check.unit === 'percent' ? formatPercent(value, 1) : formatNumber(value, check.unit === 'none' ? 0 : decimals);
  const words = { value: show(check.value), limit: show(check.limit) };
  return {
    name: names[check.id],
    value:
      check.direction === 'at-least'
        ? i18n.t('{value}, needs {limit}', words)
        : i18n.t('{value}, up to {limit}', words),
  };
}

/** "Keep, go to left eye": what keeping leads to. `nextStepId` null = nothing is left. */
export function keepWord(i18n: I18n, nextStepId: string | null, nextTitle: string): string {
  switch (nextStepId) {
    case null:
      return i18n.t('Keep, all steps done');
    case 'retina-left':
      return i18n.t('Keep, go to left eye');
    case 'retina-right':
      return i18n.t('Keep, go to right eye');
    case 'body-back':
      return i18n.t('Keep, go to the back');
    case 'body-left':
      return i18n.t('Keep, go to the left side');
    case 'body-right':
      return i18n.t('Keep, go to the right side');
    default:
      return i18n.t('Keep, go to: {step}', { step: nextTitle });
  }
}
