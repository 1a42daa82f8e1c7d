//! The outgoing ping, heard by real listeners on this machine.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use std::path::Path;

use jiff::Timestamp;
use mailbeat_receiver::notify::mail::{MaildirSettings, OutgoingSettings, OutgoingTransport, Sender};
use mailbeat_receiver::notify::ping::{PingSettings, Pinged, Pinger};
use mailbeat_shared::locale::Locale;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn settings(toml: &str) -> PingSettings {
    mailbeat_shared::config_file::parse(Path::new("receiver.toml"), toml).unwrap()
}

fn sender(path: &Path) -> Sender {
    Sender::new(&OutgoingSettings {
        from: "Mailbeat <mb@vendor.example>".into(),
        transport: OutgoingTransport::Maildir(MaildirSettings { path: path.to_owned() }),
    })
}

/// Answers one request with `answer` and gives back its first line.
async fn watchdog(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ping/secret-token", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.windows(4).any(|window| window == b"\r\n\r\n") {
            assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0, "closed within the request");
        }
        stream.write_all(answer.as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request).lines().next().unwrap().to_owned()
    });
    (url, heard)
}

#[tokio::test]
async fn a_round_pings_the_watchdog_and_the_next_one_within_the_interval_does_not() {
    let (url, heard) = watchdog("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let mut pinger = Pinger::new(&settings(&format!("url = '{url}'\ninterval_s = 60"))).unwrap();
    let mut sender = sender(Path::new("/nowhere"));
    assert_eq!(pinger.round_completed(at(0), &mut sender).await, Pinged::Heard);
    assert_eq!(heard.await.unwrap(), "GET /ping/secret-token HTTP/1.1");
    assert_eq!(pinger.round_completed(at(59), &mut sender).await, Pinged::NotDue);
    let refused = pinger.round_completed(at(60), &mut sender).await;
    assert!(
        matches!(&refused, Pinged::Failed(error) if error.contains("refused") && !error.contains("secret-token")),
        "{refused:?}"
    );
    assert_eq!(pinger.round_completed(at(119), &mut sender).await, Pinged::NotDue);
}

/// Answers one request over TLS with a certificate of a fresh authority; gives the port and that authority as PEM.
async fn watchdog_over_tls() -> (u16, String) {
    use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["localhost".into()]).unwrap();
    let server = server.signed_by(&key, &authority).unwrap();
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![server.der().clone()],
            rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        // A client that does not believe the certificate hangs up here.
        let Ok(mut stream) = acceptor.accept(stream).await else { return };
        let _ = stream.read_u8().await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        stream.flush().await.unwrap();
        // Until the client closes: a reset could overtake the answer.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    });
    (port, authority.pem())
}

#[tokio::test]
async fn a_watchdog_with_a_private_certificate_is_believed_only_with_its_authority() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("ca.pem");
    for believed in [true, false] {
        let (port, authority) = watchdog_over_tls().await;
        std::fs::write(&file, authority).unwrap();
        let ca = if believed { format!("tls_ca = '{}'", file.display()) } else { String::new() };
        let settings = settings(&format!("url = 'https://localhost:{port}/geheim'\n{ca}"));
        let pinged = Pinger::new(&settings).unwrap().round_completed(at(0), &mut sender(home.path())).await;
        match believed {
            true => assert_eq!(pinged, Pinged::Heard),
            false => assert!(
                matches!(&pinged, Pinged::Failed(error) if error.contains("certificate") && !error.contains("geheim")),
                "{pinged:?}"
            ),
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_an_error_is_said() {
    for (answer, said) in [
        ("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", "302"),
        ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "404"),
    ] {
        let (url, heard) = watchdog(answer).await;
        let mut pinger = Pinger::new(&settings(&format!("url = '{url}'\nmethod = 'post'"))).unwrap();
        let pinged = pinger.round_completed(at(0), &mut sender(Path::new("/nowhere"))).await;
        assert!(matches!(&pinged, Pinged::Failed(error) if error.contains(said)), "{pinged:?}");
        assert!(heard.await.unwrap().starts_with("POST /ping/"));
    }
}

#[tokio::test]
async fn a_ping_by_mail_lies_in_the_watchers_mailbox() {
    let home = tempfile::tempdir().unwrap();
    let mut pinger = Pinger::new(&settings("to = 'watch@vendor.example'")).unwrap();
    assert_eq!(pinger.round_completed(at(0), &mut sender(home.path())).await, Pinged::Heard);
    let new = home.path().join("watch@vendor.example/new");
    let mail = std::fs::read_dir(new).unwrap().next().unwrap().unwrap().path();
    let mail = std::fs::read_to_string(mail).unwrap();
    assert!(mail.contains("Round completed  2027-01-15 08:00:00 UTC"), "{mail}");
    assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    let german = Pinger::new(&settings("to = 'wache@vendor.example'")).unwrap().in_language(Locale::De);
    let pinged = { german }.round_completed(at(0), &mut sender(home.path())).await;
    assert_eq!(pinged, Pinged::Heard);
    let mail = std::fs::read_dir(home.path().join("wache@vendor.example/new")).unwrap().next().unwrap();
    let mail = std::fs::read_to_string(mail.unwrap().path()).unwrap();
    assert!(mail.contains("Subject: [Mailbeat] Der Receiver ist in Betrieb"), "{mail}");
    assert!(mail.contains("Durchgang beendet    15.01.2027, 08:00:00 UTC"), "{mail}");
}

#[tokio::test]
async fn a_clock_set_back_does_not_silence_the_pings() {
    let home = tempfile::tempdir().unwrap();
    let mut sender = sender(home.path());
    let mut pinger = Pinger::new(&settings("to = 'watch@vendor.example'")).unwrap();
    assert_eq!(pinger.round_completed(at(86_400), &mut sender).await, Pinged::Heard);
    assert_eq!(pinger.round_completed(at(0), &mut sender).await, Pinged::Heard);
    assert_eq!(pinger.round_completed(at(1), &mut sender).await, Pinged::NotDue);
}

#[test]
fn settings_that_cannot_work_are_named_and_the_url_stays_hidden() {
    let wrong = |toml: &str| Pinger::new(&settings(toml)).unwrap_err().to_string();
    assert_eq!(wrong(""), "set either `url` or `to`");
    assert_eq!(wrong("url = 'https://x/y'\nto = 'a@b.example'"), "set either `url` or `to`");
    assert!(wrong("url = 'ftp://x/geheim'").starts_with("`url` is not"));
    assert!(wrong("to = 'nobody'").contains("nobody"));
    assert!(wrong("to = 'a@b.example'\ninterval_s = 0").contains("interval_s"));
    assert!(wrong("url = 'https://x/y'\ntls_ca = '/nowhere.pem'").contains("/nowhere.pem"));
    assert!(!format!("{:?}", settings("url = 'https://x/geheim'")).contains("geheim"));
}
