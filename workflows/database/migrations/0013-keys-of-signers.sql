-- Public halves only: what a station has signed is compared with the keys that were accepted of it.
CREATE POLICY compare ON station_keys FOR SELECT USING (in_scope(tenant_id, location_id) AND scope_role() = 'service');
