import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import type { Check, Judgement } from '../../electron/contract/judgement.ts';
import { checkLine, shortVerdict, verdictOf } from './capture-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const check = (id: Check['id'], reason: Check['reason']): Check => ({
  id,
  passed: false,
  value: 0,
  limit: 90,
  direction: 'at-least',
  unit: 'percent',
  reason,
  provenance: { model: 'm', version: '1', sha256: '0'.repeat(64), provider: 'cpu', runtime: 'r', durationMs: 1 },
});
const framing = check('framing', 'field-not-round');
const judgement = (field: Judgement['field']): Judgement =>
  ({ passed: false, checks: [check('focus', 'soft'), framing], tiles: [], field }) as unknown as Judgement;

describe('a picture in which no eye was found', () => {
  it('is told so, without a number of what was not there', () => {
    expect(verdictOf(i18n, judgement(null), 'right', 'Amara').title).toBe('No eye is in the picture. Take it again.');
    expect(shortVerdict(i18n, judgement(null), true)).toBe('no eye found');
    expect(checkLine(i18n, framing, 'right', null)).toEqual({ name: 'Field in view', value: 'not found' });
    expect(checkLine(i18n, check('focus', 'soft'), 'right', null).value).toBe('not measured');
  });

  it('is not mixed up with one whose field is covered, nor with a body', () => {
    const field = { x: 0.5, y: 0.5, radius: 0.4 };
    expect(checkLine(i18n, framing, 'right', field).value).toContain('needs');
    expect(shortVerdict(i18n, judgement(field), true)).toBe('not sharp');
    expect(verdictOf(i18n, judgement(null), null, 'Amara').title).toBe('Not sharp. Take it again.');
  });
});
