//! Stories over real mail servers: a private Dovecot and Postfix each.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod alive;
mod certificates;
mod identity;
mod imap;
mod lab_itself;
mod notifications;
mod refusals;
mod smtp;
mod tickets;
mod trail;
