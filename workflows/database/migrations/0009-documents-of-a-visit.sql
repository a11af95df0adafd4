-- Which documents belong to a visit, and which name a content, as columns. By an expression over the document they could not be looked
-- up: below a policy an index counts only for conditions that leak nothing, and those of `->>` may; so every file that was read
-- back had all documents of its tenant looked through.
DROP INDEX documents_sha256;
DROP INDEX documents_session;
ALTER TABLE documents
  ADD COLUMN session_id text GENERATED ALWAYS AS (
    CASE WHEN collection IN ('captures', 'reports') THEN document ->> 'sessionId' END) STORED,
  ADD COLUMN content_sha256 text GENERATED ALWAYS AS (
    CASE WHEN collection IN ('captures', 'reports') THEN document ->> 'sha256' END) STORED;
CREATE INDEX documents_session ON documents (tenant_id, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX documents_content ON documents (tenant_id, content_sha256) WHERE content_sha256 IS NOT NULL;
