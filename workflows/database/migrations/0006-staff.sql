-- An administrator makes and changes the staff of their locations, and no other document.
CREATE POLICY insert_staff ON documents FOR INSERT WITH CHECK (
  in_scope(tenant_id, location_id) AND collection = 'staff' AND scope_role() = 'admin');
CREATE POLICY update_staff ON documents FOR UPDATE USING (
  in_scope(tenant_id, location_id) AND collection = 'staff' AND scope_role() = 'admin');
