-- Which revision of its contract is in force on a host, and until when its reports are heard: a renewal that no host has taken up
-- does not keep anybody from falling silent.

ALTER TABLE systems ADD COLUMN contract_revision INTEGER NOT NULL DEFAULT 1;  -- as its newest report says

CREATE TABLE contract_revisions (
    contract     INTEGER NOT NULL REFERENCES contracts (id),
    revision     INTEGER NOT NULL,
    heard_until  INTEGER,                             -- its end, or an earlier one of a newer revision; NULL: until revoked
    PRIMARY KEY (contract, revision)
) STRICT, WITHOUT ROWID;
-- What ended when was not kept: every revision so far ends with the newest.
INSERT INTO contract_revisions (contract, revision, heard_until)
WITH RECURSIVE held (contract, revision, until) AS (
    SELECT id, revision, valid_until FROM contracts
    UNION ALL SELECT contract, revision - 1, until FROM held WHERE revision > 1
)
SELECT contract, revision, until FROM held;

DROP INDEX systems_by_contract;
CREATE INDEX systems_by_contract ON systems (contract, contract_revision);
