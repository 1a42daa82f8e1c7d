//! `tcp`: connects, makes it private where that is asked for, and may speak a line and read the answer.

use std::time::{Duration, Instant};

use mailbeat_shared::text;
use mailbeat_shared::transport::dial;
use mailbeat_shared::transport::outcome::{Failure, FailureKind};
use mailbeat_shared::transport::tls::{self, ClientTls, PeerCertificate};
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::net::{self, Pattern};
use super::probe::{Look, Probe, Sight};

/// Most bytes of an answer that are read.
const ANSWER_BYTES: usize = 64 * 1024;
/// How long a server that said something is waited for to say more.
const SILENCE: Duration = Duration::from_secs(2);
/// How long a server is given to refuse our certificate: with TLS 1.3 it does so after the handshake is over for us.
const SECOND_THOUGHTS: Duration = Duration::from_secs(1);

/// Settings of a `tcp` check.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tcp {
    /// Name or address.
    host: String,
    /// Port.
    port: u16,
    /// Make the connection private, and whose certificate is believed.
    tls: Option<ClientTls>,
    /// What to say once connected; line ends as they are written.
    #[serde(default)]
    send: String,
    /// What the server must say.
    expect: Option<Pattern>,
}

/// What became of one connection.
struct Met {
    certificate: Option<PeerCertificate>,
    answer: Option<String>,
    took: Duration,
}

impl Probe for Tcp {
    fn look(&mut self, look: &mut Look<'_>) -> Sight {
        let patience = net::patience(look);
        let met = match net::converse(patience, self.meet(patience)) {
            Ok(met) => met,
            Err(failure) => return net::failed(&failure),
        };
        let mut said = format!("{}:{} answers in {} s", self.host, self.port, net::seconds(met.took));
        if let Some(line) = met.answer.as_deref().and_then(|answer| answer.lines().next()) {
            said.push_str(&format!(": {}", text::one_line(line, 200)));
        }
        let sight = Sight::ok(said).with("time", met.took.as_secs_f64(), "s");
        match met.certificate.and_then(|shown| shown.not_after) {
            Some(until) => sight.with("days_left", net::days_left(until, look.now), "d"),
            None => sight,
        }
    }
}

impl Tcp {
    async fn meet(&self, patience: Duration) -> Result<Met, Failure> {
        let begun = Instant::now();
        let addresses = dial::resolve(&self.host, self.port, patience).await?;
        let (mut stream, _) = dial::connect(&addresses, patience).await?;
        let Some(settings) = &self.tls else {
            let answer = self.talk(&mut stream, false).await?;
            return Ok(Met { certificate: None, answer, took: begun.elapsed() });
        };
        let mut stream = settings.connect(stream, &self.host, patience).await?;
        let certificate = tls::peer_certificate(&stream);
        let handshaken = begun.elapsed();
        let answer = self.talk(&mut stream, settings.client.is_some()).await?;
        // Waiting for second thoughts is our own time, not the server's.
        let took = if answer.is_some() { begun.elapsed() } else { handshaken };
        Ok(Met { certificate, answer, took })
    }

    /// Says what is to be said and reads until it is what is expected; the answer, if one was waited for.
    async fn talk<S>(&self, stream: &mut S, known: bool) -> Result<Option<String>, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let broken = |error: std::io::Error| Failure::from_io(&error, &self.host);
        if !self.send.is_empty() {
            stream.write_all(self.send.as_bytes()).await.map_err(broken)?;
            stream.flush().await.map_err(broken)?;
        }
        if let Some(expected) = &self.expect {
            return self.hear(stream, expected).await.map(Some);
        }
        if known && let Ok(heard) = timeout(SECOND_THOUGHTS, stream.read(&mut [0; 1])).await {
            heard.map_err(broken)?;
        }
        Ok(None)
    }

    async fn hear<S>(&self, stream: &mut S, expected: &Pattern) -> Result<String, Failure>
    where
        S: AsyncRead + Unpin,
    {
        let mut heard = vec![];
        let mut piece = [0; 4096];
        let why = loop {
            let text = String::from_utf8_lossy(&heard);
            if expected.matches(&text) {
                return Ok(text.into_owned());
            }
            if heard.len() >= ANSWER_BYTES {
                break "goes on and on";
            }
            // Its first word may take as long as the whole look; what follows comes soon or not at all.
            let limit = if heard.is_empty() { Duration::MAX } else { SILENCE };
            match timeout(limit, stream.read(&mut piece)).await {
                Err(_) => break "says no more",
                Ok(Ok(0)) => break "closed the connection",
                Ok(Ok(count)) => heard.extend_from_slice(&piece[..count]),
                Ok(Err(error)) => return Err(Failure::from_io(&error, &self.host)),
            }
        };
        let said = text::one_line(String::from_utf8_lossy(&heard).lines().next().unwrap_or_default(), 200);
        let text = format!(
            "{}:{} {why}; it said {said:?}, which does not match {:?}",
            self.host, self.port, expected.written
        );
        Err(Failure::new(FailureKind::ProtocolUnclear, text))
    }
}
