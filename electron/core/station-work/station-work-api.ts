/** What core offers to the process that polls the cloud for this station's work. Small messages; nothing about a patient. */
import type { StationActivities } from '../../contract/index.ts';
import type { CallOptions } from '../../../native/supervisor/devices-api.ts';

/** How the cloud's workflows are reached, and as whom. Secrets in it go over the private port alone, as grants do. */
export interface StationLine {
  readonly tenantId: string;
  readonly locationId: string;
  readonly stationId: string;
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
  /** Null: without TLS. PEM; each null where the system's or none is used. */
  readonly tls: {
    readonly authority: string | null;
    readonly client: { readonly certificate: string; readonly key: string } | null;
  } | null;
  readonly apiKey: string | null;
  /** The tenant's keys, as `readKeys` (workflows/codec) takes them. Null: payloads are plain text. */
  readonly payloadKeys: string | null;
}

type WithOptions<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends (request: infer Request) => infer Answer
    ? (request: Request, options?: CallOptions) => Answer
    : never;
};

export interface StationWorkApi extends WithOptions<StationActivities> {
  /** At once, and whenever it is another. Null: nothing is to be polled for now. */
  line(options?: CallOptions): Promise<AsyncIterable<StationLine | null>>;
}
