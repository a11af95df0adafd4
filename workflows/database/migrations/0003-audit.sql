-- The stations' audit trails, as they arrive. Each entry carries the hash of the one before; the API checks it, the table holds that
-- a place in a trail is taken once and never changed.
CREATE TABLE audit_entries (
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  station_id uuid NOT NULL,
  sequence bigint NOT NULL CHECK (sequence > 0),
  at timestamptz NOT NULL,
  actor_id text NOT NULL,
  subject_id text NOT NULL,
  -- The entry as it was hashed. json, not jsonb: it keeps any text as it came.
  entry json NOT NULL,
  previous_hash text NOT NULL,
  hash text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, station_id, sequence),
  FOREIGN KEY (tenant_id, station_id) REFERENCES stations (tenant_id, id)
);
CREATE INDEX audit_entries_subject ON audit_entries (tenant_id, subject_id, at);
CREATE INDEX audit_entries_at ON audit_entries (tenant_id, at);

-- What did not follow, or was not what had been sent before: kept as evidence.
CREATE TABLE audit_breaks (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  station_id uuid NOT NULL,
  sequence bigint NOT NULL,
  reason text NOT NULL CHECK (reason IN ('CHANGED', 'NOT_LINKED', 'REWRITTEN')),
  entries json NOT NULL,
  entries_sha256 text NOT NULL,
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (tenant_id, station_id, entries_sha256),
  FOREIGN KEY (tenant_id, station_id) REFERENCES stations (tenant_id, id)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_breaks
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE audit_entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON audit_entries FOR SELECT USING (
  in_scope(tenant_id, location_id)
  AND (scope_role() IN ('service', 'admin') OR (scope_role() = 'station' AND station_id = scope_station())));
CREATE POLICY insert ON audit_entries FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND scope_role() = 'station' AND station_id = scope_station());

ALTER TABLE audit_breaks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON audit_breaks FOR SELECT USING (
  in_scope(tenant_id, location_id)
  AND (scope_role() IN ('service', 'admin') OR (scope_role() = 'station' AND station_id = scope_station())));
CREATE POLICY insert ON audit_breaks FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND scope_role() = 'station' AND station_id = scope_station());

GRANT SELECT, INSERT ON audit_entries, audit_breaks TO vantage_api;
