/**
 * The product's replication and API against RxDB's own replication with the server of its documentation (`stock-cloud-process.ts`), in turns: on one
 * PostgreSQL, from and to files of the same storage, each client and each server in a process of its own.
 */
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { median, ratioRow } from '../bench.ts';
import type { Row } from '../bench.ts';
import { SEED } from '../store/clinic-data.ts';
import { startWorker } from '../store/worker.ts';
import type { Worker } from '../store/worker.ts';
import type { RealCloud } from './real-cloud.ts';
import type { StationTransfer } from './station-side.ts';
import { passed } from './station-side.ts';
import type { StockTransfer, Transferred } from './stock-side.ts';

export const DOCUMENT_ROWS = ['documents-up-vs-stock', 'documents-down-vs-stock'] as const;
export const DOCUMENT_SIZES = { documents: 10_000, rounds: 3, fullRounds: 7 } as const;
/** The greatest part of the reference's time. */
const GOAL = 0.33;
const REFERENCE = "RxDB's replication with its tutorial's handlers";
const STOCK_DATABASE = 'stock';

export interface DocumentSizes {
  readonly documents: number;
  readonly rounds: number;
}

interface Parties {
  readonly cloud: RealCloud;
  readonly station: Worker;
  readonly stock: Worker;
  readonly stockCloud: Worker;
  readonly stockUrl: string;
}

type Times = Record<'station' | 'stock', Record<'up' | 'down', number[]>>;

/** Both rows. @throws Error when not every document arrived */
export async function documentRows(
  cloud: RealCloud,
  { documents, rounds }: DocumentSizes,
  print: (line: string) => void,
): Promise<Row[]> {
  const postgres = new Pool({ connectionString: cloud.databaseUrl('postgres'), max: 1 });
  await postgres.query(`DROP DATABASE IF EXISTS ${STOCK_DATABASE}`);
  await postgres.query(`CREATE DATABASE ${STOCK_DATABASE}`);
  await postgres.end();
  const stockCloud = startWorker(join(import.meta.dirname, 'stock-cloud-process.ts'), [
    cloud.databaseUrl(STOCK_DATABASE),
  ]);
  const [station, stock] = [startClient('station'), startClient('stock')];
  try {
    const parties = { cloud, station, stock, stockCloud, stockUrl: await stockCloud.ask<string>('listen') };
    const times: Times = { station: { up: [], down: [] }, stock: { up: [], down: [] } };
    for (let round = 0; round < rounds; round += 1) {
      const turns = [ourTurn, stockTurn];
      for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
        const { bytes } = await turn(parties, { documents, round }, times);
        if (round === 0 && turn === ourTurn) print(notes(documents, rounds, bytes));
      }
      if (round === 0) print(await inOneTurn(parties, { documents, round }, times));
      print(`  round ${round + 1}: ${lastOf(times)}; load ${loadavg()[0]?.toFixed(1)}`);
    }
    const { station: ours, stock: theirs } = times;
    return [
      ratioRow(DOCUMENT_ROWS[0], 'ms', median(ours.up), median(theirs.up), REFERENCE, GOAL),
      ratioRow(DOCUMENT_ROWS[1], 'ms', median(ours.down), median(theirs.down), REFERENCE, GOAL),
    ];
  } finally {
    await Promise.all([station.close(), stock.close(), stockCloud.close()]);
  }
}

function startClient(side: 'station' | 'stock'): Worker {
  return startWorker(join(import.meta.dirname, 'client-process.ts'), [side]);
}

interface Turn {
  readonly documents: number;
  readonly round: number;
}

async function ourTurn({ cloud, station }: Parties, turn: Turn, times: Times): Promise<Transferred> {
  const place = await cloud.place();
  const transfer = async (): Promise<StationTransfer> => ({
    ...turn,
    place,
    url: cloud.url,
    station: passed(await cloud.station(place)),
  });
  const up = await station.ask<Transferred>('up', await transfer());
  const down = await station.ask<Transferred>('down', await transfer());
  times.station.up.push(up.ms);
  times.station.down.push(down.ms);
  return up;
}

async function stockTurn({ cloud, stock, stockCloud, stockUrl }: Parties, turn: Turn, times: Times) {
  await stockCloud.ask('reset');
  const transfer: StockTransfer = { ...turn, place: await cloud.place(), url: stockUrl, pushPath: '/push' };
  const up = await stock.ask<Transferred>('up', transfer);
  const down = await stock.ask<Transferred>('down', transfer);
  times.stock.up.push(up.ms);
  times.stock.down.push(down.ms);
  return up;
}

/** Not a row's reference: what the tutorial only advises. @returns what to print of it */
async function inOneTurn({ cloud, stock, stockCloud, stockUrl }: Parties, turn: Turn, times: Times): Promise<string> {
  await stockCloud.ask('reset');
  const place = await cloud.place();
  const transfer: StockTransfer = { ...turn, place, url: stockUrl, pushPath: '/push-in-one' };
  const { ms } = await stock.ask<Transferred>('up', transfer);
  const ratio = ((times.station.up[0] ?? NaN) / ms).toFixed(2);
  return `  beside the reference, each push in one transaction as the tutorial advises: up ${Math.round(ms)} ms (ours: ${ratio} of it)`;
}

function notes(documents: number, rounds: number, bytes: number): string {
  return [
    `  ${documents} captures of ${Math.round(bytes / documents)} bytes, seed ${SEED}; ${rounds} rounds; PostgreSQL and files wait for the disk`,
    '  both: the encrypted SQLite storage of the product, HTTP without TLS, one station, nothing else to replicate',
    '  ours: all collections, signed in, each document checked on both sides, one order of writes per clinic, repeated pushes told apart',
    '  reference: replicateRxCollection with batches of 100 (its default); Fastify and pg; a push is per row a SELECT and an INSERT ... ON CONFLICT, each by itself; a pull is one SELECT by (updatedAt, id); nothing is checked, nobody signs in',
  ].join('\n');
}

function lastOf({ station, stock }: Times): string {
  return (['up', 'down'] as const)
    .map((way) => {
      const [ours, theirs] = [station[way].at(-1) ?? NaN, stock[way].at(-1) ?? NaN];
      return `${way} ${Math.round(ours)} ms, reference ${Math.round(theirs)} ms (${(ours / theirs).toFixed(2)})`;
    })
    .join('; ');
}
