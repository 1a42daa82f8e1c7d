//! An address in parts: whom to call, what to ask for, and who asks.
//!
//! Addresses are typed by people, or come from servers as redirects. They may hold a user's password, so an error never shows
//! them.

use super::Uri;
use crate::transport::proxy;
use crate::transport::secret::Secret;

/// An absolute `http` or `https` URL, in parts.
pub(super) struct Target {
    uri: Uri,
    /// Whether it is `https`.
    pub(super) private: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// User and password of the URL, as Basic authentication.
    pub(super) authorization: Option<Secret>,
}

/// Whether the text is a URL this client can ask for.
///
/// # Errors
/// What is wrong with it, a sentence that does not show it.
pub fn check_url(url: &str) -> Result<(), &'static str> {
    Target::parse(url).map(drop)
}

/// What is said of a text that is no address this client can ask for.
pub(super) const NO_URL: &str = "not an http:// or https:// address";

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, &'static str> {
        Self::of(&url.parse().map_err(|_| NO_URL)?)
    }

    pub(super) fn of(uri: &Uri) -> Result<Self, &'static str> {
        let private = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(NO_URL),
        };
        let authority = uri.authority().ok_or(NO_URL)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(NO_URL);
        }
        let user = authority.as_str().rsplit_once('@').map(|(user, _)| user);
        let authorization = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            proxy::basic(&unescape(name), &unescape(password))
        });
        let port = authority.port_u16().unwrap_or(usual_port(private));
        Ok(Self { uri: uri.clone(), private, host, port, authorization })
    }

    /// `host:port`, the port only where it is not the usual one; without user and password.
    pub(super) fn host_field(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == usual_port(self.private) { host } else { format!("{host}:{}", self.port) }
    }

    /// Path and query.
    pub(super) fn path(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }
}

fn usual_port(private: bool) -> u16 {
    if private { 443 } else { 80 }
}

/// `%41` as `A`; what is no such sequence stays.
pub(in crate::transport) fn unescape(text: &str) -> String {
    let mut bytes = vec![];
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
