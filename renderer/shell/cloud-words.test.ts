import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import type { StationStatus } from '../../electron/contract/views.ts';
import { cloudWords } from './cloud-words.ts';

const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
const NOW = new Date(2026, 10, 21, 12, 0).getTime();
const at = (hours: number, minutes: number): string => new Date(2026, 10, 21, hours, minutes).toISOString();
const items = { onDisk: 355, inCloud: 349, verified: 348, waiting: 6, records: 3 };

function words(
  cloud: Partial<StationStatus['cloud']>,
  counted: Partial<StationStatus['items']> = {},
  demonstration = false,
): string {
  const status = {
    cloud: { state: 'online' as const, since: null, problem: null, ...cloud },
    items: { ...items, ...counted },
  };
  const { title, text } = cloudWords(i18n, status, { demonstration, now: NOW });
  return `${title} / ${text}`;
}

describe('the cloud in the station line', () => {
  it('counts what is on its way, then what is compared, then says that all is verified', () => {
    expect(words({})).toBe('Online / 6 items on their way, 348 verified');
    expect(words({}, { waiting: 1 })).toBe('Online / 1 item on their way, 348 verified');
    expect(words({}, { waiting: 0 })).toBe('Online / 3 records on their way, 348 verified');
    expect(words({}, { waiting: 0, records: 0 })).toBe('Online / 1 item being compared, 348 verified');
    expect(words({}, { waiting: 0, records: 0, inCloud: 348 })).toBe('Online / all 348 items verified');
    expect(words({}, { waiting: 0, records: 0, inCloud: 0, verified: 0 })).toBe('Online / nothing to send yet');
  });

  it('says since when it is back for as long as that is news', () => {
    expect(words({ since: at(11, 47) })).toMatch(/^Online since 11:47 /);
    expect(words({ since: at(9, 47) })).toMatch(/^Online \//);
  });

  it('counts what is safe while it is away', () => {
    expect(words({ state: 'offline', since: at(8, 52) }, { waiting: 41 })).toBe(
      'Offline since 08:52 / 41 items safe on this disk, waiting',
    );
    expect(words({ state: 'offline', since: at(8, 52) }, { waiting: 0 })).toBe(
      'Offline since 08:52 / 3 records safe on this disk, waiting',
    );
    expect(words({ state: 'captive' }, { waiting: 0, records: 0 })).toBe(
      'The network asks for a sign-in / nothing waits',
    );
    expect(words({ state: 'degraded' })).toBe('The line answers slowly / 6 items on their way, 348 verified');
  });

  it('says that the cloud does not take it, and that nothing is lost', () => {
    const problem = { code: 'STATION_REFUSED' as const, detail: '', at: at(9, 47) };
    expect(words({ problem })).toBe('Cloud refuses this station / nothing lost, operator told');
    expect(words({ problem: { ...problem, code: 'UPDATE_NEEDED' } })).toBe(
      'Update needed to send / 6 items safe on this disk, waiting',
    );
    expect(words({ problem: { ...problem, code: 'CLOUD_FULL' } })).toBe(
      'The cloud takes nothing now / 6 items safe on this disk, waiting',
    );
  });

  it('does not speak of a way to the cloud where there is none', () => {
    expect(words({ state: 'not-configured' })).toBe('No cloud / visits end on this station');
    expect(words({ state: 'not-configured' }, {}, true)).toBe('No cloud / demonstration stays on this disk');
  });
});
