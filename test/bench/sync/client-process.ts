/** One side's client, one transfer whenever it is asked. Argument: `station` or `stock`. */
import { serve } from '../store/worker.ts';
import { stationDown, stationUp } from './station-side.ts';
import { stockDown, stockUp } from './stock-side.ts';

serve(
  process.argv[2] === 'station' ? { up: stationUp, down: stationDown } : { up: stockUp, down: stockDown },
  () => undefined,
);
