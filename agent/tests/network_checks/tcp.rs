//! `tcp` checks.

use std::io::{BufRead as _, BufReader, Write as _};

use mailbeat_agent::check::tcp::Tcp;

use super::authority::Authority;
use super::servers::{nobody, private_banner, server};
use super::*;

fn banner(text: &'static str) -> u16 {
    server(move |mut stream| {
        let _ = stream.write_all(text.as_bytes());
        std::thread::park();
    })
}

fn to(port: u16, more: &str) -> Sight {
    look::<Tcp>(&format!("host = 'localhost'\nport = {port}\n{more}"))
}

#[test]
fn a_port_that_answers_is_ok_with_its_time_and_one_nobody_listens_on_is_not() {
    let sight = to(banner(""), "");
    is(&sight, CheckState::Ok, "answers in 0.");
    assert!(value(&sight, "time").is_some());
    is(&to(nobody(), ""), CheckState::Critical, "refused");
}

#[test]
fn a_banner_is_compared_and_shown() {
    let port = banner("220 mail.example ESMTP Postfix\r\n");
    is(&to(port, "expect = '^220 .*ESMTP'"), CheckState::Ok, ": 220 mail.example ESMTP Postfix");
    let other = to(port, "expect = '^\\* OK'");
    is(&other, CheckState::Critical, r#"says no more; it said "220 mail.example ESMTP Postfix""#);
}

#[test]
fn a_question_is_asked_and_its_answer_waited_for() {
    let port = server(|stream| {
        let mut line = String::new();
        let _ = BufReader::new(&stream).read_line(&mut line);
        let _ = (&stream).write_all(if line == "PING\r\n" { b"+PONG\r\n" } else { b"-ERR\r\n" });
    });
    is(&to(port, "send = \"PING\\r\\n\"\nexpect = 'PONG'"), CheckState::Ok, "+PONG");
    is(&to(port, "send = \"PANG\\r\\n\"\nexpect = 'PONG'"), CheckState::Critical, "closed the connection");
}

#[test]
fn a_server_that_connects_and_is_silent_is_broken_and_so_is_one_that_never_ends() {
    let settings = format!("host = 'localhost'\nport = {}\nexpect = '^220'", banner(""));
    let sight = look_within::<Tcp>(&settings, Duration::from_secs(1));
    is(&sight, CheckState::Critical, "no answer within");
    let endless = server(|mut stream| while stream.write_all(&[b'x'; 4096]).is_ok() {});
    is(&to(endless, "expect = '^220'"), CheckState::Critical, "goes on and on");
}

#[test]
fn a_server_that_wants_a_certificate_of_its_client_gets_it_and_one_without_is_sent_away() {
    let authority = Authority::new();
    let serving = authority.serving_its_own(&authority.issue("localhost", 60));
    let port = private_banner(serving, "");
    let known = to(port, &authority.client(&authority.issue("collector", 60)));
    is(&known, CheckState::Ok, "answers in");
    assert_eq!(value(&known, "days_left"), Some(60.0));
    let strange = to(port, &authority.client(&Authority::new().issue("collector", 60)));
    assert_eq!(strange.state, CheckState::Critical, "{strange:?}");
    let expired = to(port, &authority.client(&authority.issue("collector", -3)));
    assert_eq!(expired.state, CheckState::Critical, "{expired:?}");
    let without = to(port, &format!("{}\nexpect = '.'", authority.tls()));
    assert_eq!(without.state, CheckState::Critical, "{without:?}");
}
