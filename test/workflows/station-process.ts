/**
 * A station's worker as a process of its own, so that it can be killed: the product's poller over a scripted station.
 *
 *   STATION   JSON: the line, the station's key (PKCS #8, PEM), and the check in which it stays for good (`hangIn`)
 */
import { createPrivateKey } from 'node:crypto';
import type { StationLine } from '../../electron/core/station-work/station-work-api.ts';
import { quietRuntime, startStationPoller } from '../../electron/services/station-poller.ts';
import { FAILURE_CONVERTER_PATH } from '../../workflows/codec/data-converter.ts';
import { ScriptedStation } from './scripted-station.ts';

const { line, key, hangIn } = JSON.parse(process.env['STATION'] ?? '') as {
  readonly line: StationLine;
  readonly key: string;
  readonly hangIn: string | null;
};

quietRuntime();
const api = new ScriptedStation({
  ...line,
  privateKey: createPrivateKey(key),
  before: async (_name, request) => {
    if (!('check' in request) || request.check !== hangIn) return;
    process.stdout.write('hanging\n');
    await new Promise(() => undefined);
  },
});
const poller = await startStationPoller({ line, api, failureConverterPath: FAILURE_CONVERTER_PATH });
process.stdout.write('polling\n');
await poller.done;
