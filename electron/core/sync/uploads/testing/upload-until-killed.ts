/** A station that sends its files until somebody kills it. Arguments: directory, the cloud's address. Prints `drained` when all is verified. */
import { writeSync } from 'node:fs';
import { systemClock } from '../../clock.ts';
import { openSendingStation } from './sending-station.ts';

const [directory = '', url = ''] = process.argv.slice(2);
const station = await openSendingStation(directory, () => url, { clock: systemClock, concurrency: 1 });
await station.uploads.drained();
await station.close();
writeSync(1, 'drained\n');
