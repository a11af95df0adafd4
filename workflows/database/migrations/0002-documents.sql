-- The clinic's documents, one table for all collections: one order of writes per tenant (`seq`), one policy, one trigger, one place
-- for deletions. Their shape is the contract's business; a column stands here only for what is filtered or ordered by.

-- How far a tenant's order of writes has come. A writer holds the row from its first write to its commit, so `seq` becomes visible
-- in its own order and a reader that has seen 7 will never be shown a 6. Sequences would not do: they commit out of order.
CREATE TABLE document_counters (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
  seq bigint NOT NULL DEFAULT 0,
  -- Changed when the database was restored from a backup: what stations remember of it may be more than it knows.
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  -- Deletions up to here may have been purged.
  purged_seq bigint NOT NULL DEFAULT 0
);

CREATE TABLE documents (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  collection text NOT NULL,
  id uuid NOT NULL,
  location_id uuid NOT NULL,
  -- The station that wrote it first.
  station_id uuid NOT NULL,
  contract_version text NOT NULL,
  document jsonb NOT NULL,
  deleted boolean NOT NULL,
  -- The latest clock of its field groups.
  hlc text NOT NULL,
  -- Of the collections whose documents name a patient; elsewhere a field of that name would be nobody's promise.
  patient_id uuid GENERATED ALWAYS AS (
    CASE
      WHEN collection = 'patients' THEN id
      WHEN collection IN ('appointments', 'consents', 'sessions', 'captures', 'findings', 'reports')
        THEN (document ->> 'patientId')::uuid
    END) STORED,
  -- Counts the writes of this document here.
  version bigint NOT NULL,
  seq bigint NOT NULL,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL,
  PRIMARY KEY (tenant_id, collection, id),
  UNIQUE (tenant_id, seq),
  FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
  CHECK ((document ->> 'id')::uuid = id),
  CHECK ((document ->> 'tenantId')::uuid = tenant_id),
  CHECK ((document ->> 'locationId')::uuid = location_id)
);
CREATE INDEX documents_pull ON documents (tenant_id, location_id, collection, seq);
CREATE INDEX documents_patient ON documents (tenant_id, patient_id);
CREATE INDEX documents_tombstones ON documents (tenant_id, seq) WHERE deleted;

-- What left a location, in the last state that it was there to be seen in.
CREATE TABLE departures (
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  collection text NOT NULL,
  id uuid NOT NULL,
  document jsonb NOT NULL,
  patient_id uuid,
  seq bigint NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, location_id, collection, id)
);
CREATE INDEX departures_pull ON departures (tenant_id, location_id, collection, seq);

-- Which collections a role deals with. Technicians and operators have no business with patients.
CREATE FUNCTION role_reads(collection text, patient uuid) RETURNS boolean LANGUAGE sql STABLE
  RETURN CASE scope_role()
    WHEN 'station' THEN true
    WHEN 'service' THEN true
    WHEN 'facilitator' THEN true
    WHEN 'clinician' THEN true
    WHEN 'admin' THEN true
    WHEN 'technician' THEN collection IN ('devices', 'calibrations', 'alerts')
    WHEN 'operator' THEN collection IN ('devices', 'calibrations', 'alerts')
    WHEN 'patient' THEN patient = scope_patient()
      AND collection IN ('patients', 'appointments', 'consents', 'sessions', 'captures', 'findings', 'reports')
    ELSE false
  END;
CREATE FUNCTION role_writes() RETURNS boolean LANGUAGE sql STABLE RETURN scope_role() IN ('station', 'service');

CREATE FUNCTION next_seq(tenant uuid) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public
BEGIN ATOMIC
  UPDATE document_counters SET seq = seq + 1 WHERE tenant_id = tenant RETURNING seq;
END;
-- Waits until no other writer of the tenant is under way. Taken before the first row is looked at, so that two writers never wait
-- for each other.
CREATE FUNCTION lock_writes() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
  INSERT INTO document_counters (tenant_id) VALUES (scope_tenant()) ON CONFLICT DO NOTHING;
  PERFORM FROM document_counters WHERE tenant_id = scope_tenant() FOR UPDATE;
END $$;

CREATE FUNCTION documents_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.seq := next_seq(NEW.tenant_id);
  IF NEW.seq IS NULL THEN
    RAISE EXCEPTION 'documents are written after lock_writes()';
  END IF;
  NEW.version := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE OLD.version + 1 END;
  NEW.changed_at := clock_timestamp();
  NEW.changed_by := scope_actor();
  RETURN NEW;
END $$;
CREATE TRIGGER documents_stamp BEFORE INSERT OR UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION documents_stamp();

