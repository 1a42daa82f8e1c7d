//! The commands as a person types them: the real program, a Maildir or a small SMTP server as the mail server, ssh-keygen as the judge.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where
#![cfg(unix)]

mod activating;
mod canaries;
mod configuring;
mod control;
mod encryption;
mod sending;
mod site;
mod trail;
mod watching;
