//! How mail travels, used by both programs: one SMTP client, delivery into a Maildir, TLS, and the words for what
//! came of it ([`outcome`]).

pub mod dial;
pub mod maildir;
pub mod outcome;
pub mod secret;
pub mod smtp;
pub mod tls;
