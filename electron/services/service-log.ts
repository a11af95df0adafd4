/** The log of a service: pino, one JSON object a line on standard output, gathered by the host. */
import { pino } from 'pino';
import type { Log } from '../core/clinic-api.ts';

export function serviceLog(name: string): Log {
  return pino({ name, base: { process: name }, level: 'info' });
}
