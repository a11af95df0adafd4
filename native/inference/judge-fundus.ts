/** The checks of a fundus photograph. */
import type { Check, CheckId, Judgement, Tile } from '../../electron/contract/index.ts';
import {
  EVEN_LIGHT,
  EXPOSURE,
  FUNDUS_FOCUS,
  FUNDUS_FRAMING,
  type PublishedMeasure,
} from '../../electron/contract/measures/image-quality.ts';
import { insideCircle, type Fundus } from './fundus.ts';
import { criterion, runCheck, type Finding } from './measures/check.ts';
import { measureFocus } from './measures/focus.ts';
import { measureFundusFraming } from './measures/fundus-framing.ts';
import { measureEvenLight, measureExposure } from './measures/light.ts';
import { channel, luma, type Circle, type Plane } from './planes.ts';

/** The rim itself is an edge of the camera, not of the eye. */
const RIM_SHARE = 0.97;
const RIM_PX = 4;

export interface Checked {
  readonly checks: Check[];
  readonly tiles: Tile[];
  readonly field: Judgement['field'];
}

/** The checks in `gates`, in that order. */
export function checkFundus(fundus: Fundus, gates: readonly CheckId[]): Checked {
  const { onGrid, working, field } = fundus;
  const plane = luma(onGrid?.picture ?? working);
  let tiles: Tile[] = [];
  const inside = onGrid
    ? insideCircle(plane.width, plane.height, onGrid.circle, rim(onGrid.circle))
    : new Uint8Array(0);
  const measures: Readonly<Record<CheckId, readonly [PublishedMeasure, () => Finding]>> = {
    focus: [
      FUNDUS_FOCUS,
      () => {
        const focus = focusOf(plane, onGrid, inside);
        tiles = focus.tiles;
        return focus.finding;
      },
    ],
    exposure: [EXPOSURE, () => measureExposure(plane, inside)],
    framing: [FUNDUS_FRAMING, () => measureFundusFraming(field, working.width, working.height)],
    'even-light': [
      EVEN_LIGHT,
      () =>
        onGrid
          ? measureEvenLight(channel(onGrid.picture, 0).data, quarters(plane, onGrid.circle, inside))
          : measureEvenLight(plane.data, new Uint8Array(0)),
    ],
  };
  const checks = gates.map((gate) => runCheck(gate, ...measures[gate]));
  return { checks, tiles, field: fieldOf(fundus) };
}

function rim(circle: Circle): number {
  return RIM_SHARE * circle.radius - RIM_PX;
}

function focusOf(plane: Plane, onGrid: Fundus['onGrid'], inside: Uint8Array): ReturnType<typeof measureFocus> {
  const { parameters } = FUNDUS_FOCUS;
  if (!onGrid) return { tiles: [], finding: criterion(1, 'at-least', parameters.limit, 'ratio', 'soft') };
  const { circle, box } = onGrid;
  const grid = {
    left: circle.x - circle.radius,
    top: circle.y - circle.radius,
    width: 2 * circle.radius,
    height: 2 * circle.radius,
    columns: parameters.columns,
    rows: parameters.rows,
  };
  const whole = { left: box.left, top: box.top, width: onGrid.wholeWidth, height: onGrid.wholeHeight };
  return measureFocus(plane, inside, grid, whole, parameters);
}

/** 0-3 for the quarters around the middle of the field on every second row (medians need no more), 255 elsewhere. */
function quarters(plane: Plane, circle: Circle, inside: Uint8Array): Uint8Array {
  const groups = new Uint8Array(inside.length).fill(255);
  for (let y = 0; y < plane.height; y += 2) {
    const lower = y > circle.y ? 2 : 0;
    for (let x = 0, at = y * plane.width; x < plane.width; x += 1, at += 1) {
      if (inside[at] === 1) groups[at] = lower + (x > circle.x ? 1 : 0);
    }
  }
  return groups;
}

function fieldOf({ field, working }: Fundus): Judgement['field'] {
  if (field === null) return null;
  const { circle } = field;
  return {
    x: (circle.x + 0.5) / working.width,
    y: (circle.y + 0.5) / working.height,
    radius: circle.radius / working.width,
  };
}
