/** The parts of a running clinic as the routers see them. Made in `clinic.ts`, nowhere else. */
import type { Hello, StationStatus, SyncView } from '../contract/index.ts';
import type { InferenceApi } from '../../native/inference/inference-api.ts';
import type { DevicesApi } from '../../native/supervisor/devices-api.ts';
import type { Access, Actor, ScreenState } from './access/access.ts';
import type { CheckinTickets } from './api/checkin-tickets.ts';
import type { GuardOptions } from './api/guard.ts';
import type { Changes } from './api/live.ts';
import type { MediaTickets } from './api/media.ts';
import type { TrailKeeper } from './audit/trail-keeper.ts';
import type { Captures } from './capture/captures.ts';
import type { Readings } from './capture/readings.ts';
import type { Retention } from './retention/retention.ts';
import type { Maintenance } from './maintenance/maintenance.ts';
import type { StationOutbox } from './outbox/index.ts';
import type { ReportJobs } from './reports/report-jobs.ts';
import type { Reviews } from './review/reviews.ts';
import type { StationIdentity } from './station.ts';
import type { StationWork } from './station-work/index.ts';
import type { AnchorKeeper, Store } from './store/index.ts';
import type { Sync } from './sync/index.ts';
import type { SyncReader } from './sync/sync-reader.ts';
import type { Scrub } from './vault/scrub.ts';
import type { ViewSources } from './visits/views.ts';
import type { Visits } from './visits/visits.ts';

export interface ClinicParts {
  readonly mode: 'demonstration' | 'clinic';
  readonly store: Store;
  /** What the outside record said of the store, and the confirming of it. */
  readonly anchor: AnchorKeeper;
  readonly station: StationIdentity;
  readonly access: Access;
  readonly visits: Visits;
  readonly captures: Captures;
  readonly readings: Readings;
  readonly reports: ReportJobs;
  readonly reviews: Reviews;
  /** Reads stored files again; `retention` deletes what may go. */
  readonly scrub: Scrub;
  readonly retention: Retention;
  readonly devices: DevicesApi;
  readonly inference: InferenceApi;
  readonly media: MediaTickets;
  readonly tickets: CheckinTickets;
  readonly sources: ViewSources;
  readonly trail: TrailKeeper;
  /** What people do with storage and records. */
  readonly maintenance: Maintenance;
  /** How far everything has come on its way to the cloud. */
  readonly sync: SyncReader;
  /** Requests to the cloud's workflows. */
  readonly outbox: StationOutbox;
  /** Calibrations of devices, and acceptances of the station. */
  readonly stationWork: StationWork;
  readonly enrolment: Pick<Sync, 'isEnrolled' | 'address' | 'enrol'>;
  readonly guard: GuardOptions;
  /** What streams wait for. */
  readonly changes: {
    /** A document was written. */
    readonly documents: Changes;
    /** Devices, processes, disk. */
    readonly status: Changes;
    /** Bytes on their way, pictures being judged. */
    readonly activity: Changes;
    readonly minute: Changes;
    /** Storage and records, and the work at them. */
    readonly maintenance: Changes;
    /** The line to the cloud, and how far things have come. */
    readonly sync: Changes;
    readonly outbox: Changes;
  };
  readonly now: () => Date;
  hello(screen: ScreenState): Hello;
  stationStatus(): Promise<StationStatus>;
  syncView(): Promise<SyncView>;
  /** Lets a device that was set aside be tried again. */
  reinstate(deviceId: string): Promise<void>;
  /** Records what a person of the staff did or read. */
  audit(actor: Actor, action: string, subjectKind: string, subjectId: string): Promise<void>;
  /** Records what a patient did at a check-in screen. */
  auditPatient(patientId: string, action: string, subjectId: string): Promise<void>;
}
