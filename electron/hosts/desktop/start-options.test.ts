import { expect, it } from 'vitest';
import { parseStartOptions } from './start-options.ts';

it('nothing said leaves the choice to the data and the mode', () => {
  expect(parseStartOptions([])).toEqual({ mode: null, windowed: null, checkinOnOneDisplay: false });
});

it('mode, frames and check-in on the only display can be asked for', () => {
  expect(parseStartOptions(['--clinic', '--windowed', '--check-in-here'])).toEqual({
    mode: 'clinic',
    windowed: true,
    checkinOnOneDisplay: true,
  });
  expect(parseStartOptions(['--kiosk', '--windowed'])).toMatchObject({ windowed: false });
});

it("Chromium's switches and the program's folder are passed over", () => {
  expect(parseStartOptions(['.', '--disable-gpu', '--lang=ar', '--kiosk'])).toMatchObject({
    mode: null,
    windowed: false,
  });
});
