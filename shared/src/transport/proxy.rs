//! The way out where a site has nothing but an HTTP proxy: a tunnel opened by CONNECT (RFC 9110 section 9.3.6).
//!
//! The proxy is a stranger: it sees names and ports, and everything behind it is TLS. It may ask for a user name, Basic
//! only (RFC 7617): a proxy that wants NTLM or Kerberos is named as such.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::dial;
use super::outcome::{ConnectionProblem, Failure, FailureKind};
use super::secret::Secret;

/// Longest answer to CONNECT, in bytes.
const ANSWER_BYTES: usize = 8_192;

/// An HTTP proxy, the `proxy` table of both programs' configuration files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proxy {
    /// Its name or address.
    pub host: String,
    /// Its port.
    #[serde(default = "default_port")]
    pub port: u16,
    /// User name, where it asks for one.
    pub username: Option<String>,
    /// A file with the password on its first line; read for each connection.
    pub password_file: Option<PathBuf>,
}

fn default_port() -> u16 {
    3128
}

impl Proxy {
    /// The value of `Proxy-Authorization`, if the proxy asks for a user.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] when the password cannot be read.
    pub fn authorization(&self) -> Result<Option<Secret>, Failure> {
        let Some(username) = &self.username else { return Ok(None) };
        let password = match &self.password_file {
            Some(file) => Secret::read("proxy password_file", file)?,
            None => Secret::new(""),
        };
        Ok(Some(basic(username, password.expose())))
    }

    /// Connects to the proxy itself.
    ///
    /// # Errors
    /// [`ConnectionProblem::Proxy`] with what [`dial::resolve`] or [`dial::connect`] said.
    pub async fn reach(&self, limit: Duration) -> Result<(TcpStream, SocketAddr), Failure> {
        let addresses = self.resolve(limit).await?;
        self.connect(&addresses, limit).await
    }

    /// The proxy's own addresses.
    pub(super) async fn resolve(&self, limit: Duration) -> Result<Vec<SocketAddr>, Failure> {
        dial::resolve(&self.host, self.port, limit).await.map_err(|error| self.unreached(&error))
    }

    /// A connection to the first of them that answers.
    pub(super) async fn connect(
        &self,
        addresses: &[SocketAddr],
        limit: Duration,
    ) -> Result<(TcpStream, SocketAddr), Failure> {
        dial::connect(addresses, limit).await.map_err(|error| self.unreached(&error))
    }

    /// Whoever reads of a refused connection thinks of the server behind the proxy, unless the proxy is named.
    fn unreached(&self, error: &Failure) -> Failure {
        failure(format!("the proxy {}:{} is not reached: {}", self.host, self.port, error.text))
    }

    /// Asks the proxy on `stream` for a tunnel; after `Ok` the stream speaks to `host`.
    ///
    /// # Errors
    /// [`ConnectionProblem::Proxy`] with the proxy's words, or what happened on the connection.
    pub async fn tunnel(
        &self,
        stream: &mut TcpStream,
        host: &str,
        port: u16,
        limit: Duration,
    ) -> Result<(), Failure> {
        let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        if let Some(authorization) = self.authorization()? {
            request += &format!("Proxy-Authorization: {}\r\n", authorization.expose());
        }
        request += "\r\n";
        let exchange = async {
            stream.write_all(request.as_bytes()).await?;
            head(stream).await
        };
        let proxy = format!("the proxy {}:{}", self.host, self.port);
        let answer = timeout(limit, exchange)
            .await
            .map_err(|_| dial::too_late(&proxy, &format!("CONNECT {target}"), limit))?
            .map_err(|error| Failure::from_io(&error, &proxy))?;
        judge(&answer).map_err(|why| failure(format!("{proxy} opened no way to {target}: {why}")))
    }
}

/// Basic authentication (RFC 7617).
#[must_use]
pub fn basic(username: &str, password: &str) -> Secret {
    Secret::new(format!("Basic {}", STANDARD.encode(format!("{username}:{password}"))))
}

/// A refusal of the proxy.
pub(super) fn failure(text: impl AsRef<str>) -> Failure {
    Failure::new(FailureKind::Connection(ConnectionProblem::Proxy), text)
}

/// Reads an answer up to its empty line and not a byte further: what follows is the other server's.
async fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut answer = vec![];
    while !answer.ends_with(b"\r\n\r\n") && answer.len() < ANSWER_BYTES {
        answer.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn judge(answer: &str) -> Result<(), String> {
    let first = answer.lines().next().unwrap_or_default();
    let status = first.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)).unwrap_or_default();
    match status {
        _ if status.len() == 3 && status.starts_with('2') => Ok(()),
        "407" => Err(format!("it wants to know who we are (407){}", offered(answer))),
        "" => Err("its answer is not HTTP".into()),
        _ => Err(format!("it said {first}")),
    }
}

/// The ways of authentication a 407 offers, with the advice where ours is not among them.
fn offered(answer: &str) -> String {
    let ways: Vec<&str> = answer
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.eq_ignore_ascii_case("proxy-authenticate"))
        .filter_map(|(_, value)| value.split_whitespace().next())
        .collect();
    if ways.is_empty() || ways.iter().any(|way| way.eq_ignore_ascii_case("basic")) {
        return "; set `username` and `password_file` of `proxy`".into();
    }
    format!(
        " and offers only {}, which we do not speak: ask for an exception for this host, or for Basic",
        ways.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_2xx_opens_the_way_and_every_other_answer_is_named() {
        assert_eq!(judge("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"), Ok(()));
        assert_eq!(judge("HTTP/1.0 200\r\n\r\n"), Ok(()));
        let why = |answer| judge(answer).unwrap_err();
        assert!(why("HTTP/1.1 403 Forbidden\r\n\r\n").contains("403 Forbidden"));
        assert!(why("220 mail.example ESMTP\r\n").contains("not HTTP"));
        let basic =
            "HTTP/1.1 407 Who\r\nProxy-Authenticate: NTLM\r\nproxy-authenticate: Basic realm=\"x\"\r\n\r\n";
        assert!(why(basic).contains("username"));
        let ntlm = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n";
        assert!(why(ntlm).contains("only Negotiate, NTLM"));
    }
}
