//! The one HTTP client of both programs: one request, one answer, over our own dialling and TLS.
//!
//! Made for few requests: token endpoints, Graph, webhooks, a watchdog's ping, a check. HTTP/1.1 (RFC 9112), a
//! connection each, no redirects followed, no cookies, no compression. Nothing a server sends is trusted: every wait,
//! the head and the body are limited. URLs may hold secrets, so failures name the host and never the path.

use std::time::{Duration, Instant};

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub use hyper::header::{self, HeaderMap};
pub use hyper::http::request::Builder;
pub use hyper::{Method, Request, Response, StatusCode, Uri};

use super::dial;
use super::outcome::{ConnectionProblem, Failure, FailureKind};
use super::proxy::{self, Proxy};
use super::secret::Secret;
use super::tls::{self, ClientTls, PeerCertificate};

/// How to ask.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// Whose certificates are believed.
    pub tls: ClientTls,
    /// The way out, where it is not direct.
    pub proxy: Option<Proxy>,
    /// Longest wait for one step: the name, the connection, TLS, the head of the answer, the next piece of the body.
    pub step_limit: Duration,
    /// Longest time for all of it.
    pub total_limit: Duration,
    /// Most bytes of a body that are kept.
    pub body_limit: usize,
}

impl Default for HttpClient {
    /// The system's trust store, directly, 20 s a step, a minute in all, 1 MiB.
    fn default() -> Self {
        Self {
            tls: ClientTls::default(),
            proxy: None,
            step_limit: Duration::from_secs(20),
            total_limit: Duration::from_secs(60),
            body_limit: 1 << 20,
        }
    }
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: StatusCode,
    /// The fields of the head.
    pub headers: HeaderMap,
    /// The body, at most [`HttpClient::body_limit`] bytes.
    pub body: Vec<u8>,
    /// Whether `body` is all of it.
    pub whole: bool,
    /// The server's certificate, for `https`.
    pub certificate: Option<PeerCertificate>,
    /// From the first look for the name to the last byte.
    pub elapsed: Duration,
}

/// An absolute `http` or `https` URL, in parts.
struct Target {
    uri: Uri,
    private: bool,
    host: String,
    port: u16,
    /// User and password of the URL, as Basic authentication.
    authorization: Option<Secret>,
}

/// Whether the text is a URL this client can ask for.
///
/// # Errors
/// What is wrong with it, a sentence that does not show it.
pub fn check_url(url: &str) -> Result<(), &'static str> {
    Target::of(&url.parse().map_err(|_| NO_URL)?).map(drop)
}

const NO_URL: &str = "not an http:// or https:// address";

impl Target {
    fn of(uri: &Uri) -> Result<Self, &'static str> {
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
        let port = authority.port_u16().unwrap_or(if private { 443 } else { 80 });
        Ok(Self { uri: uri.clone(), private, host, port, authorization })
    }

    /// `host:port`, the port only where it is not the usual one; without user and password.
    fn host_field(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let usual = if self.private { 443 } else { 80 };
        if self.port == usual { host } else { format!("{host}:{}", self.port) }
    }

    fn path(&self) -> &str {
        self.uri.path_and_query().map_or("/", |path| path.as_str())
    }
}

