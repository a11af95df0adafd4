/** Is the whole round field in the picture, large and in the middle? */
import { FUNDUS_FRAMING } from '../../../electron/contract/measures/image-quality.ts';
import { criterion, deciding, type Finding } from './check.ts';
import type { Field } from './field.ts';

/** `field` in pixels of a picture of `width` x `height`; null when none was found. */
export function measureFundusFraming(field: Field | null, width: number, height: number): Finding {
  const { minimumRimPercent, minimumDiameterPercent, maximumOffsetPercent } = FUNDUS_FRAMING.parameters;
  if (field === null) return criterion(0, 'at-least', minimumRimPercent, 'percent', 'field-not-round');
  const { circle } = field;
  const shortSide = Math.min(width, height);
  const offset = Math.hypot(circle.x - (width - 1) / 2, circle.y - (height - 1) / 2);
  // An off-centre field is cut off too; it is named first because moving the camera is what helps.
  return deciding([
    criterion((100 * offset) / shortSide, 'at-most', maximumOffsetPercent, 'percent', 'off-centre'),
    criterion(100 * field.rim, 'at-least', minimumRimPercent, 'percent', 'field-not-round'),
    criterion((200 * circle.radius) / shortSide, 'at-least', minimumDiameterPercent, 'percent', 'field-too-small'),
  ]);
}
