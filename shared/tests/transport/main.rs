//! The SMTP and HTTP clients against scripted servers, for what real servers cannot be made to do on cue, and against
//! certificates of every sort. Stories over real Postfix are in the workspace's `tests/flow`.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod certificates;
mod fake;
mod graph;
mod http;
mod oauth;
mod smtp;
mod tls;
mod web;
