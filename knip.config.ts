import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    // The contract is there for others: what it exports is used by screens and cloud of other versions, too.
    'electron/contract/*.ts',
    'electron/contract/measures/*.ts',
    // Stands alone: any RxDB can use it.
    'electron/core/store/rx-storage-sqlite/index.ts',
    'electron/hosts/desktop/{main,build,after-pack}.ts',
    'electron/hosts/desktop/preload/preload.ts',
    'electron/services/{core,devices,inference,simulators,station-worker}.ts',
    'electron/{core,services,hosts}/**/{fixtures,testing}/*.ts',
    'native/inference/models/*/make-golden.ts',
    'renderer/{shell,checkin,cloud}/main.tsx',
    'renderer/kit/zod.ts',
    'renderer/lingui.config.ts',
    'workflows/{api,database,worker}/main.ts',
    // Workers bundle them for the workflows' own world.
    'workflows/definitions/workflows.ts',
    'workflows/testing/{changed-workflows,quiet-runtime}.ts',
    'test/summary-reporter.ts',
    'test/{bench,conformance,faults,sync}/run.ts',
    // Started as a process.
    'test/faults/store/{writer,canary-writer}.ts',
    'test/workflows/station-process.ts',
    'test/faults/outbox/{station-process,worker-process,stand-in-workflow}.ts',
    'test/sync/simulation/worker.ts',
    'test/sync/processes/station-process.ts',
    'test/bench/{store,sync,workflows}/*-process.ts',
    'test/bench/workflows/bare-workflow.ts',
    'test/e2e/screens.ts',
  ],
  ignoreExportsUsedInFile: true,
  project: ['{electron,native,renderer,workflows,test}/**/*.{ts,tsx}'],
  vite: { config: ['renderer/vite.config.ts', 'test/fixtures/screens/vite.config.ts'] },
  ignoreDependencies: [
    // On the customer's card; its first users are the USB devices.
    'usb',
    // Named for its version only: what Temporal's packages share, else histories as JSON break.
    'protobufjs',
    // dependency-cruiser reads TypeScript with it (TypeScript 7 has no JavaScript API), without naming it.
    '@swc/core',
    // RxDB's own performance test imports it without naming it.
    'async-test-util',
    // By stylesheets.
    'tailwindcss',
  ],
  ignoreBinaries: ['gphoto2', 'socat', 'mount', 'umount', 'mkfs.ext4', 'pdftotext', 'pdftoppm', 'pdffonts', 'mkfifo'],
};
export default config;
