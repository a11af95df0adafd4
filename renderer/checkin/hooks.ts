/** The hooks of check-in screens. */
import type { CheckinClient } from '../shell/client.ts';
import { createScreenHooks } from '../shell/screen.tsx';

export const { ScreenProvider, useConnection, useLive, useAsk, useCommand, useForget } =
  createScreenHooks<CheckinClient>();
