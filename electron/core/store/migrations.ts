/**
 * Plain tables of the encrypted file. RxDB's collections make their own. The position in the array + 1 is SQLite's
 * `user_version`: append, never change one that was released.
 */
import type { Database } from 'better-sqlite3-multiple-ciphers';

export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export const MIGRATIONS: readonly Migration[] = [
  {
    name: 'station: what the file knows of itself (its id, the last clock)',
    sql: `CREATE TABLE station (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;`,
  },
  {
    name: 'audit: append-only and hash-chained',
    sql: `
      CREATE TABLE audit (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        role TEXT NOT NULL,
        action TEXT NOT NULL,
        subject_kind TEXT NOT NULL,
        subject_id TEXT NOT NULL,
        detail_json TEXT NOT NULL,
        previous_hash TEXT NOT NULL,
        hash TEXT NOT NULL
      ) STRICT;
      CREATE INDEX audit_at ON audit (at);
      CREATE INDEX audit_subject ON audit (subject_id, sequence);
      -- INSERT OR REPLACE would otherwise delete without asking the trigger below.
      CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence)
        BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
      CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
      CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;`,
  },
  {
    name: 'intents: what should happen in the cloud',
    sql: `
      CREATE TABLE intents (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        subject_id TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        payload_json TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'held', 'dead')),
        created_at TEXT NOT NULL,
        UNIQUE (subject_id, ordinal)
      ) STRICT;
      CREATE INDEX intents_waiting ON intents (position) WHERE state = 'waiting';`,
  },
  {
    name: 'access: who is signed in at which screen, and wrong PINs (both outlive a restart)',
    sql: `
      CREATE TABLE screen_sessions (
        id_hash TEXT PRIMARY KEY,
        staff_id TEXT NOT NULL,
        last_seen_ms INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE pin_failures (
        staff_id TEXT PRIMARY KEY,
        count INTEGER NOT NULL,
        last_ms INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE checkin_tickets (
        ticket_hash TEXT PRIMARY KEY,
        screen_hash TEXT NOT NULL,
        appointment_id TEXT NOT NULL,
        made_ms INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;`,
  },
  {
    name: 'vault: which encrypted files there are and which are under way, each with its own wrapped key',
    sql: `
      CREATE TABLE vault_blobs (
        blob_id TEXT PRIMARY KEY,
        sha256 TEXT NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        media_type TEXT NOT NULL,
        file TEXT NOT NULL UNIQUE,
        wrapped_key BLOB NOT NULL,
        created_at TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE vault_pending (
        pending_id TEXT PRIMARY KEY,
        subject TEXT,
        wrapped_key BLOB NOT NULL,
        granted_at TEXT NOT NULL,
        file TEXT UNIQUE
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX vault_pending_subject ON vault_pending (subject);`,
  },
  {
    name: 'vault: when each file was last read and compared, and files whose rows are gone and which go next',
    sql: `
      CREATE TABLE vault_checks (
        blob_id TEXT PRIMARY KEY,
        round INTEGER NOT NULL,
        checked_at TEXT NOT NULL,
        damage TEXT,
        damaged_at TEXT
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX vault_checks_damaged ON vault_checks (blob_id) WHERE damage IS NOT NULL;
      CREATE TABLE vault_erased (
        file TEXT PRIMARY KEY,
        erased_at TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;`,
  },
  {
    name: 'audit checkpoints: how far the trail had come, as signed by the station',
    sql: `
      CREATE TABLE audit_checkpoints (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        cause TEXT NOT NULL,
        station_id TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        head_hash TEXT NOT NULL,
        previous_hash TEXT NOT NULL,
        key_id TEXT NOT NULL,
        signature TEXT NOT NULL
      ) STRICT;
      CREATE INDEX audit_checkpoints_sequence ON audit_checkpoints (sequence);
      CREATE TRIGGER audit_checkpoints_no_replace BEFORE INSERT ON audit_checkpoints
        WHEN EXISTS (SELECT 1 FROM audit_checkpoints WHERE number = NEW.number)
        BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
      CREATE TRIGGER audit_checkpoints_no_update BEFORE UPDATE ON audit_checkpoints
        BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
      CREATE TRIGGER audit_checkpoints_no_delete BEFORE DELETE ON audit_checkpoints
        BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;`,
  },
  {
    name: 'uploads: which stored files go to the cloud and how far they have come, and what each of them is part of',
    sql: `
      -- By content: what two visits share is sent once. The row outlives the file, as its receipt.
      CREATE TABLE uploads (
        sha256 TEXT PRIMARY KEY,
        size INTEGER NOT NULL,
        media_type TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'stored', 'verified', 'differs', 'held', 'gone')),
        sent INTEGER NOT NULL DEFAULT 0,
        stored_at TEXT,
        verified_at TEXT,
        problem_code TEXT,
        problem_detail TEXT,
        problem_at TEXT,
        first INTEGER NOT NULL DEFAULT 0
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX uploads_progress ON uploads (state, size, sent);
      CREATE INDEX uploads_stored ON uploads (sha256) WHERE state = 'stored';
      CREATE INDEX uploads_first ON uploads (sha256) WHERE first = 1;
      -- What a document names: a file, or (sha256 is NULL) a value of its own that replication carries, or a picture still on a device.
      CREATE TABLE artefacts (
        document_id TEXT NOT NULL,
        part TEXT NOT NULL,
        collection TEXT NOT NULL,
        session_id TEXT NOT NULL,
        visit_at TEXT NOT NULL,
        sha256 TEXT,
        size INTEGER,
        heavy INTEGER NOT NULL,
        shown INTEGER NOT NULL,
        state TEXT NOT NULL,
        at TEXT NOT NULL,
        acknowledged_at TEXT,
        PRIMARY KEY (document_id, part)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX artefacts_content ON artefacts (sha256) WHERE sha256 IS NOT NULL;
      CREATE INDEX artefacts_visit_queue ON artefacts (session_id, heavy, size, document_id, part)
        WHERE state IN ('waiting', 'differs') AND sha256 IS NOT NULL;
      CREATE INDEX artefacts_queue ON artefacts (visit_at, session_id, heavy, size, document_id, part)
        WHERE state IN ('waiting', 'differs') AND sha256 IS NOT NULL;
      CREATE INDEX artefacts_unacknowledged ON artefacts (document_id, part) WHERE state = 'waiting' AND sha256 IS NULL;
      CREATE INDEX artefacts_visits ON artefacts (visit_at, session_id, document_id, part) WHERE shown > 0;
      CREATE INDEX artefacts_counts ON artefacts (shown, state, size);
      CREATE TRIGGER uploads_state AFTER UPDATE OF state ON uploads WHEN NEW.state <> OLD.state
        BEGIN UPDATE artefacts SET state = NEW.state WHERE sha256 = NEW.sha256; END;
      CREATE TRIGGER uploads_gone AFTER DELETE ON vault_blobs
        BEGIN UPDATE uploads SET state = 'gone', first = 0 WHERE sha256 = OLD.sha256; END;
      -- A damaged file was replaced by a good one.
      CREATE TRIGGER uploads_mended AFTER UPDATE OF file ON vault_blobs WHEN NEW.file <> OLD.file
        BEGIN UPDATE uploads SET state = 'waiting', problem_code = NULL, problem_detail = NULL, problem_at = NULL
          WHERE sha256 = NEW.sha256 AND state = 'held'; END;`,
  },
  {
    name: 'replication: what the cloud has acknowledged of each document, what it is being asked, and what could not be taken',
    sql: `
      -- rev: the document's revision now, kept by triggers on the documents' tables; acked: the revision of the state that the cloud has;
      -- version: the cloud's, of what it is known to have; kept: it was changed here before the cloud had to be read again.
      CREATE TABLE sync_documents (
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        rev TEXT NOT NULL,
        since REAL NOT NULL,
        acked TEXT,
        version INTEGER,
        refused TEXT,
        reason TEXT,
        field TEXT,
        refused_at TEXT,
        kept INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (collection, id)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX sync_documents_unpushed ON sync_documents (collection, since) WHERE acked IS NOT rev;
      CREATE INDEX sync_documents_refused ON sync_documents (refused_at) WHERE refused IS rev AND acked IS NOT rev;
      CREATE TABLE sync_collections (
        collection TEXT PRIMARY KEY,
        resync TEXT,
        resync_begun INTEGER NOT NULL DEFAULT 0,
        pulled_at TEXT,
        pushed_at TEXT
      ) STRICT, WITHOUT ROWID;
      -- A push whose answer has not come: asked again, word by word, until it does.
      CREATE TABLE sync_pushes (
        collection TEXT PRIMARY KEY,
        mutation_id TEXT NOT NULL,
        rows_json TEXT NOT NULL,
        revs_json TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      -- What came and is no document of this version's contract.
      CREATE TABLE sync_set_aside (
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        version INTEGER NOT NULL,
        deleted INTEGER NOT NULL,
        field TEXT NOT NULL,
        at TEXT NOT NULL,
        document_json TEXT NOT NULL,
        PRIMARY KEY (collection, id)
      ) STRICT, WITHOUT ROWID;`,
  },
  {
    name: 'replication: the state that the cloud has is the document itself, until that is changed here',
    sql: `
      -- sent: the revision that is on its way and is not kept in the push.
      ALTER TABLE sync_documents ADD COLUMN sent TEXT;
      -- States that are not the document's any more. rev: that the document had then, kept by triggers when it was changed; NULL: what
      -- the cloud has, whatever the document is.
      CREATE TABLE sync_bases (
        collection TEXT NOT NULL,
        id TEXT NOT NULL,
        rev TEXT,
        resolved_as TEXT,
        document_json TEXT NOT NULL,
        PRIMARY KEY (collection, id)
      ) STRICT;`,
  },
  {
    name: 'replication: one push can be on its way while another is answered',
    sql: `
      CREATE TABLE sync_open_pushes (
        collection TEXT NOT NULL,
        mutation_id TEXT NOT NULL,
        -- Of a row that is the document itself, at its revision, only the id.
        rows_json TEXT NOT NULL,
        revs_json TEXT NOT NULL,
        PRIMARY KEY (collection, mutation_id)
      ) STRICT;
      INSERT INTO sync_open_pushes SELECT collection, mutation_id, rows_json, revs_json FROM sync_pushes;
      DROP TABLE sync_pushes;`,
  },
  {
    name: 'outbox: how far each intent has come, and what stands in its way',
    sql: `
      CREATE TABLE intents_next (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        subject_id TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        payload_json TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'returned', 'dead', 'discarded')),
        created_at TEXT NOT NULL,
        -- Tries that came to nothing since it was written, or since a person had it tried again.
        attempts INTEGER NOT NULL DEFAULT 0,
        settled_at TEXT,
        -- What the cloud said to it.
        answer TEXT,
        problem_code TEXT,
        problem_detail TEXT,
        problem_at TEXT,
        UNIQUE (subject_id, ordinal)
      ) STRICT;
      INSERT INTO intents_next (position, id, kind, subject_id, ordinal, payload_json, state, created_at)
        SELECT position, id, kind, subject_id, ordinal, payload_json, iif(state = 'held', 'waiting', state), created_at
        FROM intents ORDER BY position;
      DROP TABLE intents;
      ALTER TABLE intents_next RENAME TO intents;
      CREATE INDEX intents_waiting ON intents (position) WHERE state = 'waiting';
      CREATE INDEX intents_care ON intents (position) WHERE state IN ('returned', 'dead');
      CREATE INDEX intents_delivered ON intents (settled_at) WHERE state = 'delivered';`,
  },
  {
    name: 'a station of itself: acceptance runs with what they found, and calibrations that are being made',
    sql: `
      -- signed_json: the report as it was signed, once there is one.
      CREATE TABLE acceptance_runs (
        run_id TEXT PRIMARY KEY,
        state TEXT NOT NULL CHECK (state IN ('asked', 'open', 'concluded', 'given-up')),
        started_at TEXT NOT NULL,
        ended_at TEXT,
        checks_json TEXT NOT NULL,
        signed_json TEXT
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX acceptance_runs_recent ON acceptance_runs (started_at);
      CREATE TABLE calibration_runs (
        calibration_id TEXT PRIMARY KEY,
        device_id TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'recorded', 'given-up')),
        started_at TEXT NOT NULL,
        draft_json TEXT NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE UNIQUE INDEX calibration_runs_open ON calibration_runs (device_id) WHERE state = 'open';`,
  },
  {
    name: 'outbox: what people gave up is found without reading the others',
    sql: `CREATE INDEX intents_discarded ON intents (settled_at) WHERE state = 'discarded';`,
  },
];

/** Brings the plain tables up to date; each step commits with its `user_version`, so a crash between two repeats nothing. */
export function migrate(sqlite: Database): void {
  const from = schemaVersionOf(sqlite);
  for (const [index, migration] of MIGRATIONS.entries()) {
    if (index < from) continue;
    sqlite
      .transaction(() => {
        sqlite.exec(migration.sql);
        sqlite.pragma(`user_version = ${index + 1}`);
      })
      .immediate();
  }
}

export function schemaVersionOf(sqlite: Database): number {
  return Number(sqlite.pragma('user_version', { simple: true }));
}
