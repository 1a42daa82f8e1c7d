-- What is known of customers, contracts and systems, and every report up to "recorded".
--
-- Times are microseconds since 1970-01-01 UTC, ids from the wire are BLOBs of 16 bytes, digests and keys of 32.
-- A column without a comment means what design and wire types mean by its name. NULL always means "never" or "none".

CREATE TABLE customers (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL UNIQUE,
    notes       TEXT    NOT NULL DEFAULT '',
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE contacts (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    customer    INTEGER REFERENCES customers (id),  -- NULL: the vendor's own people, told when a customer has nobody left
    position    INTEGER NOT NULL,                   -- order of responsibility, lowest first
    name        TEXT    NOT NULL,
    email       TEXT    NOT NULL,
    refused_at  INTEGER                             -- a mail to this address came back for good
) STRICT;
CREATE INDEX contacts_of_customer ON contacts (customer, position);

CREATE TABLE contracts (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    number             TEXT    NOT NULL UNIQUE,
    customer           INTEGER NOT NULL REFERENCES customers (id),
    revision           INTEGER NOT NULL,
    file               TEXT    NOT NULL,            -- as sealed; renewals replace it
    secret             TEXT    NOT NULL,            -- base64; outlives renewals, which do not carry it
    issued_at          INTEGER NOT NULL,
    valid_from         INTEGER NOT NULL,
    valid_until        INTEGER,                     -- NULL: until revoked
    grace_days         INTEGER NOT NULL,
    systems            INTEGER NOT NULL,            -- how many it covers
    heartbeat_default  INTEGER NOT NULL,            -- intervals in seconds
    heartbeat_min      INTEGER NOT NULL,
    heartbeat_max      INTEGER NOT NULL,
    system_default     INTEGER NOT NULL,
    system_min         INTEGER NOT NULL,
    system_max         INTEGER NOT NULL,
    maintenance_max_h  INTEGER NOT NULL,
    enrollment         TEXT    NOT NULL CHECK (enrollment IN ('auto', 'approve')),
    revoked_at         INTEGER
) STRICT;

CREATE TABLE systems (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    system_id            BLOB    NOT NULL CHECK (length(system_id) = 16),
    customer             INTEGER NOT NULL REFERENCES customers (id),
    contract             INTEGER NOT NULL REFERENCES contracts (id),
    host                 TEXT    NOT NULL,
    agent_version        TEXT    NOT NULL,
    state                TEXT    NOT NULL CHECK (state IN ('active', 'paused', 'retired')),
    version              INTEGER NOT NULL DEFAULT 1,  -- every decision compares and raises it
    registered_at        INTEGER NOT NULL,
    heartbeat_interval   INTEGER NOT NULL,            -- seconds, as promised, within the contract's range
    system_interval      INTEGER NOT NULL,
    life_at              INTEGER,                     -- latest proof of life, dated at its origin
    heartbeat_at         INTEGER,                     -- life_at of the newest heartbeat
    system_report_at     INTEGER,                     -- life_at of the newest system report
    last_received_at     INTEGER NOT NULL,
    due_at               INTEGER NOT NULL,            -- when the clock alone makes a judgement due
    maintenance_until    INTEGER,
    maintenance_reason   TEXT    NOT NULL DEFAULT '',
    deactivated_at       INTEGER,
    UNIQUE (customer, system_id)
) STRICT;
CREATE INDEX systems_due ON systems (due_at);
CREATE INDEX systems_by_id ON systems (system_id);
CREATE INDEX systems_by_contract ON systems (contract);

CREATE TABLE system_keys (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    system       INTEGER NOT NULL REFERENCES systems (id),
    public_key   BLOB    NOT NULL UNIQUE CHECK (length(public_key) = 32),
    admitted_at  INTEGER NOT NULL,
    admitted_by  TEXT    NOT NULL CHECK (admitted_by IN ('proof', 'succession', 'operator')),
    revoked_at   INTEGER                              -- mail received at or after it is refused; may lie ahead
) STRICT;
CREATE INDEX system_keys_of_system ON system_keys (system);

-- Where mail is read.

CREATE TABLE mailboxes (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    name               TEXT    NOT NULL UNIQUE,
    drained_at         INTEGER,                      -- the least of its active folders', as last judged by ...
    judge_from         INTEGER,                      -- ... evaluate::liveness::Hearing
    unreachable_since  INTEGER,
    unreachable_why    TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE folders (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    mailbox            INTEGER NOT NULL REFERENCES mailboxes (id),
    name               TEXT    NOT NULL,
    active             INTEGER NOT NULL DEFAULT 1,   -- read at present; others do not hold up drained_at
    uidvalidity        INTEGER NOT NULL DEFAULT 0,
    last_uid           INTEGER NOT NULL DEFAULT 0,   -- every mail at or below is recorded
    asked_at           INTEGER,                      -- when UIDNEXT was asked for ...
    asked_uidnext      INTEGER NOT NULL DEFAULT 0,   -- ... and the answer, until every UID below it is recorded
    drained_at         INTEGER,                      -- every mail that had come by then is recorded
    UNIQUE (mailbox, name)
) STRICT;

-- Files of a Maildir, numbered as they are found, so that it is read like any other folder.
CREATE TABLE maildir_files (
    folder  INTEGER NOT NULL REFERENCES folders (id),
    name    TEXT    NOT NULL,
    uid     INTEGER NOT NULL,
    PRIMARY KEY (folder, name),
    UNIQUE (folder, uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE fetch_windows (
    folder     INTEGER NOT NULL REFERENCES folders (id),
    first_uid  INTEGER NOT NULL,
    last_uid   INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    begun_at   INTEGER NOT NULL,
    PRIMARY KEY (folder, first_uid, last_uid)
) STRICT, WITHOUT ROWID;

CREATE TABLE filings (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    folder       INTEGER NOT NULL REFERENCES folders (id),
    uidvalidity  INTEGER NOT NULL,
    uid          INTEGER NOT NULL,
    target       TEXT    NOT NULL CHECK (target IN ('processed', 'quarantine')),
    made_at      INTEGER NOT NULL,
    done_at      INTEGER,
    UNIQUE (folder, uidvalidity, uid)
) STRICT;
CREATE INDEX filings_due ON filings (folder, id) WHERE done_at IS NULL;

CREATE TABLE counters (
    mailbox  INTEGER NOT NULL,                        -- 0: not from a mailbox
    reason   TEXT    NOT NULL,
    day      INTEGER NOT NULL,                        -- days since 1970-01-01 UTC
    n        INTEGER NOT NULL,
    PRIMARY KEY (mailbox, reason, day)
) STRICT, WITHOUT ROWID;

-- Reports.

CREATE TABLE branches (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    system             INTEGER NOT NULL REFERENCES systems (id),
    incarnation        INTEGER NOT NULL,              -- the 64 bits, read as signed
    number             INTEGER NOT NULL,              -- 1 for the first of its incarnation
    opened_at          INTEGER NOT NULL,              -- received_at of the report that opened it
    opened_sequence    INTEGER NOT NULL,
    newest_sequence    INTEGER NOT NULL,
    newest_digest      BLOB    NOT NULL CHECK (length(newest_digest) = 32),
    life_at            INTEGER NOT NULL,
    last_received_at   INTEGER NOT NULL,
    skew               INTEGER NOT NULL,              -- microseconds the host's clock is behind ours
    clock_run          TEXT    NOT NULL,              -- JSON of intake::life::ClockRun
    heartbeat          INTEGER REFERENCES reports (id),  -- the newest one: the current measurements
    snapshot_digest    BLOB,                          -- digest of the system report the snapshot is as of
    snapshot_sequence  INTEGER NOT NULL DEFAULT 0,
    unknown_since      INTEGER,                       -- sequence since which the watched files are unknown
    UNIQUE (system, incarnation, number)
) STRICT;

CREATE TABLE reports (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    system        INTEGER NOT NULL REFERENCES systems (id),
    report_id     BLOB    NOT NULL CHECK (length(report_id) = 16),
    branch        INTEGER NOT NULL REFERENCES branches (id),
    sequence      INTEGER NOT NULL,
    digest        BLOB    NOT NULL CHECK (length(digest) = 32),
    previous      BLOB,
    kind          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    received_at   INTEGER NOT NULL,
    life_at       INTEGER NOT NULL,
    mailbox       INTEGER REFERENCES mailboxes (id),
    report_bytes  INTEGER NOT NULL,                   -- where in the content the signature begins
    content       BLOB,                               -- deflate of report.json and armored signature; keys outlive it
    UNIQUE (system, report_id)
) STRICT;
CREATE INDEX reports_in_branch ON reports (branch, sequence);
CREATE INDEX reports_by_receipt ON reports (system, received_at);
CREATE INDEX reports_with_content ON reports (kind, received_at) WHERE content IS NOT NULL;

-- Sequences missing in a branch that no report explains.
CREATE TABLE holes (
    branch   INTEGER NOT NULL REFERENCES branches (id),
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL,
    PRIMARY KEY (branch, first)
) STRICT, WITHOUT ROWID;

-- Sequences a report said will never come, and why.
CREATE TABLE explained (
    branch     INTEGER NOT NULL REFERENCES branches (id),
    first      INTEGER NOT NULL,
    last       INTEGER NOT NULL,
    why        TEXT    NOT NULL CHECK (why IN ('superseded', 'lost')),
    stated_at  INTEGER NOT NULL,
    PRIMARY KEY (branch, first, last, why)
) STRICT, WITHOUT ROWID;

-- The watched files of each branch, as of its snapshot_digest.
CREATE TABLE snapshot_files (
    branch      INTEGER NOT NULL REFERENCES branches (id),
    path        TEXT    NOT NULL,
    entry       TEXT    NOT NULL,                     -- JSON of wire::snapshot::FileEntry
    text_bytes  INTEGER NOT NULL,
    text        BLOB,                                 -- deflate; NULL: not sent as text
    PRIMARY KEY (branch, path)
) STRICT;

-- System reports whose baseline had not come when they did.
CREATE TABLE waiting_changes (
    branch    INTEGER NOT NULL REFERENCES branches (id),
    baseline  BLOB    NOT NULL,
    report    INTEGER NOT NULL REFERENCES reports (id),
    sequence  INTEGER NOT NULL,
    PRIMARY KEY (branch, baseline)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    reason         TEXT    NOT NULL,
    detail         TEXT    NOT NULL,
    state          TEXT    NOT NULL CHECK (state IN ('waiting', 'released', 'discarded')),
    proven         INTEGER NOT NULL,                  -- 1: signed by a known key or with a contract's secret; kept longest
    received_at    INTEGER NOT NULL,
    added_at       INTEGER NOT NULL,
    seen           INTEGER NOT NULL DEFAULT 1,        -- how often the same came
    mailbox        INTEGER REFERENCES mailboxes (id),
    uidvalidity    INTEGER NOT NULL DEFAULT 0,
    uid            INTEGER NOT NULL DEFAULT 0,
    digest         BLOB    NOT NULL UNIQUE CHECK (length(digest) = 32),  -- of the report, else of the raw mail
    signer         BLOB,                              -- the key in the signature, whoever's it is
    system_id      BLOB,                              -- as claimed
    contract       TEXT    NOT NULL DEFAULT '',       -- as claimed
    host           TEXT    NOT NULL DEFAULT '',       -- as claimed
    sequence       INTEGER NOT NULL DEFAULT 0,        -- as claimed
    form           TEXT    NOT NULL CHECK (form IN ('report', 'mail', 'none')),
    report_bytes   INTEGER NOT NULL,
    content        BLOB
) STRICT;
CREATE INDEX quarantine_by_signer ON quarantine (signer, sequence) WHERE state = 'waiting';
CREATE INDEX quarantine_expendable ON quarantine (proven, id) WHERE state = 'waiting';

CREATE TABLE quarantine_total (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    waiting  INTEGER NOT NULL,
    bytes  INTEGER NOT NULL
) STRICT;
INSERT INTO quarantine_total (id, waiting, bytes) VALUES (1, 0, 0);
