//! A FAKE mail server: it speaks SMTP as scripted and delivers nothing. It exists for what real servers do only in bad
//! moments: silence, a dropped line, nonsense, at a chosen step. Every step not scripted is answered as Postfix would.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mailbeat_shared::transport::smtp::{SmtpSettings, TlsMode};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the server does at a step instead of its usual answer.
#[derive(Clone)]
pub(crate) enum Act {
    Say(Vec<u8>),
    SayAndClose(Vec<u8>),
    /// After so many seconds.
    SayLate(u64, &'static str),
    Silence,
    Close,
    /// A hundred megabytes without a line end.
    Flood,
}

pub(crate) fn say(text: &str) -> Act {
    Act::Say(text.as_bytes().to_vec())
}

pub(crate) fn say_and_close(text: &str) -> Act {
    Act::SayAndClose(text.as_bytes().to_vec())
}

/// Everything the server saw, over all sessions.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) sessions: usize,
    pub(crate) commands: Vec<String>,
    /// Contents between DATA and the final dot, with dot stuffing undone.
    pub(crate) messages: Vec<Vec<u8>>,
    pub(crate) flooded: usize,
}

impl Seen {
    pub(crate) fn has(&self, verb: &str) -> bool {
        self.commands.iter().any(|command| command.starts_with(verb))
    }
}

/// Scripted acts by step: `greeting`, a verb (`EHLO`, `MAIL` ...) or `.` for the end of the content; `MAIL#2` is only
/// the second one.
#[derive(Default)]
pub(crate) struct Script {
    acts: HashMap<String, Act>,
    offers: Vec<&'static str>,
    private_offers: Vec<&'static str>,
    tls: Option<Arc<ServerConfig>>,
    implicit: bool,
}

impl Script {
    pub(crate) fn at(mut self, step: &str, act: Act) -> Self {
        self.acts.insert(step.to_owned(), act);
        self
    }

    pub(crate) fn offering(mut self, line: &'static str) -> Self {
        self.offers.push(line);
        self
    }

    /// A line of the answer to EHLO that is only said once the connection is private.
    pub(crate) fn offering_in_private(mut self, line: &'static str) -> Self {
        self.private_offers.push(line);
        self
    }

    pub(crate) fn starttls(mut self, config: &Arc<ServerConfig>) -> Self {
        self.tls = Some(config.clone());
        self
    }

    pub(crate) fn implicit_tls(mut self, config: &Arc<ServerConfig>) -> Self {
        self.implicit = true;
        self.starttls(config)
    }

    pub(crate) async fn start(self) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (script, shared) = (Arc::new(self), seen.clone());
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                shared.lock().unwrap().sessions += 1;
                tcp.set_nodelay(true).unwrap();
                let (script, seen) = (script.clone(), shared.clone());
                tokio::spawn(async move {
                    let mut session = Session { stream: Box::new(tcp), script, seen, private: false };
                    let _ended = session.run().await;
                });
            }
        });
        Fake { port, seen }
    }
}

pub(crate) struct Fake {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Fake {
    /// Settings for this server without TLS; tests shorten or change them.
    pub(crate) fn settings(&self) -> SmtpSettings {
        SmtpSettings {
            port: Some(self.port),
            tls: TlsMode::None,
            timeout_s: 30,
            ..SmtpSettings::new("localhost")
        }
    }

    pub(crate) fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap()
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

struct Session {
    stream: Box<dyn Stream>,
    script: Arc<Script>,
    seen: Arc<Mutex<Seen>>,
    private: bool,
}

impl Session {
    async fn run(&mut self) -> std::io::Result<()> {
        if self.script.implicit {
            self.handshake().await?;
        }
        self.act("greeting", "220 fake.test ESMTP\r\n").await?;
        loop {
            let line = self.line().await?;
            let verb = line.split([' ', '\r']).next().unwrap_or_default().to_ascii_uppercase();
            self.seen.lock().unwrap().commands.push(line.trim_end().to_owned());
            match verb.as_str() {
                "EHLO" => self.hello().await?,
                "STARTTLS" => {
                    self.act("STARTTLS", "220 2.0.0 Ready to start TLS\r\n").await?;
                    self.handshake().await?;
                }
                "AUTH" if line.contains("LOGIN") => self.login().await?,
                "AUTH" => self.act("AUTH", "235 2.7.0 Authentication successful\r\n").await?,
                "DATA" => self.content().await?,
                "QUIT" => self.act("QUIT", "221 2.0.0 Bye\r\n").await?,
                _ => self.act(&verb, "250 2.1.0 Ok\r\n").await?,
            }
        }
    }

