//! The HTTP client against answers spoken byte for byte by a listener of our own.

use std::time::Duration;

use mailbeat_shared::transport::http::{Answer, HttpClient, Request, check_url};
use mailbeat_shared::transport::outcome::{ConnectionProblem, Failure, FailureKind, TlsProblem};
use mailbeat_shared::transport::proxy::Proxy;
use mailbeat_shared::transport::tls::ClientTls;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::certificates::{Authority, Served};

/// Reads one request with its body, answers, and closes if told to.
async fn answer<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, said: &[u8], close: bool) -> String {
    let mut heard = String::new();
    while !heard.contains("\r\n\r\n") || heard.contains("POST") && !heard.ends_with('}') {
        heard.push(char::from(stream.read_u8().await.unwrap()));
    }
    stream.write_all(said).await.unwrap();
    stream.flush().await.unwrap();
    if !close {
        let _ = stream.read_to_end(&mut vec![]).await;
    }
    heard
}

/// A server for one request in clear. Gives its port and what it heard.
async fn server(said: impl Into<Vec<u8>>, close: bool) -> (u16, JoinHandle<String>) {
    let said = said.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        answer(&mut stream, &said, close).await
    });
    (port, heard)
}

/// The same over TLS.
async fn private_server(served: &Served, said: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(served.config.clone());
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        answer(&mut stream, said.as_bytes(), false).await;
    });
    port
}

fn client() -> HttpClient {
    HttpClient { step_limit: Duration::from_secs(30), ..HttpClient::default() }
}

async fn get(client: &HttpClient, url: &str) -> Result<Answer, Failure> {
    client.send(Request::get(url).body(vec![]).unwrap()).await
}

#[tokio::test]
async fn status_headers_and_body_come_back_also_in_pieces_and_also_without_a_length() {
    let answers = [
        ("HTTP/1.1 200 OK\r\nX-One: 1\r\nContent-Length: 5\r\n\r\nhello", false),
        (
            "HTTP/1.1 200 OK\r\nX-One: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            false,
        ),
        ("HTTP/1.1 200 OK\r\nX-One: 1\r\n\r\nhello", true),
    ];
    for (said, close) in answers {
        let (port, heard) = server(said, close).await;
        let answer = get(&client(), &format!("http://127.0.0.1:{port}/a?b=c")).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), answer.header("x-one"), &*answer.text()),
            (200, Some("1"), "hello")
        );
        assert!(answer.whole && answer.certificate.is_none() && answer.elapsed > Duration::ZERO);
        let heard = heard.await.unwrap().to_ascii_lowercase();
        assert!(heard.starts_with("get /a?b=c http/1.1\r\n"), "{heard}");
        assert!(
            heard.contains(&format!("host: 127.0.0.1:{port}\r\n")) && heard.contains("user-agent: mailbeat/")
        );
    }
}

#[tokio::test]
async fn a_body_is_sent_with_its_length_and_user_and_password_of_a_url_as_basic() {
    let (port, heard) = server("HTTP/1.1 204 No Content\r\n\r\n", false).await;
    let request =
        Request::post(format!("http://us%65r:p%40ss@127.0.0.1:{port}/")).body(b"{\"a\":1}".to_vec());
    assert_eq!(client().send(request.unwrap()).await.unwrap().status.as_u16(), 204);
    let heard = heard.await.unwrap();
    assert!(heard.contains("content-length: 7\r\n") && heard.ends_with("{\"a\":1}"), "{heard}");
    assert!(heard.contains("authorization: Basic dXNlcjpwQHNz\r\n"), "{heard}");
    assert!(!heard.contains("p%40ss"), "{heard}");
}

#[tokio::test]
async fn a_large_request_is_waited_for_as_long_as_it_moves_and_no_longer() {
    const BYTES: usize = 16 << 20;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let large = || {
        let body = [vec![b'x'; BYTES], b"}".to_vec()].concat();
        Request::post(format!("http://127.0.0.1:{port}/")).body(body).unwrap()
    };
    // By its size alone it might take hours.
    let hasty = HttpClient { step_limit: Duration::from_millis(200), ..client() };
    let (_silent, asked) = tokio::join!(listener.accept(), hasty.send(large()));
    assert_eq!(asked.unwrap_err().kind, FailureKind::Connection(ConnectionProblem::TimedOut));
    // All in all it may take as long as so many bytes do on a slow line, whatever else is allowed.
    let reading = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        while heard.len() < BYTES || !heard.ends_with(b"}") {
            stream.read_buf(&mut heard).await.unwrap();
        }
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    };
    let patient = HttpClient { total_limit: Duration::ZERO, ..client() };
    let ((), asked) = tokio::join!(reading, patient.send(large()));
    assert_eq!(asked.unwrap().status.as_u16(), 204);
}

