/** Builds the screens: two pages, one for staff and one for check-in, without a byte from the network at run time. */
import { existsSync } from 'node:fs';
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
  build: {
    outDir: here('../dist/renderer'),
    emptyOutDir: true,
    target: 'chrome140',
    // Fonts and pictures stay files: `font-src 'self'` refuses data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: ['index.html', ...(existsSync(here('checkin/app.tsx')) ? ['checkin.html'] : [])]
        .map(here)
        .filter((page) => existsSync(page)),
    },
  },
});
