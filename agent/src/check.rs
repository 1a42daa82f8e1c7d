//! Checks: probes with a verdict, in the words of the monitoring-plugins API.
//!
//! What people look at by hand every morning, each with a name, an interval, a time budget and a switch. A probe only looks; the
//! verdict is made here from what it saw and the ranges its configuration gives. [`runner`] is the one edge: everything else here is
//! pure. A new kind is a file and a line in [`kind::KINDS`].

pub mod certificate;
pub mod config;
mod errand;
mod file;
mod files;
pub mod http;
pub mod kind;
mod log;
pub mod mail_queue;
mod net;
pub mod once;
pub mod plugin;
pub mod port;
pub mod probe;
mod process;
pub mod prometheus;
pub mod range;
pub mod runner;
mod safe;
mod service;
pub mod tally;
pub mod tcp;
pub mod time;
pub mod track;
pub mod verdict;

pub use config::CheckConfig;
pub use track::Tracks;
