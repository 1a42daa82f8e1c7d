-- The rules that systems were last judged by: when the clock looks at a system next follows from them too.
CREATE TABLE judged_by (
    id     INTEGER PRIMARY KEY CHECK (id = 1),
    rules  BLOB NOT NULL CHECK (length(rules) = 32)   -- evaluate::rules::Rules::digest
) STRICT;
