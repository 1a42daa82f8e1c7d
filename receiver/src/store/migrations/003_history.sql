-- What is left of heartbeats when their content is let go of, which commands were carried out already, and what else keeps a
-- receiver from crying wolf.

CREATE TABLE daily (
    system      INTEGER NOT NULL REFERENCES systems (id),
    day         INTEGER NOT NULL,                     -- days since 1970-01-01 UTC, of life_at
    metric      TEXT    NOT NULL,
    attributes  TEXT    NOT NULL,                     -- a JSON object, its keys ascending
    unit        TEXT    NOT NULL,
    n           INTEGER NOT NULL,
    sum         REAL    NOT NULL,
    min         REAL    NOT NULL,
    max         REAL    NOT NULL,
    PRIMARY KEY (system, day, metric, attributes, unit)
) STRICT, WITHOUT ROWID;
CREATE INDEX daily_by_day ON daily (day);

CREATE TABLE actions (
    key      TEXT    NOT NULL PRIMARY KEY,            -- idempotency key, chosen by whoever gave the command
    done_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX actions_by_time ON actions (done_at);

-- How long the last mails seem to have waited for us (JSON of evaluate::promptness::Promptness), and how far our clock is
-- therefore ahead of the mail server's, in microseconds.
ALTER TABLE mailboxes ADD COLUMN promptness TEXT NOT NULL DEFAULT '{"waits_us":[]}';
ALTER TABLE mailboxes ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0;

-- How many notifications a person was sent of late.
CREATE INDEX notifications_sent ON notifications (contact, ended_at) WHERE state = 'sent';
