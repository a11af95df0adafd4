-- People who work in a browser: their sessions, a trail of what they were shown and decided, and the decisions of clinicians.

CREATE TABLE browser_sessions (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  issuer text NOT NULL,
  subject text NOT NULL,
  -- As the identity provider gave it.
  name text NOT NULL,
  -- SHA-256 of what the cookie holds; the cookie's value itself is not kept.
  secret_sha256 text NOT NULL UNIQUE,
  -- When the person last proved at the identity provider who they are.
  signed_in_at timestamptz NOT NULL,
  seen_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  ended_at timestamptz,
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id)
);
CREATE INDEX browser_sessions_person ON browser_sessions (issuer, subject, expires_at);

ALTER TABLE browser_sessions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Found by who holds the cookie, or by who has just signed in.
CREATE POLICY own ON browser_sessions FOR SELECT USING (
  secret_sha256 = scope_setting('browser_session')
  OR (issuer = scope_setting('issuer') AND subject = scope_setting('subject')));
CREATE POLICY begin ON browser_sessions FOR INSERT WITH CHECK (
  tenant_id = scope_tenant() AND issuer = scope_setting('issuer') AND subject = scope_setting('subject'));
CREATE POLICY go_on ON browser_sessions FOR UPDATE USING (secret_sha256 = scope_setting('browser_session'));
CREATE POLICY forget ON browser_sessions FOR DELETE USING (
  issuer = scope_setting('issuer') AND subject = scope_setting('subject') AND expires_at < now());

-- What people were shown of patients here, and what they decided: written before it is shown. Ids and codes only.
CREATE TABLE access_entries (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- `person:<id>`, and the role under which they were let in.
  actor text NOT NULL,
  role text NOT NULL,
  -- Verb and noun, as in the stations' trails: `patient.read`, `picture.read`, `report.approved`.
  action text NOT NULL,
  subject_kind text NOT NULL,
  subject_id uuid NOT NULL,
  patient_id uuid,
  detail jsonb NOT NULL DEFAULT '{}',
  FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id)
);
CREATE INDEX access_entries_patient ON access_entries (tenant_id, patient_id, at);
CREATE INDEX access_entries_at ON access_entries (tenant_id, at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON access_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE access_entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON access_entries FOR SELECT USING (
  in_scope(tenant_id, location_id) AND scope_role() IN ('service', 'admin'));
CREATE POLICY insert ON access_entries FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND actor = scope_actor() AND role = scope_role()
  AND scope_role() IN ('facilitator', 'technician', 'clinician', 'operator', 'admin'));

-- Whoever decides about a report writes it into the report and moves its session on. Nothing else.
CREATE POLICY decide ON documents FOR UPDATE USING (
  in_scope(tenant_id, location_id) AND collection IN ('reports', 'sessions') AND scope_role() IN ('clinician', 'admin'));
CREATE POLICY insert_decision ON domain_events FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND type = 'ReportDecided' AND scope_role() IN ('clinician', 'admin'));

-- The queue is looked up at each change.
CREATE INDEX documents_in_review ON documents (tenant_id, location_id)
  WHERE collection = 'sessions' AND document ->> 'status' = 'REVIEW' AND NOT deleted;

-- Names of the staff of the caller's locations. Their records hold the hashes of PINs, so those who review don't read them.
CREATE FUNCTION staff_names() RETURNS TABLE (id uuid, name text) LANGUAGE plpgsql AS $$
DECLARE
  before text := scope_role();
BEGIN
  PERFORM set_config('vantage.role', 'service', true);
  RETURN QUERY SELECT d.id, d.document ->> 'name' FROM documents AS d WHERE d.collection = 'staff';
  PERFORM set_config('vantage.role', before, true);
END $$;

-- What operators are told of the stations of their locations, in numbers: what could not be taken holds what patients are made of.
CREATE FUNCTION fleet_counts() RETURNS TABLE (
  station_id uuid, quarantined bigint, quarantined_at timestamptz, open_uploads bigint, open_bytes bigint, trail_breaks bigint
) LANGUAGE plpgsql AS $$
DECLARE
  before text := scope_role();
BEGIN
  PERFORM set_config('vantage.role', 'service', true);
  RETURN QUERY SELECT s.id,
    (SELECT count(*) FROM quarantine AS q WHERE q.tenant_id = s.tenant_id AND q.station_id = s.id),
    (SELECT max(q.last_at) FROM quarantine AS q WHERE q.tenant_id = s.tenant_id AND q.station_id = s.id),
    (SELECT count(*) FROM files AS f WHERE f.tenant_id = s.tenant_id AND f.station_id = s.id AND f.state = 'partial'),
    (SELECT coalesce(sum(f.size - f.durable), 0)::bigint FROM files AS f
      WHERE f.tenant_id = s.tenant_id AND f.station_id = s.id AND f.state = 'partial'),
    (SELECT count(*) FROM audit_breaks AS b WHERE b.tenant_id = s.tenant_id AND b.station_id = s.id)
    FROM stations AS s;
  PERFORM set_config('vantage.role', before, true);
END $$;

GRANT SELECT, INSERT, DELETE ON browser_sessions TO vantage_api;
GRANT UPDATE (seen_at, ended_at) ON browser_sessions TO vantage_api;
GRANT SELECT, INSERT ON access_entries TO vantage_api;
