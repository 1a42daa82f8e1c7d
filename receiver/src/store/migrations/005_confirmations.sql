-- Answers to test reports: who is told that one arrived, written with the report (R2), worked off by the outbox (R5).
CREATE TABLE confirmations (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    report    INTEGER NOT NULL REFERENCES reports (id),
    system    INTEGER NOT NULL REFERENCES systems (id),
    contract  INTEGER NOT NULL REFERENCES contracts (id),
    contact   INTEGER NOT NULL REFERENCES contacts (id),
    token     TEXT    NOT NULL UNIQUE,                -- the left part of its Message-ID
    facts     TEXT    NOT NULL,                       -- JSON of notify::confirmation::Facts
    state     TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'refused', 'dropped')),
    made_at   INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    next_at   INTEGER NOT NULL,
    ended_at  INTEGER,
    words     TEXT    NOT NULL DEFAULT '',            -- what the other side said last, or why it was dropped
    UNIQUE (report, contact)
) STRICT;
CREATE INDEX confirmations_due ON confirmations (next_at) WHERE state = 'waiting';
CREATE INDEX confirmations_of_system ON confirmations (system, made_at);
