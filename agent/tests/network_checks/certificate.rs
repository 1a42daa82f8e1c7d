//! `certificate` checks.

use mailbeat_agent::check::certificate::Certificate;

use super::authority::{Authority, Issued};
use super::servers::{nobody, private_banner, server};
use super::*;

fn of_server(issued: &Issued, more: &str) -> Sight {
    let port = private_banner(issued.serving(), "");
    look::<Certificate>(&format!("servers = ['localhost:{port}']\n{more}"))
}

#[test]
fn a_servers_certificate_says_how_many_days_it_has_left_also_when_they_are_over() {
    let authority = Authority::new();
    for (days, state) in [(20, CheckState::Ok), (5, CheckState::Ok), (-3, CheckState::Critical)] {
        let sight = of_server(&authority.issue("localhost", days), &authority.tls());
        assert_eq!((sight.state, value(&sight, "days_left")), (state, Some(days as f64)), "{sight:?}");
    }
}

#[test]
fn a_wrong_name_an_unknown_issuer_and_a_server_without_tls_are_broken() {
    let authority = Authority::new();
    let wrong = of_server(&authority.issue("other.example", 40), &authority.tls());
    is(&wrong, CheckState::Critical, "is not for localhost");
    let named = format!("server_name = 'other.example'\n{}", authority.tls());
    is(&of_server(&authority.issue("other.example", 40), &named), CheckState::Ok, "40 days left");
    let stranger = Authority::new().issue("localhost", 40);
    is(&of_server(&stranger, &authority.tls()), CheckState::Critical, "no authority known here");
    is(&of_server(&stranger, "verify = false"), CheckState::Ok, "localhost (localhost:");
    let plain = server(|mut stream| {
        let _ = std::io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let sight = look::<Certificate>(&format!("servers = ['localhost:{plain}', 'localhost:{}']", nobody()));
    is(&sight, CheckState::Critical, "something else");
    assert!(sight.output.contains("refused"), "{sight:?}");
}

#[test]
fn an_issuer_that_ends_first_decides() {
    let authority = Authority::new();
    let soon = of_server(&authority.issue_below("localhost", 300, 12), &authority.tls());
    is(&soon, CheckState::Ok, "issuer 1) has 12 days left");
    assert_eq!((value(&soon, "days_left"), value(&soon, "certificates")), (Some(12.0), Some(2.0)));
    let over = of_server(&authority.issue_below("localhost", 300, -2), &authority.tls());
    is(&over, CheckState::Critical, "issuer 1) ended on");
}

#[test]
fn files_are_read_as_pem_bundle_and_der_and_the_one_that_ends_first_is_named() {
    let authority = Authority::new();
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &[u8]| std::fs::write(home.path().join(name), content).unwrap();
    let pem = |days| authority.issue("a.example", days).certificate.pem();
    write("bundle.pem", format!("some words\n{}{}", pem(200), pem(90)).as_bytes());
    write("binary.der", authority.issue("b.example", 20).certificate.der());
    let settings = format!("files = ['{0}/*.pem', '{0}/*.der']", home.path().display());
    let sight = look::<Certificate>(&settings);
    is(&sight, CheckState::Ok, "b.example (");
    assert!(sight.output.ends_with("; 3 certificates looked at"), "{sight:?}");
    assert_eq!(value(&sight, "days_left"), Some(20.0));
    write("old.pem", pem(-1).as_bytes());
    is(&look::<Certificate>(&settings), CheckState::Critical, "ended on");
}

#[test]
fn a_file_that_is_missing_or_is_no_certificate_is_unknown_and_hides_no_other() {
    let authority = Authority::new();
    let home = tempfile::tempdir().unwrap();
    let path = |name: &str| home.path().join(name).display().to_string();
    std::fs::write(path("key.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        .unwrap();
    std::fs::write(path("good.pem"), authority.issue("c.example", 5).certificate.pem()).unwrap();
    std::fs::write(path("junk.der"), "junk").unwrap();
    let files = ["key.pem", "good.pem", "junk.der", "gone.pem"].map(|name| format!("'{}'", path(name)));
    let sight = look::<Certificate>(&format!("files = [{}]", files.join(", ")));
    is(&sight, CheckState::Unknown, "gone.pem: no such file");
    for words in ["key.pem: no certificate in it", "junk.der: neither PEM nor a certificate as DER"] {
        assert!(sight.output.contains(words), "{sight:?}");
    }
    assert_eq!(value(&sight, "days_left"), Some(5.0));
    is(&look::<Certificate>(""), CheckState::Unknown, "no certificate was found");
}

#[test]
fn a_file_is_verified_where_that_is_asked_for() {
    let authority = Authority::new();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("server.pem");
    std::fs::write(&file, authority.issue("*.example.org", 50).certificate.pem()).unwrap();
    let settings = |more: &str| format!("files = ['{}']\n{more}", file.display());
    is(&look::<Certificate>(&settings("")), CheckState::Ok, "50 days left");
    let known = format!("verify = true\n{}", authority.tls());
    is(&look::<Certificate>(&settings(&known)), CheckState::Ok, "50 days left");
    let stranger = Authority::new();
    let other = format!("verify = true\n{}", stranger.tls());
    is(&look::<Certificate>(&settings(&other)), CheckState::Critical, "no authority known here");
    let named = format!("server_name = 'www.example.com'\n{}", authority.tls());
    is(&look::<Certificate>(&settings(&named)), CheckState::Critical, "is not for www.example.com");
}