#[tokio::test]
async fn a_body_over_the_limit_is_cut_and_said_to_be() {
    let long = format!("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{}", "x".repeat(100_000));
    let (port, _) = server(long, false).await;
    let small = HttpClient { body_limit: 1_000, ..client() };
    let answer = get(&small, &format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!((answer.body.len(), answer.whole), (1_000, false));
}

#[tokio::test]
async fn a_server_that_is_silent_hangs_up_or_speaks_something_else_is_named_without_the_path() {
    let hasty = HttpClient { step_limit: Duration::from_millis(200), ..client() };
    let closed = FailureKind::Connection(ConnectionProblem::Closed);
    let late = FailureKind::Connection(ConnectionProblem::TimedOut);
    let cases = [
        (&hasty, "", false, late),
        (&hasty, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell", false, late),
        (&client(), "", true, closed),
        (&client(), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell", true, closed),
        (&client(), "220 mail.example ESMTP\r\n", false, FailureKind::ProtocolUnclear),
    ];
    for (client, said, close, kind) in cases {
        let (port, _) = server(said, close).await;
        let failure = get(client, &format!("http://127.0.0.1:{port}/geheim")).await.unwrap_err();
        assert_eq!(failure.kind, kind, "{said:?}: {failure}");
        assert!(failure.text.contains("127.0.0.1") && !failure.text.contains("geheim"), "{failure}");
    }
}

#[tokio::test]
async fn a_certificate_is_judged_as_everywhere_and_shown() {
    let authority = Authority::new();
    let served = authority.issue("localhost", false);
    let ours =
        HttpClient { tls: ClientTls { ca: Some(authority.pem()), ..ClientTls::default() }, ..client() };
    let port = private_server(&served, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let answer = get(&ours, &format!("https://localhost:{port}/")).await.unwrap();
    assert_eq!(answer.certificate.unwrap().pin, served.pin);
    let port = private_server(&served, "").await;
    let failure = get(&client(), &format!("https://localhost:{port}/")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tls(TlsProblem::UnknownIssuer), "{failure}");
}

#[tokio::test]
async fn a_proxy_opens_a_tunnel_for_https_and_is_asked_itself_for_http() {
    let home = tempfile::tempdir().unwrap();
    let password_file = home.path().join("password");
    std::fs::write(&password_file, "pr0xy\n").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy {
        host: "127.0.0.1".into(),
        port: listener.local_addr().unwrap().port(),
        username: Some("user".into()),
        password_file: Some(password_file),
    };
    let authority = Authority::new();
    let served = authority.issue("inside.example", false);
    let acceptor = tokio_rustls::TlsAcceptor::from(served.config.clone());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut connect = String::new();
        while !connect.ends_with("\r\n\r\n") {
            connect.push(char::from(stream.read_u8().await.unwrap()));
        }
        stream.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await.unwrap();
        let mut inside = acceptor.accept(stream).await.unwrap();
        answer(&mut inside, b"HTTP/1.1 204 No Content\r\n\r\n", false).await;
        let (mut stream, _) = listener.accept().await.unwrap();
        (connect, answer(&mut stream, b"HTTP/1.1 204 No Content\r\n\r\n", false).await)
    });
    let tls = ClientTls { ca: Some(authority.pem()), ..ClientTls::default() };
    let client = HttpClient { tls, proxy: Some(proxy), ..client() };
    // The name resolves nowhere: only the proxy knows it.
    assert_eq!(get(&client, "https://inside.example/x").await.unwrap().status.as_u16(), 204);
    assert_eq!(get(&client, "http://inside.example/x").await.unwrap().status.as_u16(), 204);
    let (connect, plain) = heard.await.unwrap();
    assert!(connect.starts_with("CONNECT inside.example:443 HTTP/1.1\r\n"), "{connect}");
    assert!(connect.contains("Proxy-Authorization: Basic dXNlcjpwcjB4eQ==\r\n"), "{connect}");
    assert!(plain.starts_with("GET http://inside.example/x HTTP/1.1\r\n"), "{plain}");
    assert!(plain.contains("proxy-authorization: Basic dXNlcjpwcjB4eQ==\r\n"), "{plain}");
}

#[tokio::test]
async fn a_proxy_that_refuses_is_named_with_its_words() {
    let (port, _) = server("HTTP/1.1 407 Who are you\r\nProxy-Authenticate: NTLM\r\n\r\n", false).await;
    let proxy = Proxy { host: "127.0.0.1".into(), port, username: None, password_file: None };
    let client = HttpClient { proxy: Some(proxy), ..client() };
    let failure = get(&client, "https://mail.example/").await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Connection(ConnectionProblem::Proxy), "{failure}");
    assert!(failure.text.contains("mail.example:443") && failure.text.contains("NTLM"), "{failure}");
}

#[test]
fn a_url_is_absolute_and_of_http() {
    for good in ["http://a", "https://a.example:8443/x?y", "https://[::1]:1/"] {
        assert_eq!(check_url(good), Ok(()), "{good}");
    }
    for bad in ["", "/x", "ftp://a/", "https://", "mail.example", "https://a b/"] {
        assert!(check_url(bad).is_err(), "{bad}");
    }
}
