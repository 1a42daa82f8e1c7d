//! Stories over real mail servers: a private Dovecot and Postfix each.

mod imap;
mod lab_itself;
mod smtp;
mod notifications;
