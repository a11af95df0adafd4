import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import { simulationWords } from './simulation.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const scale = { name: 'Scale', simulated: true };
const camera = { name: 'Body camera', simulated: true };
const real = { name: 'Clinic scale', simulated: false };

describe('what is said about simulated devices', () => {
  it('calls every device simulated only where every one is', () => {
    const all = simulationWords(i18n, { mode: 'demonstration', devices: [scale, camera] });
    expect(all).toMatchObject({ bar: expect.stringContaining('every device is simulated'), tag: 'Simulated' });
    const mixed = simulationWords(i18n, { mode: 'demonstration', devices: [real, camera] });
    expect(mixed?.bar).toBe('Demonstration clinic: no real patients. Real: Clinic scale. Simulated: Body camera.');
    expect(mixed?.tag).toBe('Partly simulated');
    const none = simulationWords(i18n, { mode: 'demonstration', devices: [real] });
    expect(none).toMatchObject({ bar: expect.stringContaining('The devices are real.'), tag: 'Demonstration' });
  });

  it('says nothing about devices where the screen is not told of them', () => {
    for (const devices of [null, []]) {
      expect(simulationWords(i18n, { mode: 'demonstration', devices })?.bar).toBe(
        'Demonstration clinic: no real patients.',
      );
    }
  });

  it('marks a simulated device in a real clinic, and a real clinic with real devices not at all', () => {
    expect(simulationWords(i18n, { mode: 'clinic', devices: [real, scale] })?.bar).toMatch(/^Simulated here: Scale\./);
    expect(simulationWords(i18n, { mode: 'clinic', devices: [real] })).toBeNull();
    expect(simulationWords(i18n, { mode: null, devices: null })).toBeNull();
  });
});