impl HttpClient {
    /// Sends a request whose URI is absolute and reads the answer, whatever its status.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] for a URL that is none, else what happened on the way: the name, the connection, the
    /// proxy, TLS, or an answer that is not HTTP.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let target = Target::of(request.uri()).map_err(|error| Failure::new(FailureKind::Settings, error))?;
        let sent = timeout(self.total_limit, self.exchange(&target, request)).await;
        let mut answer =
            sent.map_err(|_| dial::too_late(&target.host, "the request", self.total_limit))??;
        answer.elapsed = begun.elapsed();
        Ok(answer)
    }

    /// Goes the way to a URL's server, TLS included, and asks it for nothing; its certificate, for `https`.
    ///
    /// # Errors
    /// As [`HttpClient::send`].
    pub async fn reach(&self, url: &str) -> Result<Option<PeerCertificate>, Failure> {
        let no_url = |error: &str| Failure::new(FailureKind::Settings, error);
        let target = Target::of(&url.parse().map_err(|_| no_url(NO_URL))?).map_err(no_url)?;
        let going = async {
            let stream = self.connect(&target).await?;
            if !target.private {
                return Ok(None);
            }
            let stream = self.tls.connect(stream, &target.host, self.step_limit).await?;
            Ok(tls::peer_certificate(&stream))
        };
        let went = timeout(self.total_limit, going).await;
        went.map_err(|_| dial::too_late(&target.host, "the connection", self.total_limit))?
    }

    async fn exchange(&self, target: &Target, request: Request<Vec<u8>>) -> Result<Answer, Failure> {
        let stream = self.connect(target).await?;
        let request = prepare(target, self.proxy.as_ref(), request)?;
        if !target.private {
            return self.ask(target, stream, request).await;
        }
        let stream = self.tls.connect(stream, &target.host, self.step_limit).await?;
        let certificate = tls::peer_certificate(&stream);
        Ok(Answer { certificate, ..self.ask(target, stream, request).await? })
    }

    /// A connection to the server, or through the proxy, or for a request in clear to the proxy.
    async fn connect(&self, target: &Target) -> Result<TcpStream, Failure> {
        let limit = self.step_limit;
        let Some(proxy) = &self.proxy else {
            let addresses = dial::resolve(&target.host, target.port, limit).await?;
            return Ok(dial::connect(&addresses, limit).await?.0);
        };
        let (mut stream, _) = proxy.reach(limit).await?;
        if target.private {
            proxy.tunnel(&mut stream, &target.host, target.port, limit).await?;
        }
        Ok(stream)
    }

    async fn ask<S>(
        &self,
        target: &Target,
        stream: S,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let failed = |error: hyper::Error| failure(&error, &target.host);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let exchange = async {
            let head = timeout(self.step_limit, sender.send_request(request)).await;
            let head = head
                .map_err(|_| dial::too_late(&target.host, "the request", self.step_limit))?
                .map_err(failed)?;
            self.read(target, head).await
        };
        // The connection must be driven while we wait; its own end says nothing that the exchange does not say.
        let mut exchange = std::pin::pin!(exchange);
        tokio::select! {
            biased;
            answer = &mut exchange => answer,
            _ = connection => exchange.await,
        }
    }

    /// The body, up to the limit.
    async fn read(&self, target: &Target, response: Response<Incoming>) -> Result<Answer, Failure> {
        let (head, mut incoming) = response.into_parts();
        let (mut body, mut whole) = (vec![], true);
        loop {
            let frame = timeout(self.step_limit, incoming.frame()).await;
            let frame =
                frame.map_err(|_| dial::too_late(&target.host, "the rest of the answer", self.step_limit))?;
            let Some(frame) = frame else { break };
            let Ok(data) = frame.map_err(|error| failure(&error, &target.host))?.into_data() else {
                continue;
            };
            let room = self.body_limit - body.len();
            body.extend_from_slice(&data[..data.len().min(room)]);
            if data.len() > room {
                whole = false;
                break;
            }
        }
        let (status, headers) = (head.status, head.headers);
        Ok(Answer { status, headers, body, whole, certificate: None, elapsed: Duration::ZERO })
    }
}

impl Answer {
    /// The body as text, where its bytes are none with replacements.
    #[must_use]
    pub fn text(&self) -> std::borrow::Cow<'_, str> {
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

/// The request as it goes on the line: the path alone, or the whole URL to a proxy (RFC 9112 section 3.2).
fn prepare(
    target: &Target,
    proxy: Option<&Proxy>,
    request: Request<Vec<u8>>,
) -> Result<Request<Full<Bytes>>, Failure> {
    let settings = |what: &str| Failure::new(FailureKind::Settings, format!("{}: {what}", target.host));
    let (mut head, body) = request.into_parts();
    let through = proxy.filter(|_| !target.private);
    let asked = match through {
        Some(_) => format!("http://{}{}", target.host_field(), target.path()),
        None => target.path().to_owned(),
    };
    head.uri = asked.parse().map_err(|_| settings(NO_URL))?;
    let value =
        |text: &str| HeaderValue::from_str(text).map_err(|_| settings("a field of the request is not ASCII"));
    let hidden = |secret: &Secret| {
        value(secret.expose()).map(|mut value| {
            value.set_sensitive(true);
            value
        })
    };
    head.headers.insert(HOST, value(&target.host_field())?);
    head.headers.insert(CONNECTION, HeaderValue::from_static("close"));
    if !head.headers.contains_key(USER_AGENT) {
        head.headers
            .insert(USER_AGENT, HeaderValue::from_static(concat!("mailbeat/", env!("CARGO_PKG_VERSION"))));
    }
    if let Some(authorization) = &target.authorization {
        head.headers.insert(AUTHORIZATION, hidden(authorization)?);
    }
    if let Some(authorization) = through.map(Proxy::authorization).transpose()?.flatten() {
        head.headers.insert(PROXY_AUTHORIZATION, hidden(&authorization)?);
    }
    Ok(Request::from_parts(head, Full::new(Bytes::from(body))))
}

/// hyper's own text says little; the error beneath it says what happened.
fn failure(error: &hyper::Error, host: &str) -> Failure {
    let beneath = std::error::Error::source(error);
    if let Some(io) = beneath.and_then(|inner| inner.downcast_ref::<std::io::Error>()) {
        return Failure::from_io(io, host);
    }
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        let text = format!("{host} closed the connection before its answer was complete");
        return Failure::new(FailureKind::Connection(ConnectionProblem::Closed), text);
    }
    Failure::new(FailureKind::ProtocolUnclear, format!("{host}: {error}"))
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
