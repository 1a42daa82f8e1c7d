//! One HTTP request of a check, with its login and the redirects it may follow.
//!
//! The client is the one of `shared/transport/http.rs`. User, password and token come from files, are read for each look and go to
//! the server that was named and to no other.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use mailbeat_shared::transport::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use mailbeat_shared::transport::http::{Answer, HttpClient, Method, Request, Uri, check_url};
use mailbeat_shared::transport::outcome::{Failure, FailureKind};
use mailbeat_shared::transport::proxy::{self, Proxy};
use mailbeat_shared::transport::secret::Secret;
use mailbeat_shared::transport::tls::ClientTls;
use serde::{Deserialize, Deserializer};

use super::net;

/// An absolute `http` or `https` address.
#[derive(Clone, Debug)]
pub(super) struct Url(Uri);

impl<'de> Deserialize<'de> for Url {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        check_url(&text).map_err(serde::de::Error::custom)?;
        text.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// Who asks: for servers that want to know.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Login {
    /// User name (Basic authentication), with a `password_file`.
    username: Option<String>,
    /// A file with the password on its first line.
    password_file: Option<PathBuf>,
    /// A file with a token on its first line (Bearer), instead of user and password.
    token_file: Option<PathBuf>,
}

impl Login {
    fn authorization(&self) -> Result<Option<Secret>, Failure> {
        if let Some(file) = &self.token_file {
            let token = Secret::read("token_file", file)?;
            return Ok(Some(Secret::new(format!("Bearer {}", token.expose()))));
        }
        let Some(username) = &self.username else { return Ok(None) };
        let password = match &self.password_file {
            Some(file) => Secret::read("password_file", file)?,
            None => Secret::new(""),
        };
        Ok(Some(proxy::basic(username, password.expose())))
    }
}

/// What to ask for, and how.
#[derive(Debug)]
pub(super) struct Errand<'a> {
    pub(super) url: &'a Url,
    pub(super) method: &'a Method,
    pub(super) headers: &'a BTreeMap<String, String>,
    pub(super) login: &'a Login,
    pub(super) body: &'a str,
    pub(super) tls: &'a ClientTls,
    pub(super) proxy: Option<&'a Proxy>,
    /// Most redirects that are followed.
    pub(super) redirects: u8,
    /// Most bytes of the answer that are read.
    pub(super) body_limit: usize,
}

impl Errand<'_> {
    /// Asks, and follows as many redirects as may be; the last answer, its time that of all of it.
    ///
    /// # Errors
    /// What happened on the way; [`FailureKind::Settings`] for a login that cannot be read.
    pub(super) fn run(&self, patience: Duration) -> Result<Answer, Failure> {
        let client = HttpClient {
            tls: self.tls.clone(),
            proxy: self.proxy.cloned(),
            step_limit: patience,
            total_limit: patience,
            body_limit: self.body_limit,
        };
        net::converse(patience, async {
            let mut asked = self.url.0.clone();
            let mut answer = client.send(self.request(&asked, self.method)?).await?;
            for _ in 0..self.redirects {
                let Some(next) = answer.redirect(&asked) else { break };
                let before = answer.elapsed;
                // What was to be done was done where it was asked; the rest of the way only reads (RFC 9110 section 15.4).
                answer = client.send(self.request(&next, &Method::GET)?).await?;
                answer.elapsed += before;
                asked = next;
            }
            Ok(answer)
        })
    }

    fn request(&self, uri: &Uri, method: &Method) -> Result<Request<Vec<u8>>, Failure> {
        let settings = |what: String| Failure::new(FailureKind::Settings, what);
        let mut request = Request::builder().uri(uri).method(method);
        let named = &self.url.0;
        if (uri.scheme(), uri.authority()) == (named.scheme(), named.authority()) {
            for (name, value) in self.headers {
                let name = name.parse::<HeaderName>();
                let name = name.map_err(|_| settings("the name of a header is none".into()))?;
                let text = HeaderValue::from_str(value);
                let text =
                    text.map_err(|_| settings(format!("the header {name} cannot be sent as it is")))?;
                request = request.header(name, text);
            }
            if let Some(secret) = self.login.authorization()? {
                let value = HeaderValue::from_str(secret.expose());
                let mut value =
                    value.map_err(|_| settings("the password or token cannot be sent".to_owned()))?;
                value.set_sensitive(true);
                request = request.header(AUTHORIZATION, value);
            }
        }
        let body = if method == self.method { self.body.as_bytes().to_vec() } else { vec![] };
        request.body(body).map_err(|error| settings(error.to_string()))
    }
}
