import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'electron/{services,hosts/node}/fixtures/*.ts',
    'electron/hosts/desktop/{main,preload,build}.ts',
    'electron/services/{core,devices,inference,simulators}.ts',
    'native/simulator/cli.ts',
    'renderer/**/main.tsx',
    'test/run.ts',
    'test/summary-reporter.ts',
    'test/{bench,faults}/run.ts',
  ],
  // Debian's gphoto2: a peer for the simulated camera, not a package.
  ignoreBinaries: ['gphoto2'],
  project: ['{electron,native,renderer,workflows,test}/**/*.{ts,tsx}'],
};
export default config;
