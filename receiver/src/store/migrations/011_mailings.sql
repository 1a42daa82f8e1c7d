-- Mails to contacts that are about no ticket: answers to test reports, written with the report (R2), and renewed contracts, written when
-- the end of the one in force comes near (R4). Worked off by the outbox (R5).

CREATE TABLE mailings (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    contract  INTEGER NOT NULL REFERENCES contracts (id),
    contact   INTEGER NOT NULL REFERENCES contacts (id),
    report    INTEGER REFERENCES reports (id),        -- the test report that is answered ...
    system    INTEGER REFERENCES systems (id),        -- ... and whose it is
    revision  INTEGER,                                -- or the contract's revision that is brought,
    ends_at   INTEGER,                                -- before the end of those in force,
    days      INTEGER,                                -- and at how many days before
    matter    TEXT    NOT NULL,                       -- JSON of notify::Matter
    token     TEXT    NOT NULL UNIQUE,                -- the left part of its Message-ID; says what it is about and to whom
    state     TEXT    NOT NULL CHECK (state IN ('waiting', 'sent', 'refused', 'dropped')),
    made_at   INTEGER NOT NULL,
    attempts  INTEGER NOT NULL DEFAULT 0,
    address   TEXT,                                   -- to which it was sent last: a bounce says nothing of a later one
    next_at   INTEGER NOT NULL,
    ended_at  INTEGER,
    words     TEXT    NOT NULL DEFAULT '',            -- what the other side said last, or why it was dropped
    CHECK ((report IS NULL) = (system IS NULL) AND (report IS NULL) = (revision IS NOT NULL)
        AND (revision IS NULL) = (ends_at IS NULL) AND (revision IS NULL) = (days IS NULL))
) STRICT;
INSERT INTO mailings (id, contract, contact, report, system, matter, token, state, made_at, attempts, next_at, ended_at, words)
SELECT id, contract, contact, report, system, json_object('test_report', json(facts)), token, state, made_at, attempts, next_at, ended_at,
    words
FROM confirmations;
DROP TABLE confirmations;
CREATE INDEX mailings_due ON mailings (next_at) WHERE state = 'waiting';
CREATE INDEX mailings_of_system ON mailings (system, made_at) WHERE system IS NOT NULL;
CREATE INDEX mailings_of_contract ON mailings (contract, revision) WHERE revision IS NOT NULL;
CREATE INDEX mailings_of_contact ON mailings (contact);
CREATE INDEX mailings_refused ON mailings (contact) WHERE state = 'refused';

-- Whether the newest file holds a secret, so that it is mailed to nobody. A sealed file has its tables and keys at the beginning of lines.
ALTER TABLE contracts ADD COLUMN holds_secret INTEGER NOT NULL DEFAULT 1;
UPDATE contracts SET holds_secret = instr(file, char(10) || '[relay]') > 0 OR instr(file, char(10) || 'enrollment_secret') > 0;

-- A revision of its own ends when it says, or when the newest ends: an earlier end that was taken back is none.
ALTER TABLE contract_revisions RENAME COLUMN heard_until TO valid_until;
