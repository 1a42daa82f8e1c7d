//! The agent: off until activated with a service contract, then it collects, redacts, composes, signs, spools and sends.
//!
//! The way of the data is the order of the rooms: `collect` and `watch` -> `redact` -> `compose` -> `spool` -> `route` ->
//! `trail`. `sense` is the door between collecting and the rest; `schedule` decides what is due, `run` performs it. It listens on nothing and reads no mail.

pub mod activation;
pub mod check;
pub mod cli;
pub mod collect;
pub mod commands;
pub mod compose;
pub mod config;
pub mod disclose;
pub mod home;
pub mod identity;
pub mod item;
pub mod mute;
pub mod os;
pub mod pattern;
pub mod redact;
pub mod render;
pub mod route;
pub mod run;
pub mod schedule;
pub mod sense;
pub mod setup;
pub mod spool;
pub mod state;
pub mod trail;
pub mod watch;
pub mod words;

#[cfg(test)]
mod testing;
