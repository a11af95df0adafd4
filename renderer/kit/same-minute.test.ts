import { expect, it } from 'vitest';
import { sharesMinute } from './same-minute.ts';

it('two backups of one minute need their seconds, and no others', () => {
  const instants = ['2026-11-21T23:56:04.100Z', '2026-11-21T23:56:40.000Z', '2026-11-21T23:57:01.000Z'];
  expect(instants.map((each) => sharesMinute(instants, each))).toEqual([true, true, false]);
});
