/** The hooks of staff screens. */
import type { StaffClient } from './client.ts';
import { createScreenHooks } from './screen.tsx';

export const { ScreenProvider, useClient, useConnection, useLive, useStream, useAsk, useCommand, useForget } =
  createScreenHooks<StaffClient>();
