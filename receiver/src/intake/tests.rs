//! Stories of mails, told through the real composer, keys and database.

mod approving;
mod confirming;
mod contracts;
mod files;
mod handing_over;
mod history;
mod judging;
mod keys;
mod limits;
mod mailbox;
mod present;
mod sealed;
mod telling;
mod trust;
mod world;
