import { setupI18n } from '@lingui/core';
import { describe, expect, it } from 'vitest';
import { PROTOCOLS } from '../../electron/contract/protocols.ts';
import type { OutlineRow } from '../../electron/contract/views.ts';
import type { DeviceState, DeviceStatus } from '../../electron/contract/devices.ts';
import { doneOf, groupOf, roomWords, stateOf, stationMarksOf } from './day-words.ts';

const protocolId = 'wellness-imaging-short';
const steps = (done: number) =>
  (PROTOCOLS[protocolId]?.steps ?? []).map(({ id, title }, place) => ({
    stepId: id,
    title,
    mark: place < done ? ('done' as const) : place === done ? ('now' as const) : ('todo' as const),
  }));

const device = (deviceId: string, state: DeviceState): DeviceStatus =>
  ({ deviceId, name: `Device ${deviceId}`, state }) as DeviceStatus;

describe('a room that is free', () => {
  const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
  const said = (devices: readonly DeviceStatus[] | null): string => roomWords(i18n, ['a', 'b'], devices).text;

  it('has ready devices only where the station says so of each of them, now', () => {
    const ready = [device('a', 'ready'), device('b', 'ready'), device('c', 'faulted')];
    expect(said(ready)).toBe('Both devices ready');
    expect(said(null)).toBe('Devices: not known now');
    expect(said(ready.slice(0, 1))).toBe('Devices: not known now');
    for (const state of ['busy', 'recovering', 'absent', 'uncalibrated'] as const) {
      const words = roomWords(i18n, ['a', 'b'], [device('a', 'ready'), device('b', state)]);
      expect(words.text).toMatch(/^Device b: /);
      expect(words.shape).not.toBe('done');
    }
    expect(roomWords(i18n, [], null)).toEqual({ shape: 'nothing', text: 'No devices here' });
  });
});

describe('a row of the day', () => {
  it('has a visit that was sent back among those that need somebody, not among those that are done', () => {
    expect(groupOf({ status: 'REQUIRES_REVIEW' })).toBe('back');
    expect(groupOf({ status: 'REVIEW' })).toBe('done');
  });

  it('says how late somebody is in hours once it is more than one', () => {
    const i18n = setupI18n({ locale: 'en', messages: { en: {} } });
    const row = {
      startsAt: '2026-11-21T09:00:00.000Z',
      patientRequest: null,
      pausedAt: null,
      status: 'SCHEDULED',
      steps: [],
    } as unknown as OutlineRow;
    const at = (time: string): string => stateOf(i18n, row, Date.parse(`2026-11-21T${time}:00.000Z`)).text;
    expect(at('09:05')).toBe('Expected');
    expect(at('09:31')).toBe('Late 31 min');
    expect(at('10:00')).toBe('Late 1 h 0 min');
    expect(at('13:35')).toBe('Late 4 h 35 min');
  });

  it('counts its steps as the words beside it do: four body photographs are one', () => {
    expect(stationMarksOf({ protocolId, steps: steps(0) })).toEqual(['now', 'todo', 'todo', 'todo', 'todo']);
    const inTheBody = stationMarksOf({ protocolId, steps: steps(4) });
    expect(inTheBody).toEqual(['done', 'done', 'now', 'todo', 'todo']);
    expect(doneOf(inTheBody)).toBe(2);
    expect(doneOf(stationMarksOf({ protocolId, steps: steps(8) }))).toBe(5);
  });

  it('shows the steps of a protocol that this version does not have one by one', () => {
    expect(stationMarksOf({ protocolId: 'of-tomorrow', steps: steps(1) })).toHaveLength(8);
  });
});
