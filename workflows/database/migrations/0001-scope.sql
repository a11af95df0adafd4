-- Who is asking, as the transaction says it (`withScope`), and the tables of tenants, locations, stations and people.
--
-- Every table is owned by vantage_owner, who logs in nowhere, is no superuser and is subject to the policies too (FORCE). The API
-- logs in as a member of vantage_api. A transaction that has said nothing sees nothing.

CREATE FUNCTION scope_setting(name text) RETURNS text LANGUAGE sql STABLE
  RETURN nullif(current_setting('vantage.' || name, true), '');
CREATE FUNCTION scope_tenant() RETURNS uuid LANGUAGE sql STABLE RETURN scope_setting('tenant')::uuid;
CREATE FUNCTION scope_role() RETURNS text LANGUAGE sql STABLE RETURN coalesce(scope_setting('role'), 'nobody');
CREATE FUNCTION scope_station() RETURNS uuid LANGUAGE sql STABLE RETURN scope_setting('station')::uuid;
CREATE FUNCTION scope_patient() RETURNS uuid LANGUAGE sql STABLE RETURN scope_setting('patient')::uuid;
CREATE FUNCTION scope_actor() RETURNS text LANGUAGE sql STABLE RETURN scope_setting('actor');
CREATE FUNCTION scope_all_locations() RETURNS boolean LANGUAGE sql STABLE
  RETURN coalesce(scope_setting('locations') = '*', false);
CREATE FUNCTION scope_locations() RETURNS uuid[] LANGUAGE sql STABLE
  RETURN CASE WHEN scope_all_locations() THEN '{}' ELSE coalesce(scope_setting('locations'), '{}') END::uuid[];
-- The one sentence that every table's policy begins with. A row without location belongs to the whole tenant.
CREATE FUNCTION in_scope(tenant uuid, location uuid) RETURNS boolean LANGUAGE sql STABLE
  RETURN tenant = scope_tenant() AND (scope_all_locations() OR location = ANY (scope_locations()));

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TABLE tenants (
  id uuid PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE locations (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  id uuid NOT NULL,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id)
);