CREATE FUNCTION documents_tell() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.location_id <> NEW.location_id THEN
    INSERT INTO departures (tenant_id, location_id, collection, id, document, patient_id, seq, changed_at)
      VALUES (OLD.tenant_id, OLD.location_id, OLD.collection, OLD.id, OLD.document, OLD.patient_id,
              next_seq(OLD.tenant_id), clock_timestamp())
      ON CONFLICT (tenant_id, location_id, collection, id)
      DO UPDATE SET document = EXCLUDED.document, seq = EXCLUDED.seq, changed_at = EXCLUDED.changed_at;
    DELETE FROM departures WHERE tenant_id = NEW.tenant_id AND location_id = NEW.location_id
      AND collection = NEW.collection AND id = NEW.id;
    PERFORM pg_notify('vantage_documents', OLD.tenant_id || ':' || OLD.location_id);
  END IF;
  -- Reaches the listeners after the commit; the same words within one transaction reach them once.
  PERFORM pg_notify('vantage_documents', NEW.tenant_id || ':' || NEW.location_id);
  RETURN NULL;
END $$;
CREATE TRIGGER documents_tell AFTER INSERT OR UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION documents_tell();

-- What a push or an activity was answered, so that the same one sent again has no second effect.
CREATE TABLE mutations (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  location_id uuid,
  -- `station:<id>`, or `service`.
  actor text NOT NULL,
  -- A push's id, or `<workflowId>:<activityId>:<operation>`.
  mutation_id text NOT NULL,
  request_sha256 text NOT NULL,
  response jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, actor, mutation_id)
);
CREATE INDEX mutations_age ON mutations (tenant_id, created_at);

-- Rows that could not be taken. As text: what no jsonb can keep is kept here, too.
CREATE TABLE quarantine (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  location_id uuid NOT NULL,
  station_id uuid NOT NULL,
  collection text NOT NULL,
  document_id text,
  reason text NOT NULL,
  field text NOT NULL,
  content text NOT NULL,
  -- The same row pushed again is counted, not kept again.
  content_sha256 text NOT NULL,
  times integer NOT NULL DEFAULT 1,
  first_at timestamptz NOT NULL DEFAULT now(),
  last_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, station_id, collection, content_sha256)
);

ALTER TABLE document_counters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON document_counters USING (tenant_id = scope_tenant());

-- Staff records hold the hashes of PINs: they are for stations, and for those who manage staff.
ALTER TABLE documents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON documents FOR SELECT USING (
  in_scope(tenant_id, location_id) AND role_reads(collection, patient_id)
  AND (collection <> 'staff' OR scope_role() IN ('station', 'service', 'admin')));
CREATE POLICY insert ON documents FOR INSERT WITH CHECK (in_scope(tenant_id, location_id) AND role_writes());
CREATE POLICY update ON documents FOR UPDATE USING (in_scope(tenant_id, location_id) AND role_writes());
CREATE POLICY purge ON documents FOR DELETE USING (
  in_scope(tenant_id, location_id) AND deleted AND scope_role() = 'service');

ALTER TABLE departures ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON departures USING (in_scope(tenant_id, location_id) AND scope_role() IN ('station', 'service'));

ALTER TABLE mutations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON mutations USING (tenant_id = scope_tenant() AND actor = scope_actor());
-- Old answers are let go of by an activity, whoever's they were; to delete is to see.
CREATE POLICY purge_read ON mutations FOR SELECT USING (in_scope(tenant_id, location_id) AND scope_role() = 'service');
CREATE POLICY purge ON mutations FOR DELETE USING (in_scope(tenant_id, location_id) AND scope_role() = 'service');

ALTER TABLE quarantine ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON quarantine FOR SELECT USING (
  in_scope(tenant_id, location_id)
  AND (scope_role() IN ('service', 'admin') OR (scope_role() = 'station' AND station_id = scope_station())));
CREATE POLICY insert ON quarantine FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND scope_role() = 'station' AND station_id = scope_station());
CREATE POLICY update ON quarantine FOR UPDATE USING (
  in_scope(tenant_id, location_id) AND scope_role() = 'station' AND station_id = scope_station());

GRANT SELECT ON document_counters TO vantage_api;
GRANT UPDATE (purged_seq) ON document_counters TO vantage_api;
GRANT SELECT, INSERT, DELETE ON documents TO vantage_api;
GRANT UPDATE (location_id, contract_version, document, deleted, hlc) ON documents TO vantage_api;
GRANT SELECT, DELETE ON departures TO vantage_api;
GRANT SELECT, INSERT, DELETE ON mutations TO vantage_api;
GRANT SELECT, INSERT ON quarantine TO vantage_api;
GRANT UPDATE (times, last_at) ON quarantine TO vantage_api;
