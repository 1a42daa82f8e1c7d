//! Stories over real mail servers: a private Dovecot and Postfix each.

mod imap;
mod imap_scripted;
mod lab_itself;
