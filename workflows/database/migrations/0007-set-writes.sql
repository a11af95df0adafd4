-- Many documents are written as one set: their places in the order of writes are given together, and what follows from a write
-- follows once for all of them, instead of row by row.

-- Compressing took as long as the rest of a write. Documents are a thousandth of what the pictures beside them are.
ALTER TABLE documents ALTER COLUMN document SET STORAGE EXTERNAL;
-- Whether it is, word by word, what `changed_by` sent: then that station has it already.
ALTER TABLE documents ADD COLUMN as_sent boolean NOT NULL DEFAULT false;

-- The order of writes is nobody's to choose, and neither is who wrote.
REVOKE INSERT ON documents FROM vantage_api;
GRANT INSERT (tenant_id, collection, id, location_id, station_id, contract_version, document, deleted, hlc)
  ON documents TO vantage_api;

-- Where deletions were purged, a document may have been here before. Each version of one has a place in the order of writes, so the
-- place of the first is beyond all of its versions.
CREATE FUNCTION first_version(tenant uuid, seq bigint) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
  RETURN (SELECT CASE WHEN purged_seq > 0 THEN first_version.seq ELSE 1 END FROM document_counters WHERE tenant_id = tenant);

-- A single write is stamped as before; a set comes stamped.
CREATE OR REPLACE FUNCTION documents_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.seq := next_seq(NEW.tenant_id);
  IF NEW.seq IS NULL THEN
    RAISE EXCEPTION 'documents are written after lock_writes()';
  END IF;
  NEW.version := CASE TG_OP WHEN 'INSERT' THEN first_version(NEW.tenant_id, NEW.seq) ELSE OLD.version + 1 END;
  NEW.changed_at := clock_timestamp();
  NEW.changed_by := scope_actor();
  NEW.as_sent := false;
  RETURN NEW;
END $$;
DROP TRIGGER documents_stamp ON documents;
CREATE TRIGGER documents_stamp_added BEFORE INSERT ON documents FOR EACH ROW
  WHEN (NEW.seq IS NULL) EXECUTE FUNCTION documents_stamp();
CREATE TRIGGER documents_stamp BEFORE UPDATE ON documents FOR EACH ROW
  WHEN (NEW.seq = OLD.seq) EXECUTE FUNCTION documents_stamp();

-- Documents of one collection, new ones or ones that are there (`known`), all of them or none.
--
-- rows: {id, location_id, station_id, contract_version, deleted, hlc, as_sent}; documents: their JSON, a line each.
-- Returns the versions in the order of the rows, NULL for one that lies where the writer may not look; NULL instead of them all when
-- something in them cannot be kept. Runs as the owner of the tables, to whom the policies apply as to everybody.
CREATE FUNCTION write_documents(tenant uuid, name text, known boolean, rows jsonb, documents text) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
#variable_conflict use_column
DECLARE
  many integer := jsonb_array_length(write_documents.rows);
  before bigint;
  purged bigint;
  versions bigint[];
BEGIN
  UPDATE document_counters SET seq = seq + many WHERE tenant_id = write_documents.tenant RETURNING seq - many, purged_seq INTO before, purged;
  IF before IS NULL THEN
    RAISE EXCEPTION 'documents are written after lock_writes()';
  END IF;
  IF write_documents.known THEN
    WITH given AS MATERIALIZED (
      SELECT * FROM ROWS FROM (
        jsonb_to_recordset(write_documents.rows)
          AS (id uuid, location_id uuid, contract_version text, deleted boolean, hlc text, as_sent boolean),
        string_to_table(write_documents.documents, E'\n')
      ) WITH ORDINALITY AS r (id, location_id, contract_version, deleted, hlc, as_sent, document, place)
    ), written AS (
      UPDATE documents AS d SET location_id = g.location_id, contract_version = g.contract_version,
             document = g.document::jsonb, deleted = g.deleted, hlc = g.hlc, seq = before + g.place, version = d.version + 1,
             changed_at = clock_timestamp(), changed_by = scope_actor(), as_sent = g.as_sent
      FROM given AS g
      WHERE d.tenant_id = write_documents.tenant AND d.collection = write_documents.name AND d.id = g.id
      RETURNING d.id, d.version
    )
    SELECT array_agg(written.version ORDER BY given.place) FROM given LEFT JOIN written ON written.id = given.id INTO versions;
  ELSE
    WITH given AS MATERIALIZED (
      SELECT * FROM ROWS FROM (
        jsonb_to_recordset(write_documents.rows)
          AS (id uuid, location_id uuid, station_id uuid, contract_version text, deleted boolean, hlc text, as_sent boolean),
        string_to_table(write_documents.documents, E'\n')
      ) WITH ORDINALITY AS r (id, location_id, station_id, contract_version, deleted, hlc, as_sent, document, place)
    ), written AS (
      INSERT INTO documents (tenant_id, collection, id, location_id, station_id, contract_version, document, deleted, hlc,
                             seq, version, changed_at, changed_by, as_sent)
      SELECT write_documents.tenant, write_documents.name, g.id, g.location_id, g.station_id, g.contract_version,
             g.document::jsonb, g.deleted, g.hlc, before + g.place, CASE WHEN purged > 0 THEN before + g.place ELSE 1 END, clock_timestamp(), scope_actor(), g.as_sent
      FROM given AS g
      ON CONFLICT DO NOTHING
      RETURNING id, version
    )
    SELECT array_agg(written.version ORDER BY given.place) FROM given LEFT JOIN written ON written.id = given.id INTO versions;
  END IF;
  RETURN coalesce(versions, '{}');
