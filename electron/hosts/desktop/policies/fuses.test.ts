import { FuseV1Options } from '@electron/fuses';
import { describe, expect, it } from 'vitest';
import { FUSES, TEST_BUILD_FUSES } from './fuses.ts';

describe('fuses', () => {
  it('every fuse that Electron has is stated', () => {
    const names = Object.values(FuseV1Options).filter((name) => typeof name === 'string');
    expect(Object.keys(FUSES).sort()).toEqual([...names].sort());
  });

  it('nothing turns the shipped binary into a general Node', () => {
    expect(FUSES).toMatchObject({
      RunAsNode: false,
      EnableNodeOptionsEnvironmentVariable: false,
      EnableNodeCliInspectArguments: false,
      OnlyLoadAppFromAsar: true,
      EnableEmbeddedAsarIntegrityValidation: true,
    });
  });

  it('the test build differs in the inspector alone', () => {
    expect({ ...TEST_BUILD_FUSES, EnableNodeCliInspectArguments: false }).toEqual(FUSES);
  });
});
