//! Where a browser comes back to after a person agreed (RFC 8252 section 7.3): a listener on loopback that lives as long as
//! the command, answers with one page, and takes nothing but the code for the state it asked with.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use oauth2::url::Url;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::text;
use crate::transport::outcome::{Failure, FailureKind};
use crate::transport::secret::Secret;

/// How long a person may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// How long a browser may take to say what it wants.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// Longest request, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// The listener.
pub(super) struct Loopback {
    first: TcpListener,
    /// A browser may take `localhost` for `::1`.
    second: Option<TcpListener>,
    port: u16,
}

impl Loopback {
    /// Listens on a free port.
    pub(super) async fn open() -> Result<Self, Failure> {
        let failed =
            |error: std::io::Error| Failure::from_io(&error, "listening for the browser on 127.0.0.1");
        let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(failed)?;
        let port = first.local_addr().map_err(failed)?.port();
        let second = TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok();
        Ok(Self { first, second, port })
    }

    /// The address to come back to. Providers compare it without the port.
    pub(super) fn redirect(&self) -> String {
        format!("http://localhost:{}", self.port)
    }

    /// Waits for the browser to bring the code that belongs to `state`.
    pub(super) async fn code(&self, state: &str) -> Result<Secret, Failure> {
        let waiting = async {
            loop {
                let Ok(mut stream) = self.next().await else { continue };
                let Ok(Some(target)) = timeout(HEAD_TIME, target(&mut stream)).await else { continue };
                let found = answer(&format!("http://localhost{target}"), state);
                let page = match &found {
                    None => page("404 Not Found", "There is nothing here."),
                    Some(Ok(_)) => {
                        page("200 OK", "Thank you. This window can be closed; the program goes on.")
                    }
                    Some(Err(_)) => page("200 OK", "This did not work. The program says what to do."),
                };
                let _ = timeout(HEAD_TIME, stream.write_all(page.as_bytes())).await;
                let _ = stream.shutdown().await;
                if let Some(found) = found {
                    return found;
                }
            }
        };
        timeout(PATIENCE, waiting).await.unwrap_or_else(|_| {
            Err(Failure::new(
                FailureKind::Authentication,
                "expired_token: nobody signed in within ten minutes",
            ))
        })
    }

    async fn next(&self) -> std::io::Result<TcpStream> {
        match &self.second {
            None => self.first.accept().await.map(|(stream, _)| stream),
            Some(second) => tokio::select! {
                taken = self.first.accept() => taken.map(|(stream, _)| stream),
                taken = second.accept() => taken.map(|(stream, _)| stream),
            },
        }
    }
}

/// The target of a GET request, once its head is read to the end.
async fn target(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= HEAD_BYTES {
            return None;
        }
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut words = head.lines().next()?.split(' ');
    (words.next() == Some("GET")).then(|| words.next().map(str::to_owned)).flatten()
}

fn page(status: &str, sentence: &str) -> String {
    let body = format!("<!DOCTYPE html><meta charset=utf-8><title>Mailbeat</title><p>{sentence}</p>\n");
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// What an address that a browser was sent to says: the code, the provider's refusal, or `None` if it is about something else.
pub(super) fn answer(address: &str, state: &str) -> Option<Result<Secret, Failure>> {
    let url = Url::parse(address.trim()).ok()?;
    let field =
        |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let refused = |text: String| Some(Err(Failure::new(FailureKind::Authentication, text)));
    let (code, error) = (field("code"), field("error"));
    if code.is_none() && error.is_none() {
        return None;
    }
    // Somebody else's answer must neither be taken nor end the waiting (RFC 6749 section 10.12).
    if field("state").as_deref() != Some(state) {
        return None;
    }
    match (code, error) {
        (_, Some(error)) => {
            let why = field("error_description").unwrap_or_default();
            refused(format!(
                "the provider said {}: {}",
                text::one_line(&error, 80),
                text::one_line(&why, 300)
            ))
        }
        (code, None) => code.map(|code| Ok(Secret::new(code))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn browse(port: u16, target: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream
            .write_all(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).await.unwrap();
        said
    }

    #[tokio::test]
    async fn only_the_answer_to_our_own_question_ends_the_waiting() {
        let loopback = Loopback::open().await.unwrap();
        let port = loopback.port;
        let browsing = tokio::spawn(async move {
            assert!(browse(port, "/favicon.ico").await.starts_with("HTTP/1.1 404"));
            assert!(browse(port, "/?code=stolen&state=other").await.starts_with("HTTP/1.1 404"));
            browse(port, "/?code=a%2Bb&state=ours").await
        });
        let code = loopback.code("ours").await.unwrap();
        assert_eq!(code.expose(), "a+b");
        let page = browsing.await.unwrap();
        assert!(page.starts_with("HTTP/1.1 200") && !page.contains("a+b"), "{page}");
    }

    #[test]
    fn a_refusal_is_told_in_the_providers_words() {
        let address =
            "http://localhost/?error=access_denied&error_description=AADSTS65004%3A+declined&state=s";
        let failure = answer(address, "s").unwrap().unwrap_err();
        assert_eq!(failure.text, "the provider said access_denied: AADSTS65004: declined");
        assert!(answer("http://localhost/?code=x", "s").is_none(), "an answer without state is nobody's");
        assert!(answer("nonsense", "s").is_none());
    }
}
