-- Files of the clinic: pictures, DICOM objects, reports. What is kept here says where their bytes lie and how they were sealed; the bytes
-- are in a store outside, in segments. An upload and the file that it becomes are one row.

-- A tenant's own keys, wrapped by one of the installation's master keys. Each file has a key of its own, wrapped by one of these.
CREATE TABLE file_keys (
  key_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  master_key_id text NOT NULL,
  wrapped bytea NOT NULL,
  -- New files are sealed under the active one; a retired one still opens.
  state text NOT NULL CHECK (state IN ('active', 'retired')),
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, key_id)
);
CREATE UNIQUE INDEX file_keys_one_active ON file_keys (tenant_id) WHERE state = 'active';

CREATE TABLE files (
  -- Random; in addresses and in the store's names.
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  -- The station that began it.
  station_id uuid NOT NULL,
  -- As claimed, until verified.
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  size bigint NOT NULL CHECK (size >= 0),
  media_type text NOT NULL,
  -- 'differs': kept as evidence. 'gone': given up or run out, its bytes erased.
  state text NOT NULL CHECK (state IN ('partial', 'stored', 'verified', 'differs', 'gone')),
  -- Bytes that the store has acknowledged, from the beginning without a gap.
  durable bigint NOT NULL DEFAULT 0 CHECK (durable BETWEEN 0 AND size),
  wrapped_key bytea NOT NULL,
  key_id uuid NOT NULL,
  -- The request that may append now; whoever is not it any more appends nothing.
  writer uuid,
  writer_seen_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  stored_at timestamptz,
  verified_at timestamptz,
  ended_at timestamptz,
  FOREIGN KEY (tenant_id, station_id) REFERENCES stations (tenant_id, id),
  FOREIGN KEY (tenant_id, key_id) REFERENCES file_keys (tenant_id, key_id),
  UNIQUE (tenant_id, id),
  CHECK (state NOT IN ('stored', 'verified') OR durable = size),
  CHECK (state <> 'verified' OR verified_at IS NOT NULL)
);
-- One upload of a content at a location. Not one for the tenant: to be told "it is here already" is to learn what another location has.
CREATE UNIQUE INDEX files_live ON files (tenant_id, location_id, sha256, size) WHERE state IN ('partial', 'stored', 'verified');
CREATE INDEX files_content ON files (tenant_id, sha256);
CREATE INDEX files_open ON files (tenant_id, station_id) WHERE state = 'partial';

CREATE TABLE file_segments (
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  file_id uuid NOT NULL,
  start bigint NOT NULL CHECK (start >= 0),
  length integer NOT NULL CHECK (length > 0),
  -- Its name in the store, below tenant and file.
  object_id uuid NOT NULL,
  PRIMARY KEY (file_id, start),
  FOREIGN KEY (tenant_id, file_id) REFERENCES files (tenant_id, id)
);

-- What is to be done about files, and when: it outlives whoever was about to do it. Ids only, since whoever looks for work sees all
-- tenants' rows.
CREATE TABLE file_jobs (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  -- 'verify': read a file back (again and again, long after it was stored); 'expire': give an unfinished upload up; 'erase': remove the
  -- bytes of one that is gone; 'settle': see whether the cloud has all of a session.
  kind text NOT NULL CHECK (kind IN ('verify', 'expire', 'erase', 'settle')),
  subject_id uuid NOT NULL,
  due_at timestamptz NOT NULL,
  attempts integer NOT NULL DEFAULT 0,
  claimed_by uuid,
  claimed_until timestamptz,
  PRIMARY KEY (tenant_id, kind, subject_id)
);
CREATE INDEX file_jobs_due ON file_jobs (due_at);

-- Who read which file: written before the first byte goes out.
CREATE TABLE file_reads (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  file_id uuid NOT NULL,
  actor text NOT NULL,
  role text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Which bytes, or all of them.
  first_byte bigint NOT NULL,
  last_byte bigint NOT NULL,
  FOREIGN KEY (tenant_id, file_id) REFERENCES files (tenant_id, id)
);
CREATE INDEX file_reads_file ON file_reads (tenant_id, file_id, at);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON file_reads
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Which documents name a content, and which belong to a session.
CREATE INDEX documents_sha256 ON documents (tenant_id, (document ->> 'sha256')) WHERE collection IN ('captures', 'reports');
CREATE INDEX documents_session ON documents (tenant_id, (document ->> 'sessionId')) WHERE collection IN ('captures', 'reports');

