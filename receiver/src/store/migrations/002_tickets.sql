-- What follows from what was recorded: findings, tickets, and who has to be told.

CREATE TABLE findings (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    system    INTEGER REFERENCES systems (id),        -- NULL: about the receiver itself
    rule      TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    severity  TEXT    NOT NULL,
    phase     TEXT    NOT NULL,
    since     INTEGER NOT NULL,
    title     TEXT    NOT NULL,
    evidence  TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX findings_key ON findings (coalesce(system, 0), rule, subject);

CREATE TABLE tickets (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    customer     INTEGER REFERENCES customers (id),   -- NULL: the vendor's own
    system       INTEGER REFERENCES systems (id),     -- NULL: about the receiver itself
    rule         TEXT    NOT NULL,
    subject      TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    severity     TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved', 'closed')),
    stale        INTEGER NOT NULL DEFAULT 0,
    opened_at    INTEGER NOT NULL,
    holds_since  INTEGER NOT NULL,
    resolved_at  INTEGER
) STRICT;
INSERT INTO sqlite_sequence (name, seq) VALUES ('tickets', 1000);  -- the first is MB-1001
CREATE UNIQUE INDEX tickets_key ON tickets (coalesce(customer, 0), coalesce(system, 0), rule, subject)
    WHERE state <> 'closed';
CREATE INDEX tickets_of_system ON tickets (coalesce(system, 0)) WHERE state <> 'closed';

CREATE TABLE ticket_events (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    ticket  INTEGER NOT NULL REFERENCES tickets (number),
    at      INTEGER NOT NULL,
    event   TEXT    NOT NULL,                         -- the word of ticket::What ...
    what    TEXT    NOT NULL,                         -- ... and all of it as JSON
    reason  TEXT    NOT NULL,
    by      TEXT    NOT NULL
) STRICT;
CREATE INDEX ticket_events_of_ticket ON ticket_events (ticket, id);

-- Makes the tokens of notifications unguessable and the same again for the same event and contact.
CREATE TABLE installation (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    secret  BLOB    NOT NULL CHECK (length(secret) = 32)
) STRICT;
INSERT INTO installation (id, secret) VALUES (1, randomblob(32));

-- The outbox: which event, which contact, which channel, how often tried.
CREATE TABLE notifications (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    event       INTEGER NOT NULL REFERENCES ticket_events (id),
    contact     INTEGER NOT NULL REFERENCES contacts (id),
    channel     TEXT    NOT NULL CHECK (channel IN ('mail', 'webhook')),
    token       TEXT    NOT NULL UNIQUE,              -- the left part of its Message-ID, and its idempotency key
    state       TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'refused', 'dropped')),
    made_at     INTEGER NOT NULL,
    attempts    INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER NOT NULL,
    ended_at    INTEGER,
    words       TEXT    NOT NULL DEFAULT '',          -- what the other side said last, or why it was dropped
    UNIQUE (event, contact, channel)
) STRICT;
CREATE INDEX notifications_due ON notifications (next_at) WHERE state = 'waiting';
