//! Stories over real mail servers: a private Dovecot and Postfix each.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod imap;
mod lab_itself;
mod notifications;
mod smtp;
