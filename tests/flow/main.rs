//! Stories over real mail servers: a private Dovecot and Postfix each.

mod alive;
mod imap;
mod lab_itself;
mod notifications;
mod smtp;
