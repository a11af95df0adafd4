/** The tables as the API sees them (`migrations/` makes them). Instants are `Date`, 64-bit counters are numbers. */
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { AuditEntry, StationPublicKey, Unpushed } from '../../electron/contract/index.ts';

type JsonObject = Readonly<Record<string, unknown>>;
/** Goes in as JSON text, comes out as an object. */
type Json<T> = ColumnType<T, string, string>;

export interface Tables {
  schema_migrations: { number: number; name: string; sha256: string; applied_at: Generated<Date> };
  tenants: { id: string; name: string; created_at: Generated<Date> };
  locations: { tenant_id: string; id: string; name: string; created_at: Generated<Date> };
  stations: {
    id: string;
    tenant_id: string;
    location_id: string;
    name: string;
    state: 'active' | 'revoked';
    contract_version: string;
    enrolled_at: Generated<Date>;
    last_seen_at: Date | null;
    backlog: ColumnType<Unpushed | null, string | null | undefined, string>;
    backlog_at: ColumnType<Date | null, Date | null | undefined, Date>;
  };
  station_keys: {
    station_id: string;
    key_id: string;
    tenant_id: string;
    location_id: string;
    public_key: Json<StationPublicKey>;
    state: 'next' | 'active' | 'retired' | 'revoked';
    created_at: Generated<Date>;
  };
  spent_challenges: { nonce: string; station_id: string; expires_at: Date };
  enrolment_codes: {
    id: string;
    tenant_id: string;
    location_id: string;
    code_sha256: string;
    created_by: string;
    created_at: Generated<Date>;
    expires_at: Date;
    used_at: Date | null;
    used_by_station: string | null;
    used_with_key: string | null;
  };
  people: {
    id: string;
    tenant_id: string;
    issuer: string;
    subject: string;
    active: Generated<boolean>;
    created_at: Generated<Date>;
  };
  people_roles: {
    id: string;
    tenant_id: string;
    person_id: string;
    role: string;
    location_id: string | null;
    patient_id: string | null;
    granted_by: string;
    granted_at: Generated<Date>;
  };
  document_counters: { tenant_id: string; seq: number; epoch: string; purged_seq: number };
  documents: {
    tenant_id: string;
    collection: string;
    id: string;
    location_id: string;
    station_id: string;
    contract_version: string;
    document: Json<JsonObject>;
    deleted: boolean;
    hlc: string;
    patient_id: GeneratedAlways<string | null>;
    session_id: GeneratedAlways<string | null>;
    content_sha256: GeneratedAlways<string | null>;
    version: GeneratedAlways<number>;
    seq: GeneratedAlways<number>;
    changed_at: GeneratedAlways<Date>;
    changed_by: GeneratedAlways<string>;
  };
  departures: {
    tenant_id: string;
    location_id: string;
    collection: string;
    id: string;
    document: Json<JsonObject>;
    seq: number;
    changed_at: Date;
  };
  mutations: {
    tenant_id: string;
    location_id: string | null;
    actor: string;
    mutation_id: string;
    request_sha256: string;
    response: Json<unknown>;
    created_at: Generated<Date>;
  };
  quarantine: {
    id: Generated<string>;
    tenant_id: string;
    location_id: string;
    station_id: string;
    collection: string;
    document_id: string | null;
    reason: string;
    field: string;
    content: string;
    content_sha256: string;
    times: Generated<number>;
    first_at: Generated<Date>;
    last_at: Generated<Date>;
  };
  audit_branches: {
    tenant_id: string;
    location_id: string;
    station_id: string;
    branch: number;
    from_sequence: number;
    left_at_sequence: number;
    received_at: Generated<Date>;
  };
  audit_entries: {
    tenant_id: string;
    location_id: string;
    station_id: string;
    branch: Generated<number>;
    sequence: number;
    at: Date | string;
    actor_id: string;
    subject_id: string;
    entry: Json<AuditEntry>;
    previous_hash: string;
    hash: string;
    received_at: Generated<Date>;
  };
  audit_breaks: {
    id: string;
    tenant_id: string;
    location_id: string;
    station_id: string;
    sequence: number;
    reason: 'CHANGED' | 'NOT_LINKED' | 'REWRITTEN';
    entries: Json<readonly AuditEntry[]>;
    entries_sha256: string;
    received_at: Generated<Date>;
  };
  domain_events: {
    id: string;
    tenant_id: string;
    location_id: string | null;
    type: string;
    subject_id: string;
    data: Json<JsonObject>;
    metadata: Json<JsonObject>;
    occurred_at: Date | string;
    recorded_at: Generated<Date>;
  };
  organizations_projection: {
    tenant_id: string;
    name: string;
    state: 'created' | 'active' | 'deactivated';
    dns_name: string | null;
    dns_state: 'none' | 'configured' | 'verified' | 'removed';
    created_at: Date;
    changed_at: Date;
  };
  user_invitations_projection: {
    tenant_id: string;
    invitation_id: string;
    role: string;
    location_id: string | null;
    state: 'invited' | 'sent' | 'accepted' | 'revoked';
    invited_at: Date;
    changed_at: Date;
  };
  file_keys: {
    key_id: string;
    tenant_id: string;
    master_key_id: string;
    wrapped: Buffer;
    state: 'active' | 'retired';
    created_at: Generated<Date>;
  };
  files: {
    id: string;
    tenant_id: string;
    location_id: string;
    station_id: string;
    sha256: string;
    size: number;
    media_type: string;
    state: 'partial' | 'stored' | 'verified' | 'differs' | 'gone';
    durable: Generated<number>;
    wrapped_key: Buffer;
    key_id: string;
    writer: string | null;
    writer_seen_at: Date | null;
    created_at: Generated<Date>;
    expires_at: Date;
    stored_at: Date | null;
    verified_at: Date | null;
    ended_at: Date | null;
  };
  file_segments: {
    tenant_id: string;
    location_id: string;
    file_id: string;
    start: number;
    length: number;
    object_id: string;
  };
  file_jobs: {
    tenant_id: string;
    kind: 'verify' | 'expire' | 'erase' | 'settle';
    subject_id: string;
    due_at: Date;
    attempts: Generated<number>;
    claimed_by: string | null;
    claimed_until: Date | null;
  };
  file_reads: {
    id: string;
    tenant_id: string;
    location_id: string;
    file_id: string;
    actor: string;
    role: string;
    at: Generated<Date>;
    first_byte: number;
    last_byte: number;
  };
  browser_sessions: {
    id: string;
    tenant_id: string;
    person_id: string;
    issuer: string;
    subject: string;
    name: string;
    secret_sha256: string;
    signed_in_at: Date;
    seen_at: Date;
    expires_at: Date;
    ended_at: Date | null;
  };
  notice_ways: {
    id: string;
    tenant_id: string;
    patient_id: string;
    person_id: string;
    kind: 'push' | 'mail';
    target: string;
    keys: ColumnType<{ readonly p256dh: string; readonly auth: string } | null, string | null, string | null>;
    locale: 'en' | 'ar';
    agreed_at: Date;
  };
  notice_deliveries: { tenant_id: string; key: string; way_id: string; delivered_at: Date };
  published_reports: {
    tenant_id: string;
    report_id: string;
    location_id: string;
    session_id: string;
    patient_id: string;
    sha256: string;
    published_at: Date;
  };
  access_entries: {
    id: string;
    tenant_id: string;
    location_id: string;
    at: Generated<Date>;
    actor: string;
    role: string;
    action: string;
    subject_kind: string;
    subject_id: string;
    patient_id: string | null;
    detail: Json<JsonObject>;
  };
}
