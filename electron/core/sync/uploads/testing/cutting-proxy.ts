/** A TCP proxy that cuts a connection when so many bytes have come from the station. Whole bytes, no protocol: as a cable is pulled. */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

export interface CuttingProxy {
  readonly url: string;
  /** Bytes that came from the station, those of requests' heads among them. */
  passed(): number;
  /** The next cut, so many bytes from now on. null: none. */
  cutAfter(bytes: number | null): void;
  cuts(): number;
  close(): Promise<void>;
}

/** @param target `http://host:port`. @param onCut told after each cut; may set the next. */
export async function startCuttingProxy(target: string, onCut: () => void = () => undefined): Promise<CuttingProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let passed = 0;
  let cutAt: number | null = null;
  let cuts = 0;
  const server = createServer((station) => {
    const cloud = connect(Number(port), hostname);
    let isCut = false;
    for (const socket of [station, cloud]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        station.destroy();
        // What had come is on its way to the cloud; it closes when it has that.
        if (!isCut) cloud.destroy();
      });
    }
    cloud.pipe(station);
    station.on('data', (bytes: Buffer) => {
      const left = cutAt === null ? Infinity : Math.max(0, cutAt - passed);
      passed += bytes.length;
      if (bytes.length < left) {
        if (!cloud.write(bytes)) station.pause();
        return;
      }
      cutAt = null;
      cuts += 1;
      isCut = true;
      cloud.end(bytes.subarray(0, left));
      station.resetAndDestroy();
      onCut();
    });
    cloud.on('drain', () => station.resume());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passed: () => passed,
    cutAfter(bytes) {
      cutAt = bytes === null ? null : passed + bytes;
    },
    cuts: () => cuts,
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
