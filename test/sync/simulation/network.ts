/**
 * The network between stations and cloud, in virtual time: a `fetch` per station that loses, delays, doubles, overtakes, cuts and
 * garbles by its seed, before and after the cloud has acted. The answers themselves are the real API's.
 */
import { CLOUD_PATHS, RESYNC_MESSAGE } from '../../../electron/contract/index.ts';
import type { Fetch } from '../../../electron/core/sync/cloud-client.ts';
import type { Random } from '../../fixtures/random.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What a request is to the cloud. */
export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  /** Address that it comes from. */
  readonly from: string;
}

export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `null`: nobody answers at that address. */
export type Handle = (request: WireRequest) => Promise<WireAnswer | null>;

/** `refused`: fails at once; `silent`: nothing is ever heard again (half-open). */
export type Passage = 'open' | 'refused' | 'silent';

/** What may be wrong with a line for a while. */
export interface Partition {
  readonly toCloud: Passage;
  readonly fromCloud: Passage;
  /** Of requests about one collection only; null: of all. */
  readonly collection: string | null;
}

/** What happens to single requests, and how often of a thousand. */
export const SINGLE_FAULTS = {
  'lost before': 20,
  'lost after': 20,
  'never answered': 8,
  'answered late': 15,
  'sent twice': 20,
  'answered in part': 8,
  'broken off': 8,
  'somebody else answered': 6,
  'unavailable 500': 5,
  'unavailable 502': 5,
  'unavailable 503': 5,
  'too many 429': 5,
} as const;
type SingleFault = keyof typeof SINGLE_FAULTS | 'none';

const LATENCY_MS = [2, 120] as const;
/** Now and then one takes much longer, so that others overtake it. */
const SLOW_SHARE = 0.05;
const SLOW_MS = [1000, 20_000] as const;
const LATE_MS = [20_000, 240_000] as const;
const HEARTBEAT_MS = 20_000;

export interface NetworkStatistics {
  requests: number;
  readonly faults: Map<string, number>;
}

export class Network {
  readonly statistics: NetworkStatistics = { requests: 0, faults: new Map() };
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #handle: Handle;
  readonly #lines = new Set<Line>();
  readonly #trace: (text: string) => void;
  /** Share of requests to which something happens; 0 once everything has healed. */
  faultiness = 1;
  /** Share of pokes that nobody hears. */
  lostPokes = 0;

  constructor(time: VirtualTime, random: Random, handle: Handle, trace: (text: string) => void) {
    this.#time = time;
    this.#random = random;
    this.#handle = handle;
    this.#trace = trace;
  }

  /** @param name in the trace. @param from the station's address */
  line(name: string, from: string): Line {
    const line = new Line(this, name, from);
    this.#lines.add(line);
    return line;
  }

  /** Ends all streams: the API is gone. */
  dropStreams(): void {
    for (const line of this.#lines) line.dropStreams();
  }

  get time(): VirtualTime {
    return this.#time;
  }

  latency(): number {
    const [from, to] = this.#random.next() < SLOW_SHARE * Math.min(1, this.faultiness) ? SLOW_MS : LATENCY_MS;
    return this.#random.between(from, to);
  }

  late(): number {
    return this.#random.between(...LATE_MS);
  }

  part(length: number): number {
    return this.#random.between(0, Math.max(0, length - 1));
  }

  draw(): SingleFault {
    let left = this.#random.next() * 1000;
    for (const [fault, share] of Object.entries(SINGLE_FAULTS)) {
      left -= share * this.faultiness;
      if (left < 0) {
        this.count(fault);
        return fault as SingleFault;
      }
    }
    return 'none';
  }

  count(fault: string): void {
    this.statistics.faults.set(fault, (this.statistics.faults.get(fault) ?? 0) + 1);
  }

  /** The request has arrived at the cloud. */
  async deliver(line: Line, request: WireRequest): Promise<WireAnswer | null> {
    this.statistics.requests += 1;
    const answer = await this.#time.real(() => this.#handle(request));
    this.#trace(
      `${this.#time.now} ${line.name} ${request.path} ${answer?.status ?? 'nobody'} ${answer?.body.length ?? 0}`,
    );
    if (answer?.status === 200 && request.path.endsWith('/push')) this.#poke();
    return answer;
  }

