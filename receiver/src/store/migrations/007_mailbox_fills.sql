-- How full each mailbox is, by each limit its server told of when it was asked last: KiB, or mails.
CREATE TABLE mailbox_fills (
    mailbox  INTEGER NOT NULL REFERENCES mailboxes (id),
    resource TEXT    NOT NULL CHECK (resource IN ('storage', 'messages')),
    used     INTEGER NOT NULL,
    most     INTEGER NOT NULL,
    PRIMARY KEY (mailbox, resource)
) STRICT;
