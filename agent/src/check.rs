//! Checks: probes with a verdict, in the words of the monitoring-plugins API.
//!
//! What people look at by hand every morning, each with a name, an interval, a time budget and a switch. A probe only looks; the
//! verdict is made here from what it saw and the ranges its configuration gives.

pub mod certificate;
mod errand;
pub mod http;
pub mod mail_queue;
mod net;
pub mod port;
pub mod probe;
pub mod prometheus;
pub mod range;
pub mod tcp;
pub mod time;
