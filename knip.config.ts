import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'electron/{services,hosts/node}/fixtures/*.ts',
    'electron/core/vault/testing/write-until-killed.ts',
    'electron/hosts/desktop/{main,preload/preload,build,after-pack}.ts',
    'electron/services/{core,devices,inference,simulators}.ts',
    'renderer/**/main.tsx',
    'test/run.ts',
    'test/summary-reporter.ts',
    'test/{bench,faults}/run.ts',
  ],
  // The system's, no packages: a peer for the simulated camera, pseudo-terminal pairs for the scale, another reader of reports, a
  // disk that is small enough to fill.
  ignoreBinaries: ['gphoto2', 'socat', 'pdftotext', 'pdftoppm', 'pdffonts', 'mount', 'umount'],
  project: ['{electron,native,renderer,workflows,test}/**/*.{ts,tsx}'],
};
export default config;
