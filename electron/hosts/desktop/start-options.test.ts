import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { parseStartOptions } from './start-options.ts';

it('nothing said leaves the choice to the data and the mode', () => {
  expect(parseStartOptions([])).toEqual({ mode: null, data: null, windowed: null, checkinOnOneDisplay: false });
});

it('mode, frames and check-in on the only display can be asked for', () => {
  expect(parseStartOptions(['--clinic', '--windowed', '--check-in-here'])).toEqual({
    mode: 'clinic',
    data: null,
    windowed: true,
    checkinOnOneDisplay: true,
  });
  expect(parseStartOptions(['--demonstration'])).toMatchObject({ mode: 'demonstration' });
  expect(parseStartOptions(['--kiosk', '--windowed'])).toMatchObject({ windowed: false });
});

it('a folder can be named, whole or from where it is started', () => {
  expect(parseStartOptions(['--data=/restored'])).toMatchObject({ data: resolve('/restored') });
  expect(parseStartOptions(['--data', 'restored'])).toMatchObject({ data: resolve('restored') });
  expect(parseStartOptions(['--data'])).toMatchObject({ data: null });
});

it("Chromium's switches and the program's folder are passed over", () => {
  expect(parseStartOptions(['.', '--disable-gpu', '--lang=ar', '--kiosk'])).toMatchObject({
    mode: null,
    windowed: false,
  });
});