EXCEPTION
  WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded THEN
    RETURN NULL;
END $$;

-- Listeners are told per location and collection, after the commit: up to which place in the order, and by whom, if who wrote it has
-- it as it is. '-' where that is nobody.
CREATE FUNCTION tell_documents(tenant uuid, location uuid, collection text, seq bigint, writer text) RETURNS void
LANGUAGE sql
  RETURN pg_notify('vantage_documents', concat_ws(' ', tenant || ':' || location, collection, seq, coalesce(writer, '-')));

DROP TRIGGER documents_tell ON documents;
DROP FUNCTION documents_tell();
CREATE FUNCTION documents_tell_added() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
  PERFORM tell_documents(tenant_id, location_id, collection, max(seq), CASE WHEN bool_and(as_sent) THEN min(changed_by) END)
    FROM added GROUP BY tenant_id, location_id, collection;
  RETURN NULL;
END $$;
CREATE FUNCTION documents_tell_changed() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
  IF EXISTS (SELECT FROM before JOIN changed USING (tenant_id, collection, id) WHERE before.location_id <> changed.location_id) THEN
    INSERT INTO departures (tenant_id, location_id, collection, id, document, patient_id, seq, changed_at)
      SELECT b.tenant_id, b.location_id, b.collection, b.id, b.document, b.patient_id, next_seq(b.tenant_id), clock_timestamp()
      FROM before AS b JOIN changed AS c USING (tenant_id, collection, id) WHERE b.location_id <> c.location_id
      ON CONFLICT (tenant_id, location_id, collection, id)
      DO UPDATE SET document = EXCLUDED.document, seq = EXCLUDED.seq, changed_at = EXCLUDED.changed_at;
    DELETE FROM departures AS d USING changed AS c JOIN before AS b USING (tenant_id, collection, id)
      WHERE b.location_id <> c.location_id AND d.tenant_id = c.tenant_id AND d.location_id = c.location_id
        AND d.collection = c.collection AND d.id = c.id;
    PERFORM tell_documents(d.tenant_id, d.location_id, d.collection, max(d.seq), NULL)
      FROM departures AS d JOIN before AS b USING (tenant_id, location_id, collection, id)
      JOIN changed AS c USING (tenant_id, collection, id) WHERE b.location_id <> c.location_id
      GROUP BY d.tenant_id, d.location_id, d.collection;
  END IF;
  PERFORM tell_documents(tenant_id, location_id, collection, max(seq), CASE WHEN bool_and(as_sent) THEN min(changed_by) END)
    FROM changed GROUP BY tenant_id, location_id, collection;
  RETURN NULL;
END $$;
CREATE TRIGGER documents_tell_added AFTER INSERT ON documents REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION documents_tell_added();
CREATE TRIGGER documents_tell_changed AFTER UPDATE ON documents REFERENCING OLD TABLE AS before NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION documents_tell_changed();

-- Once per session. Not for what settling itself writes.
DROP TRIGGER documents_settle ON documents;
CREATE OR REPLACE FUNCTION documents_settle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF scope_actor() IS NOT DISTINCT FROM 'keeper' THEN
    RETURN NULL;
  END IF;
  INSERT INTO file_jobs (tenant_id, kind, subject_id, due_at)
    SELECT DISTINCT tenant_id, 'settle',
           (CASE collection WHEN 'sessions' THEN document ->> 'id' ELSE document ->> 'sessionId' END)::uuid, statement_timestamp()
    FROM written
    WHERE collection IN ('sessions', 'captures', 'reports')
      AND document ->> CASE collection WHEN 'sessions' THEN 'capturedAt' ELSE 'sessionId' END IS NOT NULL
    ON CONFLICT (tenant_id, kind, subject_id) DO UPDATE SET due_at = least(file_jobs.due_at, EXCLUDED.due_at);
  RETURN NULL;
END $$;
CREATE TRIGGER documents_settle_added AFTER INSERT ON documents REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION documents_settle();
CREATE TRIGGER documents_settle_changed AFTER UPDATE ON documents REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION documents_settle();
