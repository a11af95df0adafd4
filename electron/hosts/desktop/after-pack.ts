/** electron-builder's `afterPack`: burns the fuses into the binary, before anything is signed. */
import { join } from 'node:path';
import type { FuseConfig } from '@electron/fuses';
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses';
import type { AfterPackContext } from 'electron-builder';
import { FUSES, TEST_BUILD_FUSES } from './policies/fuses.ts';

/** VANTAGE_TEST_BUILD=1 makes the build that Playwright may drive; it is never shipped. */
export default async function afterPack(context: AfterPackContext): Promise<void> {
  const fuses = process.env['VANTAGE_TEST_BUILD'] === '1' ? TEST_BUILD_FUSES : FUSES;
  await flipFuses(binaryOf(context), fuseConfig(fuses, context.electronPlatformName));
}

/** The same by the numbers that the binary knows them by. */
export function fuseConfig(fuses: typeof FUSES, platform: string): FuseConfig {
  const numbered: Record<FuseV1Options, boolean> = {
    [FuseV1Options.RunAsNode]: fuses.RunAsNode,
    [FuseV1Options.EnableCookieEncryption]: fuses.EnableCookieEncryption,
    [FuseV1Options.EnableNodeOptionsEnvironmentVariable]: fuses.EnableNodeOptionsEnvironmentVariable,
    [FuseV1Options.EnableNodeCliInspectArguments]: fuses.EnableNodeCliInspectArguments,
    [FuseV1Options.EnableEmbeddedAsarIntegrityValidation]: fuses.EnableEmbeddedAsarIntegrityValidation,
    [FuseV1Options.OnlyLoadAppFromAsar]: fuses.OnlyLoadAppFromAsar,
    [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: fuses.LoadBrowserProcessSpecificV8Snapshot,
    [FuseV1Options.GrantFileProtocolExtraPrivileges]: fuses.GrantFileProtocolExtraPrivileges,
    [FuseV1Options.WasmTrapHandlers]: fuses.WasmTrapHandlers,
  };
  return {
    version: FuseVersion.V1,
    // A changed binary needs a new signature before it runs at all on Apple silicon.
    resetAdHocDarwinSignature: platform === 'darwin',
    strictlyRequireAllFuses: true,
    ...numbered,
  };
}

function binaryOf(context: AfterPackContext): string {
  const { appOutDir, electronPlatformName, packager } = context;
  const { productFilename } = packager.appInfo;
  switch (electronPlatformName) {
    case 'darwin':
      return join(appOutDir, `${productFilename}.app`, 'Contents/MacOS', productFilename);
    case 'win32':
      return join(appOutDir, `${productFilename}.exe`);
    default:
      return join(appOutDir, packager.config.linux?.executableName ?? productFilename);
  }
}
