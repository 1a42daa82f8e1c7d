//! What agent and receiver agree on: the wire format, the transport of mail, and small things both need.
//!
//! `wire` is pure (no I/O, no clock, no randomness). `transport` talks to mail servers. Everything else here is
//! a single small file with one job. Nothing in this crate knows a program.

pub mod advice;
pub mod clock;
pub mod config_file;
pub mod crash;
pub mod dns;
pub mod durable;
pub mod locale;
pub mod owner;
pub mod phrases;
pub mod steps;
pub mod template;
pub mod text;
pub mod transport;
pub mod wire;
pub mod wizard;
