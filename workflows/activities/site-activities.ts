/**
 * What the workflows of a place ask of the cloud. Definitions know these shapes only, so this file has no code of its own. Each may run
 * more than once and has its effect once, by `workflowId:activityId`.
 */
import type { Alert, SignedAcceptance } from '../../electron/contract/index.ts';

/** The calibration or the acceptance run that it is about. */
export interface SiteRef {
  readonly subjectId: string;
  readonly tenantId: string;
  readonly locationId: string;
}

export interface SiteNews {
  readonly site: SiteRef;
  /** Letters only. */
  readonly type: string;
  /** Ids, codes and numbers. */
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
  /** For people at the location. */
  readonly alert: Pick<Alert, 'kind' | 'severity' | 'text'> | null;
}

export interface SiteActivities {
  /** Writes down what happened and, where it is for people, tells them. */
  tellOfSite(news: SiteNews): Promise<void>;
  /** One look whether the cloud has the record as the station signed it. @throws NOT_YET, to be tried again */
  findCalibration(request: { readonly site: SiteRef; readonly signature: string }): Promise<void>;
  /**
   * Keeps the report with the domain events. `isKnownKey`: it is signed with a key that the cloud has accepted of that station.
   *
   * @throws SIGNATURE_WRONG
   */
  recordAcceptance(request: {
    readonly site: SiteRef;
    readonly signed: SignedAcceptance;
  }): Promise<{ readonly isKnownKey: boolean }>;
}
