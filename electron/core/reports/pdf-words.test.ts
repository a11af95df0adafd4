import { expect, it } from 'vitest';
import { settingOf } from './pdf-words.ts';

it.each([
  ['exposureTimeS', '0.0063', 'exposure 1/159 s'],
  ['exposureTimeS', '0.0166', 'exposure 1/60 s'],
  ['exposureTimeS', '0.5', 'exposure 0.5 s'],
  ['fNumber', '5.6', 'aperture f/5.6'],
  ['iso', '400', 'ISO 400'],
  ['focalLengthMm', '50', 'focal length 50 mm'],
  ['pixels', '6000x4000', '6000 × 4000 pixels'],
  ['whiteBalance', 'daylight', 'whiteBalance daylight'],
])("a camera's setting %s of %s is written as people do", (name, value, words) => {
  expect(settingOf(name, value).replaceAll('\u202f', ' ')).toBe(words);
});
