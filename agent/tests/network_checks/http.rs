//! `http` checks.

use std::io::Write as _;
use std::sync::{Arc, Mutex};

use mailbeat_agent::check::http::Http;

use super::authority::Authority;
use super::servers::{answer, nobody, private_web, server, web};
use super::*;

const HEALTH: &str = r#"{"status": "healthy", "components": {"database": {"latency_ms": 4}}}"#;
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_healthy_service_is_ok_with_its_time_and_size() {
    let port = web(|_| answer("200 OK", "", HEALTH));
    let settings = format!(
        "url = 'http://127.0.0.1:{port}/api/v1/health'\nbody = 'healthy'\njson = [{{ at = '/status', is = 'healthy' }}, {{ at = \
         '/components/database/latency_ms', range = '~:10', label = 'database', unit = 'ms' }}]"
    );
    let sight = look::<Http>(&settings);
    is(&sight, CheckState::Ok, "200 OK in 0.");
    assert!(value(&sight, "time").unwrap() > 0.0);
    assert_eq!((value(&sight, "database"), value(&sight, "size")), (Some(4.0), Some(68.0)));
    assert_eq!(value(&sight, "days_left"), None);
}

#[test]
fn each_thing_that_is_not_as_expected_is_named() {
    let port = web(|_| answer("503 Service Unavailable", "", r#"{"status": "down"}"#));
    let settings = format!(
        "url = 'http://127.0.0.1:{port}/'\nbody = '^ok'\nbody_without = 'down'\njson = [{{ at = '/status', is = 'healthy' }}]"
    );
    let sight = look::<Http>(&settings);
    is(&sight, CheckState::Critical, "the status is 503 Service Unavailable, not 200 to 299\n");
    let lines: Vec<&str> = sight.output.lines().skip(1).collect();
    assert_eq!(
        lines[..3],
        [
            r#"the body does not match "^ok""#,
            r#"the body matches "down""#,
            r#"/status is "down", not "healthy""#
        ]
    );
    let expected = look::<Http>(&format!("url = 'http://127.0.0.1:{port}/'\nstatus = [401, 503]"));
    is(&expected, CheckState::Ok, "503 Service Unavailable");
}

#[test]
fn a_redirect_is_an_answer_unless_the_configuration_says_to_follow() {
    let port = web(|head| match head.split(' ').nth(1) {
        Some("/") => answer("302 Found", "Location: /app/\r\n", ""),
        Some("/app/") => answer("301 Moved Permanently", "Location: start?x=1#top\r\n", ""),
        Some("/app/start?x=1") => answer("200 OK", "", "arrived"),
        _ => answer("404 Not Found", "", ""),
    });
    let url = format!("url = 'http://127.0.0.1:{port}/'\n");
    is(&look::<Http>(&url), CheckState::Critical, "302 Found");
    is(&look::<Http>(&format!("{url}redirects = 1")), CheckState::Critical, "301 Moved");
    is(&look::<Http>(&format!("{url}redirects = 2\nbody = 'arrived'")), CheckState::Ok, "200 OK");
}

#[test]
fn a_password_goes_to_the_server_that_was_named_and_to_no_other() {
    let heard = Arc::new(Mutex::new(String::new()));
    let note = heard.clone();
    let other = web(move |head| {
        note.lock().unwrap().push_str(head);
        answer("200 OK", "", "other")
    });
    let port = web(move |head| {
        let known =
            head.contains("Basic b2xpdmlhOnNlY3JldA==") || head.contains("basic b2xpdmlhOnNlY3JldA==");
        let location = format!("Location: http://127.0.0.1:{other}/\r\n");
        if known {
            answer("307 Temporary Redirect", &location, "")
        } else {
            answer("401 Unauthorized", "", "")
        }
    });
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("password"), "secret\n").unwrap();
    let url = format!("url = 'http://127.0.0.1:{port}/'\nredirects = 1\n");
    is(&look::<Http>(&url), CheckState::Critical, "401");
    let file = home.path().join("password");
    let login = format!("login = {{ username = 'olivia', password_file = '{}' }}", file.display());
    is(&look::<Http>(&format!("{url}{login}\nbody = 'other'")), CheckState::Ok, "200 OK");
    let heard = heard.lock().unwrap().to_lowercase();
    assert!(heard.contains("host:") && !heard.contains("authorization"), "{heard}");
    std::fs::remove_file(file).unwrap();
    is(&look::<Http>(&format!("{url}{login}")), CheckState::Unknown, "password_file");
}

#[test]
fn a_server_that_hangs_is_broken_and_the_look_ends_in_its_time() {
    let port = server(|stream| {
        std::thread::park();
        drop(stream);
    });
    let sight = look_within::<Http>(&format!("url = 'http://127.0.0.1:{port}/'"), Duration::from_secs(1));
    assert_eq!(sight.state, CheckState::Critical, "{sight:?}");
    assert!(sight.output.contains("no answer"), "{sight:?}");
}

#[test]
fn nobody_there_and_no_http_are_broken_and_named() {
    let gone = look::<Http>(&format!("url = 'http://127.0.0.1:{}/'", nobody()));
    is(&gone, CheckState::Critical, "refused");
    let port = server(|mut stream| {
        let _ = stream.write_all(b"220 mail.example ESMTP\r\n");
    });
    assert_eq!(look::<Http>(&format!("url = 'http://127.0.0.1:{port}/'")).state, CheckState::Critical);
}

#[test]
fn an_endless_body_is_read_up_to_the_limit_and_what_stands_behind_it_is_not_known() {
    let port = web(|_| {
        let mut endless = b"HTTP/1.1 200 OK\r\n\r\nbegin".to_vec();
        endless.resize(4 << 20, b'x');
        endless
    });
    let url = format!("url = 'http://127.0.0.1:{port}/'\nbody_limit = 1000\n");
    let unlimited = look::<Http>(&url);
    is(&unlimited, CheckState::Ok, "over 1000 bytes");
    assert_eq!(value(&unlimited, "size"), Some(1000.0));
    is(&look::<Http>(&format!("{url}body = 'begin'")), CheckState::Ok, "200 OK");
    is(&look::<Http>(&format!("{url}body = 'end'")), CheckState::Unknown, "`body_limit` is 1000 bytes");
    is(
        &look::<Http>(&format!("{url}json = [{{ at = '/a' }}]")),
        CheckState::Unknown,
        "as far as it was read",
    );
    let wrong = look::<Http>(&format!("{url}body = 'end'\nstatus = [204]"));
    is(&wrong, CheckState::Critical, "the status is 200 OK, not 204");
}

#[test]
fn the_days_a_certificate_has_left_are_a_value() {
    let authority = Authority::new();
    for days in [20, 5] {
        let port = private_web(authority.issue("localhost", days).serving(), OK);
        let sight = look::<Http>(&format!("url = 'https://localhost:{port}/'\n{}", authority.tls()));
        is(&sight, CheckState::Ok, "certificate until");
        assert_eq!(value(&sight, "days_left"), Some(days as f64), "{sight:?}");
    }
}

#[test]
fn a_certificate_that_is_not_believed_is_a_broken_service_and_says_why() {
    let authority = Authority::new();
    let at = |issued: &super::authority::Issued, tls: &str| {
        let port = private_web(issued.serving(), OK);
        look::<Http>(&format!("url = 'https://localhost:{port}/'\n{tls}"))
    };
    let good = authority.issue("localhost", 20);
    is(&at(&authority.issue("localhost", -2), &authority.tls()), CheckState::Critical, "has expired");
    is(
        &at(&authority.issue("other.example", 9), &authority.tls()),
        CheckState::Critical,
        "is not for localhost",
    );
    is(&at(&good, &Authority::new().tls()), CheckState::Critical, "no authority known here");
    let pin = format!("tls = {{ pin = 'sha256:{}' }}", "00".repeat(32));
    is(&at(&good, &pin), CheckState::Critical, "the pinned certificate is");
    is(&at(&good, "tls = { ca = '/nowhere/ca.pem' }"), CheckState::Unknown, "/nowhere/ca.pem");
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |settings: &str| toml::from_str::<Http>(settings).unwrap_err().to_string();
    assert!(refused("url = 'ftp://x/'").contains("not an http:// or https:// address"));
    assert!(refused("url = 'http://x/'\nmethod = 'DELETE'").contains("GET, HEAD, POST or OPTIONS"));
    assert!(refused("url = 'http://x/'\njson = [{ at = 'status' }]").contains("begins with a slash"));
    assert!(refused("url = 'http://x/'\nbdoy = 'x'").contains("unknown field `bdoy`"));
}
