-- What each system reports, so that it is noticed when it does not any more: JSON, item to the time it is missing since or null.
CREATE TABLE reported (
    system INTEGER PRIMARY KEY REFERENCES systems (id),
    items  TEXT NOT NULL
) STRICT;
