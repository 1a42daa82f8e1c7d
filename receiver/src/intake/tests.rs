//! Stories of mails, told through the real composer, keys and database.

mod files;
mod history;
mod mailbox;
mod telling;
mod trust;
mod world;
