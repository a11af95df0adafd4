/** One side of the comparison. Arguments: `product` or `bare`, directory, visits. */
import { BareSide } from './bare-side.ts';
import { ProductSide } from './product-side.ts';
import type { Read } from './side.ts';
import { serve } from './worker.ts';

const [, , which = '', directory = '', visits = ''] = process.argv;
const place = { directory, visits: Number(visits) };
const product = which === 'product' ? new ProductSide(place) : null;
const side = product ?? new BareSide(place);

serve(
  {
    open: () => side.open(),
    addVisits: ({ from, to }: { from: number; to: number }) => side.addVisits(from, to),
    readByIds: (ids: readonly string[]) => side.readByIds(ids),
    write: ({ sessionIds, count }: { sessionIds: readonly string[]; count: number }) => side.write(sessionIds, count),
    dashboards: () => product?.dashboards(),
    dashboard: (reads: readonly Read[]) => side.dashboard(reads),
    settings: () => side.settings(),
    indexes: () => side.indexes(),
    bytes: () => side.bytes(),
    close: () => side.close(),
  },
  () => side.close(),
);
