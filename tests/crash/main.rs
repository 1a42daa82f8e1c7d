//! The programs killed where it hurts most, and the same end all the same.
//!
//! The builds with the feature `crash-points` (`make crash-build`) send themselves SIGKILL at a numbered point of the crash table in
//! ARCHITECTURE.md; besides, the shipped builds are killed at random times. Mail travels through Maildirs.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

mod binaries;
mod confirming;
mod ends;
mod points;
mod random;
mod renewing;
mod story;
mod tokens;
