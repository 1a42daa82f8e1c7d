//! Rules of the house that no compiler checks: licences, banned dependencies, one door for the wall clock, one mail in two languages.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod dependencies;
mod profiles;
mod samples;
mod schema;
mod sources;
mod templates;
