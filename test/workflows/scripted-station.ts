/** A station whose answers a test says: it signs what it says, as a real one does. */
import { createHash, createPublicKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type {
  AcceptanceReport,
  CalibrationStanding,
  CheckOutcome,
  CheckResult,
  Prepared,
  SelfCheck,
  SignedAcceptance,
  StationActivities,
} from '../../electron/contract/index.ts';
import { acceptanceVerdictOf, canonical } from '../../electron/contract/index.ts';

export interface ScriptedStationOptions {
  readonly tenantId: string;
  readonly locationId: string;
  readonly stationId: string;
  readonly privateKey: KeyObject;
  readonly outcomes?: Readonly<Partial<Record<SelfCheck, CheckOutcome>>>;
  readonly prepared?: Prepared;
  readonly standing?: CalibrationStanding;
  /** Called with each request before it is answered; what it waits for holds the answer back. */
  readonly before?: (name: keyof StationActivities, request: object, signal: AbortSignal | undefined) => Promise<void>;
}

const IDENTITY = { manufacturer: 'Vantage', model: 'PS200', serial: 'VS-1', firmware: '1.0.0' };
const AT = '2026-11-21T09:00:00.000Z';

type Answers = {
  readonly [Name in keyof StationActivities]: (
    request: Parameters<StationActivities[Name]>[0],
    options?: { readonly signal?: AbortSignal | undefined },
  ) => ReturnType<StationActivities[Name]>;
};

export class ScriptedStation implements Answers {
  readonly #options: ScriptedStationOptions;
  readonly #checks: CheckResult[] = [];
  /** What was asked, in order. */
  readonly asked: string[] = [];

  constructor(options: ScriptedStationOptions) {
    this.#options = options;
  }

  takeUpAcceptance: Answers['takeUpAcceptance'] = async (request, options) => {
    await this.#hear('takeUpAcceptance', request, options?.signal);
    return { stationId: this.#options.stationId, buildId: '0.1.0' };
  };

  runCheck: Answers['runCheck'] = async (request, options) => {
    await this.#hear('runCheck', request, options?.signal);
    const { check } = request;
    const outcome = this.#options.outcomes?.[check] ?? 'passed';
    const reason = outcome === 'passed' ? null : 'SAID_SO';
    const result: CheckResult = { check, outcome, reason, parts: [], measures: [], startedAt: AT, endedAt: AT };
    this.#checks.push(result);
    return result;
  };

  concludeAcceptance: Answers['concludeAcceptance'] = async (request, options) => {
    await this.#hear('concludeAcceptance', request, options?.signal);
    const { tenantId, locationId, stationId } = this.#options;
    return this.signed({
      type: 'vantage-site-acceptance',
      version: 1,
      runId: request.runId,
      tenantId,
      locationId,
      stationId,
      buildId: '0.1.0',
      startedAt: AT,
      concludedAt: AT,
      verdict: acceptanceVerdictOf(this.#checks),
      checks: this.#checks,
    });
  };

  giveUpAcceptance: Answers['giveUpAcceptance'] = async (request, options) => {
    await this.#hear('giveUpAcceptance', request, options?.signal);
    return { over: true };
  };

  prepareCalibration: Answers['prepareCalibration'] = async (request, options) => {
    await this.#hear('prepareCalibration', request, options?.signal);
    return this.#options.prepared ?? { outcome: 'ready', identity: IDENTITY };
  };

  readCalibration: Answers['readCalibration'] = async (request, options) => {
    await this.#hear('readCalibration', request, options?.signal);
    return this.#options.standing ?? { state: 'open' };
  };

  putBackCalibration: Answers['putBackCalibration'] = async (request, options) => {
    await this.#hear('putBackCalibration', request, options?.signal);
    return { wasOpen: true };
  };

  signed(report: AcceptanceReport): SignedAcceptance {
    const { privateKey } = this.#options;
    const text = Buffer.from(canonical(report));
    const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
    return {
      report,
      sha256: sha256Of(text),
      publicKey: publicKey.toString('base64'),
      keyId: sha256Of(publicKey),
      signature: sign(null, text, privateKey).toString('base64'),
    };
  }

  async #hear(name: keyof StationActivities, request: object, signal: AbortSignal | undefined): Promise<void> {
    const check = 'check' in request ? `:${String(request.check)}` : '';
    this.asked.push(`${name}${check}`);
    await this.#options.before?.(name, request, signal);
  }
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
