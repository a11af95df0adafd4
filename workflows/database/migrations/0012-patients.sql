-- Patients who follow their own visits: which reports were published to them, and what a patient may read. A report that is not published
-- is nobody's but the clinic's, and so are pictures and findings.

-- Made from the events of publication, once, and never taken back: whoever has read a report has read it.
CREATE TABLE published_reports (
  tenant_id uuid NOT NULL,
  report_id uuid NOT NULL,
  location_id uuid NOT NULL,
  session_id uuid NOT NULL,
  patient_id uuid NOT NULL,
  -- The file that was published, by content.
  sha256 text NOT NULL,
  published_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, report_id),
  FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id)
);
CREATE INDEX published_reports_patient ON published_reports (tenant_id, patient_id);
CREATE INDEX published_reports_content ON published_reports (tenant_id, sha256);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON published_reports
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

ALTER TABLE published_reports ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON published_reports FOR SELECT USING (
  in_scope(tenant_id, location_id)
  AND (scope_role() IN ('service', 'facilitator', 'clinician', 'admin')
       OR (scope_role() = 'patient' AND patient_id = scope_patient())));
CREATE POLICY insert ON published_reports FOR INSERT WITH CHECK (in_scope(tenant_id, location_id) AND scope_role() = 'service');

-- Of the very report of that visit and patient, or not at all.
CREATE FUNCTION process_publication() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
  INSERT INTO published_reports (tenant_id, report_id, location_id, session_id, patient_id, sha256, published_at)
    SELECT r.tenant_id, r.id, r.location_id, s.id, s.patient_id, r.content_sha256, NEW.occurred_at
    FROM documents AS s
    JOIN documents AS r ON r.tenant_id = s.tenant_id AND r.collection = 'reports' AND r.id::text = NEW.data ->> 'reportId'
      AND r.session_id = s.id::text AND r.patient_id = s.patient_id AND r.content_sha256 = NEW.data ->> 'sha256'
    WHERE s.tenant_id = NEW.tenant_id AND s.collection = 'sessions' AND s.id = NEW.subject_id
    ON CONFLICT (tenant_id, report_id) DO NOTHING;
  RETURN NULL;
END $$;
CREATE TRIGGER project_publication AFTER INSERT ON domain_events FOR EACH ROW
  WHEN (NEW.type = 'ReportPublished') EXECUTE FUNCTION process_publication();

-- What a patient needs to follow their visits; the reports that they may open are those above.
CREATE OR REPLACE FUNCTION role_reads(collection text, patient uuid) RETURNS boolean LANGUAGE sql STABLE
  RETURN CASE scope_role()
    WHEN 'station' THEN true
    WHEN 'service' THEN true
    WHEN 'facilitator' THEN true
    WHEN 'clinician' THEN true
    WHEN 'admin' THEN true
    WHEN 'technician' THEN collection IN ('devices', 'calibrations', 'alerts')
    WHEN 'operator' THEN collection IN ('devices', 'calibrations', 'alerts')
    WHEN 'patient' THEN patient = scope_patient() AND collection IN ('patients', 'appointments', 'consents', 'sessions')
    ELSE false
  END;

-- The file of a published report, and what opens it: as far as the patient sees the publication.
CREATE POLICY read_published ON files FOR SELECT USING (
  in_scope(tenant_id, location_id) AND scope_role() = 'patient' AND state = 'verified'
  AND EXISTS (SELECT FROM published_reports AS p
              WHERE p.tenant_id = files.tenant_id AND p.location_id = files.location_id AND p.sha256 = files.sha256));
CREATE POLICY read_published ON file_segments FOR SELECT USING (
  in_scope(tenant_id, location_id) AND scope_role() = 'patient'
  AND EXISTS (SELECT FROM files AS f WHERE f.tenant_id = file_segments.tenant_id AND f.id = file_segments.file_id));
CREATE POLICY read_published ON file_keys FOR SELECT USING (
  tenant_id = scope_tenant() AND scope_role() = 'patient'
  AND EXISTS (SELECT FROM files AS f WHERE f.tenant_id = file_keys.tenant_id AND f.key_id = file_keys.key_id));
-- One that does not read any more is looked at at once.
CREATE POLICY check_published ON file_jobs USING (
  tenant_id = scope_tenant() AND scope_role() = 'patient' AND kind = 'verify'
  AND EXISTS (SELECT FROM files AS f WHERE f.tenant_id = file_jobs.tenant_id AND f.id = file_jobs.subject_id));

-- Each look is written down, a patient's at their own visit too.
CREATE POLICY insert_published ON file_reads FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND actor = scope_actor() AND role = scope_role() AND scope_role() = 'patient'
  AND EXISTS (SELECT FROM files AS f WHERE f.tenant_id = file_reads.tenant_id AND f.id = file_reads.file_id));
CREATE POLICY insert_own ON access_entries FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND actor = scope_actor() AND role = scope_role() AND scope_role() = 'patient'
  AND patient_id = scope_patient());

GRANT SELECT ON published_reports TO vantage_api;

-- What was published before. Who migrates is the tables' owner, whom the policies bind as everybody else.
ALTER TABLE domain_events NO FORCE ROW LEVEL SECURITY;
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
ALTER TABLE published_reports NO FORCE ROW LEVEL SECURITY;
INSERT INTO published_reports (tenant_id, report_id, location_id, session_id, patient_id, sha256, published_at)
  SELECT r.tenant_id, r.id, r.location_id, s.id, s.patient_id, r.content_sha256, e.occurred_at
  FROM domain_events AS e
  JOIN documents AS s ON s.tenant_id = e.tenant_id AND s.collection = 'sessions' AND s.id = e.subject_id
  JOIN documents AS r ON r.tenant_id = s.tenant_id AND r.collection = 'reports' AND r.id::text = e.data ->> 'reportId'
    AND r.session_id = s.id::text AND r.patient_id = s.patient_id AND r.content_sha256 = e.data ->> 'sha256'
  WHERE e.type = 'ReportPublished'
  ON CONFLICT (tenant_id, report_id) DO NOTHING;
ALTER TABLE published_reports FORCE ROW LEVEL SECURITY;
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
ALTER TABLE domain_events FORCE ROW LEVEL SECURITY;
