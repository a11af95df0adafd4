-- A trail that goes on from an older copy of the station's data, and whose first entry there says so, is a branch: what the trail was
-- before stays as it is, and counts as left behind.
ALTER TABLE audit_entries ADD COLUMN branch integer NOT NULL DEFAULT 0 CHECK (branch >= 0);
ALTER TABLE audit_entries DROP CONSTRAINT audit_entries_pkey, ADD PRIMARY KEY (tenant_id, station_id, branch, sequence);

CREATE TABLE audit_branches (
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  station_id uuid NOT NULL,
  branch integer NOT NULL CHECK (branch > 0),
  -- Of its first entry, which follows from the one before in the trail that it leaves.
  from_sequence bigint NOT NULL CHECK (from_sequence > 0),
  -- How far that trail had come.
  left_at_sequence bigint NOT NULL CHECK (left_at_sequence >= from_sequence),
  received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, station_id, branch),
  FOREIGN KEY (tenant_id, station_id) REFERENCES stations (tenant_id, id)
);

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_branches
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE audit_branches ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON audit_branches FOR SELECT USING (
  in_scope(tenant_id, location_id)
  AND (scope_role() IN ('service', 'admin') OR (scope_role() = 'station' AND station_id = scope_station())));
CREATE POLICY insert ON audit_branches FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND scope_role() = 'station' AND station_id = scope_station());

GRANT SELECT, INSERT ON audit_branches TO vantage_api;
