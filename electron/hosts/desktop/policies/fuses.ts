/** Electron's fuses, each stated: a fuse that a new Electron brings does not compile until somebody has decided. */
import type { FuseV1Options } from '@electron/fuses';

type Fuse = keyof typeof FuseV1Options;

/** What the shipped binary is burnt to. `true` = on. */
export const FUSES: Readonly<Record<Fuse, boolean>> = {
  // The binary is no general Node: not by ELECTRON_RUN_AS_NODE, NODE_OPTIONS or --inspect.
  RunAsNode: false,
  EnableNodeOptionsEnvironmentVariable: false,
  EnableNodeCliInspectArguments: false,
  EnableCookieEncryption: true,
  // Not enforced on Linux, where the installation belongs to root instead.
  EnableEmbeddedAsarIntegrityValidation: true,
  OnlyLoadAppFromAsar: true,
  LoadBrowserProcessSpecificV8Snapshot: false,
  // Pages come from app://, nothing needs file://.
  GrantFileProtocolExtraPrivileges: false,
  // WebAssembly memory is bounds-checked by hardware traps; off would only be slower.
  WasmTrapHandlers: true,
};

/** A build that Playwright may drive: it attaches by `--inspect`. Never shipped. */
export const TEST_BUILD_FUSES: Readonly<Record<Fuse, boolean>> = { ...FUSES, EnableNodeCliInspectArguments: true };
