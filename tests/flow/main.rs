//! Stories over real mail servers: a private Dovecot and Postfix each.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod alive;
mod courier;
mod hostile;
mod imap;
mod junk;
mod lab_itself;
mod limits;
mod mailbox;
mod notifications;
mod order;
mod outage;
mod smtp;
mod two_receivers;