  #poke(): void {
    for (const line of this.#lines) {
      if (this.#random.next() < this.lostPokes) continue;
      this.#time.after(this.latency(), () => line.say(`data: ${RESYNC_MESSAGE}\n\n`));
    }
  }
}

interface OpenStream {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  over: boolean;
}

/** One run of a station's program: what it sends after its death reaches nobody, and it hears nothing any more. */
export class Line {
  readonly name: string;
  readonly #network: Network;
  readonly #from: string;
  readonly #streams = new Set<OpenStream>();
  partitions: readonly Partition[] = [];
  #dead = false;

  constructor(network: Network, name: string, from: string) {
    this.#network = network;
    this.name = name;
    this.#from = from;
  }

  /** What the station's client is given. */
  readonly fetch: Fetch = (input, init = {}) =>
    new Promise<Response>((resolve, reject) => {
      const url = new URL(input instanceof Request ? input.url : input);
      const signal = init.signal ?? null;
      if (signal?.aborted === true) return reject(signal.reason as Error);
      if (this.#dead) return undefined;
      const request: WireRequest = {
        method: init.method ?? 'GET',
        path: url.pathname,
        headers: Object.fromEntries(new Headers(init.headers)),
        body: textOf(init.body),
        from: this.#from,
      };
      const pending = { resolve, reject, isOver: false };
      const end = (settle: () => void): void => {
        if (pending.isOver || this.#dead) return;
        pending.isOver = true;
        settle();
      };
      signal?.addEventListener('abort', () => end(() => reject(signal.reason as Error)), { once: true });
      const answer = (response: () => Response): void => end(() => resolve(response()));
      const fail = (): void => end(() => reject(new TypeError('fetch failed', { cause: reset() })));
      if (url.pathname === CLOUD_PATHS.stream) this.#open(answer, fail, signal);
      else this.#send(request, answer, fail);
      return undefined;
    });

  /** The station's process is dead. */
  kill(): void {
    this.#dead = true;
    for (const stream of this.#streams) stream.over = true;
    this.#streams.clear();
  }

  say(text: string): void {
    if (this.#passage('fromCloud', null) !== 'open') return;
    for (const stream of this.#streams) if (!stream.over) stream.controller.enqueue(Buffer.from(text));
  }

  dropStreams(): void {
    for (const stream of this.#streams) {
      if (!stream.over) stream.controller.error(reset());
      stream.over = true;
    }
    this.#streams.clear();
  }

  #passage(direction: 'toCloud' | 'fromCloud', path: string | null): Passage {
    for (const partition of this.partitions) {
      if (partition.collection !== null && path?.includes(`/${partition.collection}/`) !== true) continue;
      if (partition[direction] !== 'open') return partition[direction];
    }
    return 'open';
  }

  #send(request: WireRequest, answer: (response: () => Response) => void, fail: () => void): void {
    const network = this.#network;
    const { time } = network;
    const fault = network.draw();
    const arrive = (): void => {
      if (this.#blocked('toCloud', request, fail) || fault === 'lost before') {
        if (fault === 'lost before') fail();
        return;
      }
      const instead = insteadOf(fault);
      if (instead !== null) return answer(() => responseOf(instead));
      void this.#ask(request, fail, (real) =>
        time.after(fault === 'answered late' ? network.late() : network.latency(), () => arriveBack(real)),
      );
    };
    const arriveBack = (real: WireAnswer): void => {
      if (this.#blocked('fromCloud', request, fail) || fault === 'never answered') return;
      if (fault === 'lost after') fail();
      else if (fault === 'answered in part')
        answer(() => responseOf({ ...real, body: real.body.slice(0, network.part(real.body.length)) }));
      else if (fault === 'broken off') answer(() => brokenOff(real, network.part(real.body.length)));
      else answer(() => responseOf(real));
    };
    time.after(network.latency(), arrive);
    // What was sent twice arrives a second time, perhaps long after; nobody waits for its answer.
    if (fault === 'sent twice') {
      time.after(network.late(), () => {
        if (this.#passage('toCloud', request.path) === 'open') void network.deliver(this, request);
      });
    }
  }

  async #ask(request: WireRequest, fail: () => void, answered: (real: WireAnswer) => void): Promise<void> {
    const real = await this.#network.deliver(this, request);
    if (real === null) fail();
    else answered(real);
  }

  #blocked(direction: 'toCloud' | 'fromCloud', request: WireRequest, fail: () => void): boolean {
    const passage = this.#passage(direction, request.path);
    if (passage === 'open') return false;
    this.#network.count(`${direction} ${passage}`);
    if (passage === 'refused') fail();
    return true;
  }

  #open(answer: (response: () => Response) => void, fail: () => void, signal: AbortSignal | null): void {
    const { time } = this.#network;
    time.after(this.#network.latency(), () => {
      const blocked = [this.#passage('toCloud', null), this.#passage('fromCloud', null)];
      if (blocked.includes('refused')) return fail();
      if (blocked.includes('silent') || this.#dead) return undefined;
      let stream: OpenStream | null = null;
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          stream = { controller, over: false };
          this.#streams.add(stream);
          controller.enqueue(Buffer.from(`data: ${RESYNC_MESSAGE}\n\n`));
        },
        cancel: () => this.#forget(stream),
      });
      signal?.addEventListener('abort', () => this.#forget(stream, signal.reason), { once: true });
      const beat = (): void => {
        if (stream === null || stream.over) return;
        if (this.#passage('fromCloud', null) === 'open') stream.controller.enqueue(Buffer.from(':\n\n'));
        time.after(HEARTBEAT_MS, beat);
      };
      time.after(HEARTBEAT_MS, beat);
      return answer(() => new Response(body, { status: 200, headers: { 'content-type': 'text/event-stream' } }));
    });
  }

  #forget(stream: OpenStream | null, reason?: unknown): void {
    if (stream === null || stream.over) return;
    stream.over = true;
    this.#streams.delete(stream);
    if (reason !== undefined) stream.controller.error(reason);
  }
}

