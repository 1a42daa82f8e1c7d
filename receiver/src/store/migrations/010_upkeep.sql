-- What a notification was sent to: a bounce of an address that was changed meanwhile says nothing of the new one.
ALTER TABLE notifications ADD COLUMN address TEXT;    -- when it was tried last; NULL: never, or before this was kept

-- Whether the configuration names the mailbox: what is read no more is waited for no more.
ALTER TABLE mailboxes ADD COLUMN active INTEGER NOT NULL DEFAULT 1;

-- Before that no system report was owed, for the contract had ended: its renewal starts their clock again, and no other.
ALTER TABLE systems ADD COLUMN system_reports_from INTEGER;

-- What the receiver asks itself each second.
CREATE INDEX quarantine_by_reason ON quarantine (mailbox, reason) WHERE state = 'waiting';
CREATE INDEX notifications_refused ON notifications (contact) WHERE state = 'refused';

-- Nobody read these.
DROP TABLE explained;
DROP TABLE maildir_files;
