//! How mail travels, used by both programs.

pub mod maildir;
pub mod smtp;
pub mod tls;
