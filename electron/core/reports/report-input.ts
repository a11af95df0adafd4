/** Everything a report shows. Plain data: `renderReport` (pdf.ts) knows neither store nor vault. */
import type { Check, FindingValue, Judgement, Provenance, Quantity } from '../../contract/index.ts';

export interface ReportInput {
  readonly reportId: string;
  readonly sessionId: string;
  /** Counts from 1. */
  readonly version: number;
  /** ISO instant; also the PDF's creation date. */
  readonly madeAt: string;
  /** IANA zone for the times that are printed, e.g. Europe/Amsterdam. */
  readonly timeZone: string;
  /** What every page is marked with: no report of a real visit. */
  readonly mark: 'simulated' | 'demonstration' | null;
  readonly clinic: { readonly name: string; readonly location: string; readonly station: string };
  readonly patient: {
    readonly number: string;
    readonly givenName: string;
    readonly familyName: string;
    readonly birthDate: string;
    readonly age: number;
  };
  readonly visit: {
    readonly protocolTitle: string;
    readonly protocolVersion: string;
    readonly startedAt: string | null;
    readonly capturedAt: string | null;
    /** Why it ended before all steps, if it did. */
    readonly endedReason: string | null;
  };
  readonly quantities: readonly ReportQuantity[];
  readonly pictures: readonly ReportPicture[];
  readonly findings: readonly ReportFinding[];
  readonly skipped: readonly { readonly title: string; readonly reason: string }[];
}

export interface ReportQuantity {
  readonly title: string;
  readonly quantity: Quantity;
  readonly deviceName: string | null;
  readonly takenBy: string;
}

export interface ReportPicture {
  readonly captureId: string;
  readonly stepId: string;
  readonly title: string;
  readonly subject: 'body-front' | 'body-back' | 'body-left' | 'body-right' | 'retina-right' | 'retina-left';
  /** JPEG, at most about 1 MP. */
  readonly image: Uint8Array | null;
  readonly overlay: Uint8Array | null;
  /** Field of view as a circle in fractions of the picture, for retina. */
  readonly field: Judgement['field'];
  readonly passed: boolean;
  readonly checks: readonly Check[];
  /** Kept although a check failed. */
  readonly kept: { readonly reason: string; readonly byName: string } | null;
  readonly simulated: boolean;
  readonly takenAt: string | null;
  readonly takenBy: string;
  readonly attempt: number;
  readonly attempts: number;
  readonly device: {
    readonly manufacturer: string;
    readonly model: string;
    readonly serial: string;
    readonly firmware: string;
  } | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly fieldAngleDegrees: number | null;
  readonly sha256: string;
  readonly size: number;
}

export interface ReportFinding {
  readonly title: string;
  readonly eye: 'right' | 'left';
  readonly values: readonly FindingValue[];
  readonly provenance: Provenance;
  readonly inputSha256: string;
  readonly intendedUse: string;
}

export interface RenderedReport {
  readonly bytes: Uint8Array;
  readonly pages: number;
}
