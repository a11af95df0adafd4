/**
 * Builds the screens: a page for staff and one for check-in at a station, and one that the cloud serves to people elsewhere. Without a
 * byte from the network at run time.
 */
import { fileURLToPath } from 'node:url';
import { lingui } from '@lingui/vite-plugin';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  base: './',
  plugins: [react(), tailwindcss(), lingui({ configPath: here('lingui.config.ts') })],
  // A library that would make code at run time is told not to, before it is used.
  resolve: { alias: [{ find: /^zod$/, replacement: here('kit/zod.ts') }] },
  build: {
    outDir: here('../dist/renderer'),
    emptyOutDir: true,
    target: 'chrome140',
    // Fonts and pictures stay files: `font-src 'self'` refuses data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: [here('index.html'), here('checkin.html'), here('cloud.html')],
    },
  },
});
