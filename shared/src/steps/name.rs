//! The names of the steps to a mail server or a mailbox. They are words on a page, names in JSON, and what advice goes by.

/// The settings are complete and safe.
pub const SETTINGS: &str = "settings";
/// The name has addresses.
pub const RESOLVE: &str = "name (DNS)";
/// Who takes mail for the sender's domain.
pub const SENDER_MX: &str = "sender's domain (MX)";
/// Who sends for it.
pub const SENDER_SPF: &str = "sender's domain (SPF)";
/// Who takes mail for the recipient's domain.
pub const RECIPIENT_MX: &str = "recipient's domain (MX)";
/// One of the addresses answers.
pub const CONNECT: &str = "connection (TCP)";
/// The HTTP proxy, where there is one, opens the way to the server; name and connection are its own then.
pub const PROXY: &str = "proxy";
/// The server says who it is.
pub const GREETING: &str = "greeting";
/// It answers EHLO.
pub const HELLO: &str = "introduction (EHLO)";
/// The connection becomes private: version, certificate, days left.
pub const TLS: &str = "TLS";
/// What the server offers once the connection is as private as it will be.
pub const CAPABILITIES: &str = "capabilities";
/// A token is there, or is got.
pub const TOKEN: &str = "token";
/// The server knows us.
pub const AUTHENTICATE: &str = "authentication";
/// The largest mail the server takes.
pub const SIZE: &str = "size limit";
/// It takes mail from our sender address.
pub const SENDER: &str = "sender";
/// It takes mail for the recipient.
pub const RECIPIENT: &str = "recipient";
/// It takes the whole message.
pub const MESSAGE: &str = "message";
/// Whether the other side got it.
pub const CONFIRMATION: &str = "confirmation";
/// A directory with mails is there and is ours.
pub const MAILDIR: &str = "Maildir";
/// How full the mailbox is.
pub const QUOTA: &str = "quota";

/// A folder of a mailbox.
#[must_use]
pub fn folder(name: &str) -> String {
    format!("folder {name}")
}
