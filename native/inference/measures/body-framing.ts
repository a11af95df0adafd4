/** Is one whole person in the picture, in the middle? */
import { BODY_FRAMING } from '../../../electron/contract/measures/image-quality.ts';
import { criterion, deciding, type Finding } from './check.ts';
import type { Silhouette } from './silhouette.ts';

/** `silhouette` in pixels of its own mask. */
export function measureBodyFraming(silhouette: Silhouette | null): Finding {
  const { minimumMarginPercent, minimumHeightPercent, maximumOffsetPercent } = BODY_FRAMING.parameters;
  if (silhouette === null) return criterion(0, 'at-least', minimumHeightPercent, 'percent', 'nobody-in-view');
  const { width, height } = silhouette.mask;
  const headMargin = (100 * silhouette.top) / height;
  const feetMargin = (100 * (height - 1 - silhouette.bottom)) / height;
  const bodyHeight = (100 * (silhouette.bottom - silhouette.top + 1)) / height;
  const offset = (100 * Math.abs(silhouette.centreX - (width - 1) / 2)) / width;
  const head = criterion(headMargin, 'at-least', minimumMarginPercent, 'percent', 'head-cut-off');
  const feet = criterion(feetMargin, 'at-least', minimumMarginPercent, 'percent', 'feet-cut-off');
  return deciding([
    // The narrower margin is the one to show.
    headMargin <= feetMargin ? head : feet,
    criterion(bodyHeight, 'at-least', minimumHeightPercent, 'percent', 'nobody-in-view'),
    criterion(offset, 'at-most', maximumOffsetPercent, 'percent', 'off-centre'),
  ]);
}
