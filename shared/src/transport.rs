//! How mail and what goes with it travels, used by both programs: one SMTP client, one HTTP client, accounts by OAuth,
//! Microsoft Graph, delivery into a Maildir, TLS, the way through a proxy, and the words for what came of it ([`outcome`]).

pub mod dial;
pub mod graph;
pub mod http;
pub mod maildir;
pub mod oauth;
pub mod outcome;
pub mod proxy;
pub mod secret;
pub mod smtp;
pub mod tls;
mod words;

pub(crate) use words::PHRASES;
