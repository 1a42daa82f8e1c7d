//! OAuth 2.0 for mail accounts: from consent to the access token that a mail server takes.
//!
//! An account is an [`OAuthSettings`] table and one file in the state directory. [`OAuthSettings::access`] gives a token,
//! from the file as long as it lasts and else from the provider; several processes may ask at once. Providers are data
//! (`provider`), requests go over our own HTTP client with the oauth2 crate for their form (`grant`, `exchange`), and whatever a
//! provider says is untrusted text, kept without the secrets it may echo. Refresh tokens rotate: the new one is on disk before
//! the access token is handed out (A4). What fails is a [`Failure`](super::outcome::Failure) in the provider's words; `problem`
//! knows the cause and the fix of the common ones.

mod account;
mod assertion;
mod endpoints;
mod exchange;
mod grant;
mod login;
mod loopback;
mod problem;
mod provider;
mod sasl;
mod service_account;
mod settings;
mod standing;
mod store;

pub use account::Access;
pub(super) use exchange::retry_after;
pub use login::{Dialogue, Manner, chosen};
pub use problem::{Known, advise, known, phrases, windows_only};
pub use provider::{Cloud, Provider};
pub use sasl::{Challenge, Mechanism, challenge};
pub(super) use settings::is_safe;
pub use settings::{ClientAuth, Grant, Kept, OAuthSettings, Purpose, SettingsError};
pub use standing::{Credential, Expiry, Refusing, Standing};
pub use store::CONSENTED;