    async fn hello(&mut self) -> std::io::Result<()> {
        let mut offers = self.script.offers.clone();
        if self.script.tls.is_some() && !self.private {
            offers.push("STARTTLS");
        }
        if self.private {
            offers.extend(&self.script.private_offers);
        }
        let lines: String = offers.iter().map(|offer| format!("250-{offer}\r\n")).collect();
        self.act("EHLO", &format!("250-fake.test\r\n{lines}250 8BITMIME\r\n")).await
    }

    async fn login(&mut self) -> std::io::Result<()> {
        for question in ["VXNlcm5hbWU6", "UGFzc3dvcmQ6"] {
            self.stream.write_all(format!("334 {question}\r\n").as_bytes()).await?;
            let answer = self.line().await?;
            self.seen.lock().unwrap().commands.push(answer.trim_end().to_owned());
        }
        self.act("AUTH", "235 2.7.0 Authentication successful\r\n").await
    }

    async fn content(&mut self) -> std::io::Result<()> {
        self.act("DATA", "354 End data with <CR><LF>.<CR><LF>\r\n").await?;
        if self.script.acts.contains_key("content") {
            return self.act("content", "").await;
        }
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n.\r\n") {
            let mut chunk = [0; 16 * 1024];
            match self.stream.read(&mut chunk).await? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => bytes.extend_from_slice(&chunk[..count]),
            }
        }
        bytes.truncate(bytes.len() - 3);
        self.seen.lock().unwrap().messages.push(unstuffed(&bytes));
        self.act(".", "250 2.0.0 Ok: queued as FAKE\r\n").await
    }

    async fn handshake(&mut self) -> std::io::Result<()> {
        let config = self.script.tls.clone().unwrap();
        let tcp = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        self.stream = Box::new(TlsAcceptor::from(config).accept(tcp).await?);
        self.private = true;
        Ok(())
    }

    /// The scripted act of this step, else the usual answer. An error ends the session and closes the line.
    async fn act(&mut self, step: &str, usual: &str) -> std::io::Result<()> {
        let count =
            self.seen.lock().unwrap().commands.iter().filter(|command| command.starts_with(step)).count();
        let acts = &self.script.acts;
        let act = acts.get(&format!("{step}#{count}")).or_else(|| acts.get(step)).cloned();
        let closed = || Err(std::io::ErrorKind::ConnectionAborted.into());
        match act {
            None => self.stream.write_all(usual.as_bytes()).await,
            Some(Act::Say(text)) => self.stream.write_all(&text).await,
            Some(Act::SayAndClose(text)) => {
                self.stream.write_all(&text).await?;
                self.stream.shutdown().await?;
                closed()
            }
            Some(Act::SayLate(seconds, text)) => {
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                self.stream.write_all(text.as_bytes()).await
            }
            Some(Act::Silence) => std::future::pending().await,
            Some(Act::Close) => closed(),
            Some(Act::Flood) => self.flood().await,
        }
    }

    async fn flood(&mut self) -> std::io::Result<()> {
        let chunk = [b'2'; 64 * 1024];
        for _ in 0..1600 {
            let count = self.stream.write(&chunk).await?;
            self.seen.lock().unwrap().flooded += count;
        }
        Ok(())
    }

    async fn line(&mut self) -> std::io::Result<String> {
        let mut line = Vec::new();
        while !line.ends_with(b"\n") {
            line.push(self.stream.read_u8().await?);
        }
        Ok(String::from_utf8(line).unwrap())
    }
}

/// RFC 5321 section 4.5.2, seen from the server.
fn unstuffed(content: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    let mut line_begins = true;
    for (at, byte) in content.iter().enumerate() {
        if !(line_begins && *byte == b'.') {
            message.push(*byte);
        }
        line_begins = *byte == b'\n' && at > 0 && content[at - 1] == b'\r';
    }
    message
}