/** What a proxy, or somebody else, answers although the cloud has not been asked. */
function insteadOf(fault: SingleFault): WireAnswer | null {
  const html = { 'content-type': 'text/html' };
  switch (fault) {
    case 'somebody else answered':
      return { status: 200, headers: html, body: '<html><body>Sign in to the network</body></html>' };
    case 'unavailable 500':
      return { status: 500, headers: html, body: '<html></html>' };
    case 'unavailable 502':
      return { status: 502, headers: html, body: '<html></html>' };
    case 'unavailable 503':
      return { status: 503, headers: { ...html, 'retry-after': '7' }, body: '<html></html>' };
    case 'too many 429': {
      const body = JSON.stringify({ code: 'TOO_MANY_REQUESTS', detail: '', requestId: 'r', waitSeconds: 11 });
      return { status: 429, headers: { 'content-type': 'application/json' }, body };
    }
    default:
      return null;
  }
}

function responseOf({ status, headers, body }: WireAnswer): Response {
  return new Response(body, { status, headers });
}

/** The connection breaks while the body is being read. */
function brokenOff({ status, headers, body }: WireAnswer, after: number): Response {
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      controller.enqueue(Buffer.from(body.slice(0, after)));
      controller.error(new TypeError('terminated', { cause: reset() }));
    },
  });
  return new Response(stream, { status, headers });
}

function reset(): Error {
  return Object.assign(new Error('connection reset'), { code: 'ECONNRESET' });
}

function textOf(body: unknown): string | null {
  if (body === undefined || body === null) return null;
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return Buffer.from(body).toString('utf8');
  throw new TypeError('the simulated network carries text and bytes');
}
