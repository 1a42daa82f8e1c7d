//! What a server answered, and where it sends whoever asked.
//!
//! Every byte is the server's. A redirect is only said, never followed here; one that leads to no address is none.

use std::borrow::Cow;
use std::time::Duration;

use super::{HeaderMap, StatusCode, Uri};
use crate::transport::tls::PeerCertificate;

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The fields of the head.
    pub headers: HeaderMap,
    /// The body, at most [`super::HttpClient::body_limit`] bytes.
    pub body: Vec<u8>,
    /// Whether `body` is all of it.
    pub whole: bool,
    /// The server's certificate, for `https`.
    pub certificate: Option<PeerCertificate>,
    /// From the first look for the name to the last byte.
    pub elapsed: Duration,
}

impl Answer {
    /// The body as text, where its bytes are none with replacements.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// Where a redirect leads, made absolute against the address that was asked (RFC 9110 section 10.2.2); `None` for any
    /// other answer. A user and password in the address go along to the same server and to no other.
    #[must_use]
    pub fn redirect(&self, asked: &Uri) -> Option<Uri> {
        let code = self.status.as_u16();
        let location = self.header("location").filter(|_| matches!(code, 301 | 302 | 303 | 307 | 308))?;
        let (scheme, authority) = (asked.scheme_str()?, asked.authority()?);
        let here = asked.path();
        let absolute = if location.contains("://") {
            location.to_owned()
        } else if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{scheme}://{authority}{location}")
        } else if location.starts_with('?') {
            format!("{scheme}://{authority}{here}{location}")
        } else {
            let folder = here.rfind('/').map_or("/", |end| &here[..=end]);
            format!("{scheme}://{authority}{folder}{location}")
        };
        absolute.split('#').next()?.parse().ok()
    }

    /// A field of the head, if it is there and text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