CREATE FUNCTION documents_settle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  session text := CASE NEW.collection WHEN 'sessions' THEN NEW.document ->> 'id' ELSE NEW.document ->> 'sessionId' END;
BEGIN
  INSERT INTO file_jobs (tenant_id, kind, subject_id, due_at) VALUES (NEW.tenant_id, 'settle', session::uuid, clock_timestamp())
    ON CONFLICT (tenant_id, kind, subject_id) DO UPDATE SET due_at = least(file_jobs.due_at, EXCLUDED.due_at);
  RETURN NULL;
END $$;
-- Not for what settling itself writes.
CREATE TRIGGER documents_settle AFTER INSERT OR UPDATE ON documents FOR EACH ROW
  WHEN (NEW.collection IN ('sessions', 'captures', 'reports') AND scope_actor() IS DISTINCT FROM 'keeper'
        AND NEW.document ->> CASE NEW.collection WHEN 'sessions' THEN 'capturedAt' ELSE 'sessionId' END IS NOT NULL)
  EXECUTE FUNCTION documents_settle();

-- Technicians and operators have no business with patients, so not with their pictures either.
CREATE FUNCTION role_reads_files() RETURNS boolean LANGUAGE sql STABLE
  RETURN scope_role() IN ('station', 'service', 'facilitator', 'clinician', 'admin');

ALTER TABLE file_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON file_keys FOR SELECT USING (tenant_id = scope_tenant() AND role_reads_files());
CREATE POLICY insert ON file_keys FOR INSERT WITH CHECK (tenant_id = scope_tenant() AND scope_role() IN ('station', 'service'));
CREATE POLICY update ON file_keys FOR UPDATE USING (tenant_id = scope_tenant() AND scope_role() IN ('station', 'service'));

ALTER TABLE files ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON files FOR SELECT USING (in_scope(tenant_id, location_id) AND role_reads_files());
CREATE POLICY insert ON files FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND scope_role() = 'station' AND station_id = scope_station()
  AND state IN ('partial', 'stored'));
-- That a file is verified, or differs, is never a station's word.
CREATE POLICY update ON files FOR UPDATE USING (in_scope(tenant_id, location_id) AND scope_role() IN ('station', 'service'))
  WITH CHECK (in_scope(tenant_id, location_id)
              AND (scope_role() = 'service' OR (scope_role() = 'station' AND state IN ('partial', 'stored', 'gone'))));
CREATE POLICY delete ON files FOR DELETE USING (
  in_scope(tenant_id, location_id) AND scope_role() = 'service' AND state = 'gone');

ALTER TABLE file_segments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON file_segments FOR SELECT USING (in_scope(tenant_id, location_id) AND role_reads_files());
CREATE POLICY insert ON file_segments FOR INSERT WITH CHECK (in_scope(tenant_id, location_id) AND scope_role() = 'station');
CREATE POLICY delete ON file_segments FOR DELETE USING (in_scope(tenant_id, location_id) AND scope_role() = 'service');

-- The one table that is looked through across tenants, by the API's own keeper of files; what it then does, it does within one tenant.
ALTER TABLE file_jobs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON file_jobs USING (
  tenant_id = scope_tenant() AND scope_role() IN ('station', 'service', 'facilitator', 'clinician', 'admin'));
CREATE POLICY keep ON file_jobs FOR SELECT USING (scope_role() = 'keeper');
CREATE POLICY claim ON file_jobs FOR UPDATE USING (scope_role() = 'keeper');

ALTER TABLE file_reads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON file_reads FOR SELECT USING (in_scope(tenant_id, location_id) AND scope_role() IN ('service', 'admin'));
CREATE POLICY insert ON file_reads FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND role_reads_files() AND actor = scope_actor() AND role = scope_role());

GRANT SELECT, INSERT ON file_keys TO vantage_api;
GRANT UPDATE (state, master_key_id, wrapped) ON file_keys TO vantage_api;
GRANT SELECT, INSERT, DELETE ON files TO vantage_api;
GRANT UPDATE (state, durable, writer, writer_seen_at, expires_at, stored_at, verified_at, ended_at) ON files TO vantage_api;
GRANT SELECT, INSERT, DELETE ON file_segments TO vantage_api;
GRANT SELECT, INSERT, DELETE ON file_jobs TO vantage_api;
GRANT UPDATE (due_at, attempts, claimed_by, claimed_until) ON file_jobs TO vantage_api;
GRANT SELECT, INSERT ON file_reads TO vantage_api;
