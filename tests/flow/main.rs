//! Stories over real mail servers: a private Dovecot and Postfix each.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

mod alive;
mod certificates;
mod checks;
mod clock;
mod confirmation;
mod courier;
mod desk;
mod dns;
mod encryption;
mod full_mailbox;
mod hostile;
mod identity;
mod imap;
mod junk;
mod lab_itself;
mod limits;
mod mailbox;
mod maintenance;
mod network_checks;
mod notifications;
mod oauth;
mod order;
mod outage;
mod profiles;
mod refusals;
mod renewal;
mod restore;
mod rules;
mod smtp;
mod steps;
mod tickets;
mod trail;
mod two_receivers;
mod vendor_relay;
mod vendor_wizard;
mod watching;
mod wizard;
