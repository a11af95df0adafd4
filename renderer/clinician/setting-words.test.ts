import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import { settingWords } from './setting-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const plain = (name: string, value: string): string => settingWords(i18n, name, value).replaceAll('\u202F', ' ');

describe('camera settings', () => {
  it('are written as photographers write them', () => {
    expect(plain('exposureTimeS', '0.008')).toBe('1/125 s');
    expect(plain('exposureTimeS', '1.5')).toBe('1.5 s');
    expect(plain('fNumber', '8')).toBe('f/8');
    expect(plain('iso', '200')).toBe('ISO 200');
    expect(plain('focalLengthMm', '50')).toBe('50 mm');
  });

  it('stand as the camera gave them when nothing is known about them', () => {
    expect(plain('flash', '18 Ws')).toBe('flash 18 Ws');
    expect(plain('exposureTimeS', 'bulb')).toBe('bulb');
  });
});
