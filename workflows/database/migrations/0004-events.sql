-- What happened in the business, append-only, each with the workflow that caused it; lists are made from it by trigger.
CREATE TABLE domain_events (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  -- NULL: concerns the whole tenant.
  location_id uuid,
  type text NOT NULL,
  subject_id uuid NOT NULL,
  data jsonb NOT NULL,
  -- { workflowId, runId, workflowType, activityId } or { actor }.
  metadata jsonb NOT NULL,
  occurred_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX domain_events_type ON domain_events (tenant_id, type, occurred_at);
CREATE INDEX domain_events_workflow ON domain_events ((metadata ->> 'workflowId'));

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON domain_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE organizations_projection (
  tenant_id uuid PRIMARY KEY REFERENCES tenants (id),
  name text NOT NULL,
  state text NOT NULL CHECK (state IN ('created', 'active', 'deactivated')),
  dns_name text,
  dns_state text NOT NULL CHECK (dns_state IN ('none', 'configured', 'verified', 'removed')),
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL
);
CREATE TABLE user_invitations_projection (
  tenant_id uuid NOT NULL REFERENCES tenants (id),
  invitation_id uuid NOT NULL,
  role text NOT NULL,
  location_id uuid,
  state text NOT NULL CHECK (state IN ('invited', 'sent', 'accepted', 'revoked')),
  invited_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, invitation_id)
);

CREATE FUNCTION process_organization_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
  IF NEW.type = 'OrganizationCreated' THEN
    INSERT INTO organizations_projection (tenant_id, name, state, dns_state, created_at, changed_at)
      VALUES (NEW.tenant_id, NEW.data ->> 'name', 'created', 'none', NEW.occurred_at, NEW.occurred_at)
      ON CONFLICT (tenant_id) DO NOTHING;
  ELSE
    UPDATE organizations_projection SET
      state = CASE NEW.type WHEN 'OrganizationActivated' THEN 'active' WHEN 'OrganizationDeactivated' THEN 'deactivated'
        ELSE state END,
      dns_name = CASE NEW.type WHEN 'DNSConfigured' THEN NEW.data ->> 'name' WHEN 'DNSRemoved' THEN NULL ELSE dns_name END,
      dns_state = CASE NEW.type WHEN 'DNSConfigured' THEN 'configured' WHEN 'DNSVerified' THEN 'verified'
        WHEN 'DNSRemoved' THEN 'removed' ELSE dns_state END,
      changed_at = NEW.occurred_at
    WHERE tenant_id = NEW.tenant_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER project_organization AFTER INSERT ON domain_events FOR EACH ROW
  WHEN (NEW.type IN ('OrganizationCreated', 'OrganizationActivated', 'OrganizationDeactivated', 'DNSConfigured', 'DNSVerified',
                     'DNSRemoved'))
  EXECUTE FUNCTION process_organization_event();

CREATE FUNCTION process_invitation_event() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
  IF NEW.type = 'UserInvited' THEN
    INSERT INTO user_invitations_projection (tenant_id, invitation_id, role, location_id, state, invited_at, changed_at)
      VALUES (NEW.tenant_id, NEW.subject_id, NEW.data ->> 'role', NEW.location_id, 'invited', NEW.occurred_at, NEW.occurred_at)
      ON CONFLICT DO NOTHING;
  ELSE
    UPDATE user_invitations_projection SET
      state = CASE NEW.type WHEN 'InvitationSent' THEN 'sent' WHEN 'InvitationAccepted' THEN 'accepted' ELSE 'revoked' END,
      changed_at = NEW.occurred_at
    WHERE tenant_id = NEW.tenant_id AND invitation_id = NEW.subject_id;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER project_invitation AFTER INSERT ON domain_events FOR EACH ROW
  WHEN (NEW.type IN ('UserInvited', 'InvitationSent', 'InvitationAccepted', 'InvitationRevoked'))
  EXECUTE FUNCTION process_invitation_event();

ALTER TABLE domain_events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY read ON domain_events FOR SELECT USING (
  (in_scope(tenant_id, location_id) OR (tenant_id = scope_tenant() AND location_id IS NULL))
  AND scope_role() IN ('service', 'operator', 'admin'));
CREATE POLICY insert ON domain_events FOR INSERT WITH CHECK (
  (in_scope(tenant_id, location_id) OR (tenant_id = scope_tenant() AND location_id IS NULL AND scope_all_locations()))
  AND scope_role() IN ('service', 'enrolment', 'station', 'operator', 'admin'));

ALTER TABLE organizations_projection ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON organizations_projection USING (
  tenant_id = scope_tenant() AND scope_role() IN ('service', 'operator', 'admin'));

ALTER TABLE user_invitations_projection ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON user_invitations_projection USING (
  tenant_id = scope_tenant() AND scope_all_locations() AND scope_role() IN ('service', 'admin'));

GRANT SELECT, INSERT ON domain_events TO vantage_api;
GRANT SELECT ON organizations_projection, user_invitations_projection TO vantage_api;
