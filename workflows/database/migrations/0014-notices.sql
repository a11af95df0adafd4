-- How patients want to be told that there is something to see: agreed to by themselves, taken back by themselves, and forgotten when the
-- other side says that it is there no more.
CREATE TABLE notice_ways (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  patient_id uuid NOT NULL,
  -- Who agreed: it is good as long as this person is that patient.
  person_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('push', 'mail')),
  -- An endpoint of a push service, or a mail address.
  target text NOT NULL CHECK (length(target) <= 2000),
  -- Of the browser (RFC 8291): { p256dh, auth }.
  keys jsonb,
  locale text NOT NULL CHECK (locale IN ('en', 'ar')),
  agreed_at timestamptz NOT NULL,
  UNIQUE (tenant_id, patient_id, kind, target),
  CHECK ((kind = 'push') = (keys IS NOT NULL))
);
-- What was delivered under which key, so that an activity that is tried again tells nobody twice.
CREATE TABLE notice_deliveries (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  key text NOT NULL CHECK (length(key) <= 500),
  way_id uuid NOT NULL,
  delivered_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key, way_id)
);

ALTER TABLE notice_ways ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON notice_ways USING (
  tenant_id = scope_tenant() AND scope_role() = 'patient' AND patient_id = scope_patient());
CREATE POLICY deliver ON notice_ways FOR SELECT USING (tenant_id = scope_tenant() AND scope_role() = 'service');
CREATE POLICY forget ON notice_ways FOR DELETE USING (tenant_id = scope_tenant() AND scope_role() = 'service');

ALTER TABLE notice_deliveries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY deliver ON notice_deliveries USING (tenant_id = scope_tenant() AND scope_role() = 'service');

GRANT SELECT, INSERT, DELETE ON notice_ways TO vantage_api;
GRANT SELECT, INSERT ON notice_deliveries TO vantage_api;
