//! The one HTTP client of both programs: one request, one answer, over our own dialling and TLS.
//!
//! Made for few requests: token endpoints, Graph, webhooks, a watchdog's ping, a check. HTTP/1.1 (RFC 9112), a
//! connection each, no redirects followed, no cookies, no compression. Nothing a server sends is trusted: every wait,
//! the head and the body are limited. URLs may hold secrets, so failures name the host and never the path.

mod answer;
mod target;
mod upload;

use std::time::{Duration, Instant};

use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

pub use answer::Answer;
pub use hyper::header::{self, HeaderMap};
pub use hyper::http::request::Builder;
pub use hyper::{Method, Request, Response, StatusCode, Uri};
pub use target::check_url;
pub(in crate::transport) use target::unescape;
use target::{NO_URL, Target};
use upload::Upload;

use super::dial;
use super::outcome::{ConnectionProblem, Failure, FailureKind};
use super::proxy::Proxy;
use super::secret::Secret;
use super::tls::{self, ClientTls, PeerCertificate};

/// How to ask.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// Whose certificates are believed.
    pub tls: ClientTls,
    /// The way out, where it is not direct.
    pub proxy: Option<Proxy>,
    /// Longest wait for one step: the name, the connection, TLS, the next piece of a large request, the head of the answer, the next
    /// piece of its body.
    pub step_limit: Duration,
    /// Longest time for all of it, beside that which a slow line takes for the request.
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

impl HttpClient {
    /// Sends a request whose URI is absolute and reads the answer, whatever its status.
    ///
    /// # Errors
    /// [`FailureKind::Settings`] for a URL that is none, else what happened on the way: the name, the connection, the
    /// proxy, TLS, or an answer that is not HTTP.
    pub async fn send(&self, request: Request<Vec<u8>>) -> Result<Answer, Failure> {
        let begun = Instant::now();
        let target = Target::of(request.uri()).map_err(|error| Failure::new(FailureKind::Settings, error))?;
        let limit = self.total_limit + at_most(request.body().len());
        let sent = timeout(limit, self.exchange(&target, request)).await;
        let mut answer = sent.map_err(|_| dial::too_late(&target.host, "the request", limit))??;
        answer.elapsed = begun.elapsed();
        Ok(answer)
    }

    /// Goes the way to a URL's server, TLS included, and asks it for nothing; its certificate, for `https`.
    ///
    /// # Errors
    /// As [`HttpClient::send`].
    pub async fn reach(&self, url: &str) -> Result<Option<PeerCertificate>, Failure> {
        let target = Target::parse(url).map_err(|error| Failure::new(FailureKind::Settings, error))?;
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

    async fn ask<S>(&self, target: &Target, stream: S, request: Request<Upload>) -> Result<Answer, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let failed = |error: hyper::Error| failure(&error, &target.host);
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
        let exchange = async {
            let progress = request.body().progress();
            let mut asking = std::pin::pin!(sender.send_request(request));
            let head = loop {
                let before = progress.bytes();
                match timeout(self.step_limit, &mut asking).await {
                    Ok(head) => break head.map_err(failed)?,
                    // Patient as long as something moves.
                    Err(_) if progress.bytes() > before => {}
                    Err(_) => return Err(dial::too_late(&target.host, "the request", self.step_limit)),
                }
            };
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

/// How long a request of so many bytes may take to be sent on a slow line.
fn at_most(bytes: usize) -> Duration {
    Duration::from_secs(bytes as u64 / dial::SLOWEST_UPLOAD)
}

/// The request as it goes on the line: the path alone, or the whole URL to a proxy (RFC 9112 section 3.2).
fn prepare(
    target: &Target,
    proxy: Option<&Proxy>,
    request: Request<Vec<u8>>,
) -> Result<Request<Upload>, Failure> {
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
    Ok(Request::from_parts(head, Upload::of(body)))
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
