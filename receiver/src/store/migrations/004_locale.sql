-- The language of a contact's mails, `en` or `de`; NULL takes the one of receiver.toml.
ALTER TABLE contacts ADD COLUMN locale TEXT;