CREATE TABLE stations (
  -- Unique everywhere: a station belongs to one clinic.
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  name text NOT NULL,
  state text NOT NULL CHECK (state IN ('active', 'revoked')),
  contract_version text NOT NULL,
  enrolled_at timestamptz NOT NULL DEFAULT now(),
  last_seen_at timestamptz,
  FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
  UNIQUE (tenant_id, id)
);
CREATE TABLE station_keys (
  station_id uuid NOT NULL,
  -- RFC 7638 thumbprint.
  key_id text NOT NULL,
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  public_key jsonb NOT NULL,
  -- 'next' until a token was asked for with it, then 'active' and the one before 'retired'.
  state text NOT NULL CHECK (state IN ('next', 'active', 'retired', 'revoked')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (station_id, key_id),
  FOREIGN KEY (tenant_id, station_id) REFERENCES stations (tenant_id, id)
);
CREATE UNIQUE INDEX station_keys_one_active ON station_keys (station_id) WHERE state = 'active';
CREATE UNIQUE INDEX station_keys_one_next ON station_keys (station_id) WHERE state = 'next';
-- Challenges that were answered: an answer is good once.
CREATE TABLE spent_challenges (
  nonce uuid PRIMARY KEY,
  station_id uuid NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX spent_challenges_expiry ON spent_challenges (station_id, expires_at);
CREATE TABLE enrolment_codes (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  location_id uuid NOT NULL,
  -- SHA-256 of the code; the code itself is shown once and not kept.
  code_sha256 text NOT NULL UNIQUE,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  used_by_station uuid,
  used_with_key text,
  FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id)
);

CREATE TABLE people (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  -- Who they are at their identity provider (OpenID Connect Core 1.0, 5.7).
  issuer text NOT NULL,
  subject text NOT NULL,
  active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (issuer, subject),
  UNIQUE (tenant_id, id)
);
CREATE TABLE people_roles (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  person_id uuid NOT NULL,
  role text NOT NULL CHECK (role IN ('patient', 'facilitator', 'technician', 'clinician', 'operator', 'admin')),
  -- NULL: at every location of the tenant.
  location_id uuid,
  -- The patient that this person is.
  patient_id uuid,
  granted_by text NOT NULL,
  granted_at timestamptz NOT NULL DEFAULT now(),
  FOREIGN KEY (tenant_id, person_id) REFERENCES people (tenant_id, id),
  FOREIGN KEY (tenant_id, location_id) REFERENCES locations (tenant_id, id),
  CHECK ((role = 'patient') = (patient_id IS NOT NULL)),
  UNIQUE NULLS NOT DISTINCT (person_id, role, location_id)
);

-- Policies. Each says the whole sentence: which tenant and location, and which role may do what. What no policy allows is refused.
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON tenants FOR SELECT USING (id = scope_tenant());
CREATE POLICY insert ON tenants FOR INSERT WITH CHECK (id = scope_tenant() AND scope_role() = 'service');

ALTER TABLE locations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON locations FOR SELECT USING (in_scope(tenant_id, id));
CREATE POLICY insert ON locations FOR INSERT WITH CHECK (
  in_scope(tenant_id, id) AND scope_role() IN ('service', 'admin'));

-- A station is also found by its own id: that is all that is known while it proves that it holds the key.
ALTER TABLE stations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON stations FOR SELECT USING (
  id = scope_station()
  OR (in_scope(tenant_id, location_id) AND scope_role() IN ('enrolment', 'service', 'technician', 'operator', 'admin')));
CREATE POLICY insert ON stations FOR INSERT WITH CHECK (in_scope(tenant_id, location_id) AND scope_role() = 'enrolment');
CREATE POLICY update ON stations FOR UPDATE USING (
  in_scope(tenant_id, location_id)
  AND (scope_role() IN ('enrolment', 'operator', 'admin') OR (scope_role() = 'station' AND id = scope_station())));

ALTER TABLE station_keys ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON station_keys FOR SELECT USING (
  station_id = scope_station()
  OR (in_scope(tenant_id, location_id) AND scope_role() IN ('enrolment', 'operator', 'admin')));
CREATE POLICY insert ON station_keys FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id)
  AND (scope_role() = 'enrolment' OR (scope_role() = 'station' AND station_id = scope_station())));
CREATE POLICY update ON station_keys FOR UPDATE USING (
  in_scope(tenant_id, location_id)
  AND (scope_role() IN ('enrolment', 'operator', 'admin') OR (scope_role() = 'station' AND station_id = scope_station())));

ALTER TABLE spent_challenges ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON spent_challenges USING (station_id = scope_station());

-- Found by who holds the code, before anything else is known of them.
ALTER TABLE enrolment_codes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON enrolment_codes FOR SELECT USING (
  code_sha256 = scope_setting('enrolment_code')
  OR (in_scope(tenant_id, location_id) AND scope_role() IN ('operator', 'admin')));
CREATE POLICY insert ON enrolment_codes FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND scope_role() IN ('service', 'operator', 'admin'));
CREATE POLICY update ON enrolment_codes FOR UPDATE USING (
  in_scope(tenant_id, location_id) AND scope_role() = 'enrolment' AND code_sha256 = scope_setting('enrolment_code'));

-- Found by what their identity provider vouches for; managed by those who may at every location.
ALTER TABLE people ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON people FOR SELECT USING (
  issuer = scope_setting('issuer') AND subject = scope_setting('subject'));
CREATE POLICY managed ON people USING (
  tenant_id = scope_tenant() AND scope_all_locations() AND scope_role() IN ('service', 'admin'));

ALTER TABLE people_roles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON people_roles FOR SELECT USING (
  EXISTS (SELECT FROM people WHERE people.id = person_id
          AND issuer = scope_setting('issuer') AND subject = scope_setting('subject')));
CREATE POLICY managed ON people_roles USING (
  tenant_id = scope_tenant() AND scope_all_locations() AND scope_role() IN ('service', 'admin'));

GRANT SELECT, INSERT ON tenants, locations TO vantage_api;
GRANT SELECT, INSERT, UPDATE ON stations, station_keys, enrolment_codes, people TO vantage_api;
GRANT SELECT, INSERT, DELETE ON people_roles, spent_challenges TO vantage_api;
