//! Every mood of a mail server, and the step where the way ends in it.

use mailbeat_tests::lab::{Certificate, Moment};
use mailbeat_tests::office::{Way, clear_route, route};

use super::{activated, assert_fails, step, walked, with};

#[test]
fn servers_without_proper_tls_are_named_with_the_way_out() -> anyhow::Result<()> {
    let (office, _host) = activated()?;
    let (lab, ports) = (&office.lab, office.lab.ports());
    let ca = format!("tls_ca = {:?}\n", lab.ca());
    let at_port = |port: u16| {
        let table = office.route("office", Way::Starttls, "agent1");
        table.replace(&format!("port = {}\n", ports.submission), &format!("port = {port}\n"))
    };
    let showing = |certificate| route(lab, "office", Way::Starttls, certificate, "agent1") + &ca;
    for (routes, seen, cause, fix) in [
        (
            at_port(ports.no_starttls),
            "does not offer STARTTLS",
            "does not offer STARTTLS",
            "tls = \"implicit\"",
        ),
        (at_port(ports.starttls_454), "454 4.7.0", "its TLS does not work", "server's words"),
        (at_port(ports.old_tls), "no TLS version and cipher in common", "TLS 1.1 or older", "TLS 1.2"),
        (showing(Certificate::WrongName), "other.invalid", "for another name", "Set `host`"),
        (showing(Certificate::Expired), "has expired", "has expired", "renew it"),
        (showing(Certificate::SelfSigned), "sha256:", "signed by itself", "tls_pin"),
        (
            route(lab, "office", Way::Starttls, Certificate::Good, "agent1"),
            "sha256:",
            "does not know",
            "tls_ca",
        ),
    ] {
        let steps = walked(&with(&office, &routes)?, &[])?;
        assert_fails(&steps, "TLS", seen, cause, fix);
        assert_eq!(step(&steps, "route office", "authentication")["result"], "not_run");
        assert_eq!(step(&steps, "delivery", "test report")["seen"], "no route went well");
    }
    Ok(())
}

#[test]
fn what_a_server_says_to_logon_sender_and_recipient_is_explained() -> anyhow::Result<()> {
    let (office, _host) = activated()?;
    let ports = office.lab.ports();
    let good = office.route("office", Way::Starttls, "agent1");
    let wrong_password = good.replace("password = \"agent1-pw\"", "password = \"wrong\"");
    assert_fails(
        &walked(&with(&office, &wrong_password)?, &[])?,
        "authentication",
        "535 5.7.8",
        "does not know this user name",
        "password_file",
    );
    let foreign = good.replace("from = \"agent1@", "from = \"agent2@");
    assert_fails(
        &walked(&with(&office, &foreign)?, &[])?,
        "recipient",
        "553 5.7.1",
        "may not send",
        "Send As",
    );
    let no_logon = clear_route("office", ports.submission);
    assert_fails(&walked(&with(&office, &no_logon)?, &[])?, "sender", "530 5.7.0", "not private", "starttls");
    let unused = clear_route("office", ports.unused);
    assert_fails(
        &walked(&with(&office, &unused)?, &[])?,
        "connection (TCP)",
        "refused",
        "Nobody listens",
        "`port`",
    );
    let nowhere = good.replace("host = \"127.0.0.1\"", "host = \"no-such-host.invalid\"");
    assert_fails(
        &walked(&with(&office, &nowhere)?, &[])?,
        "name (DNS)",
        "no-such-host.invalid",
        "has no address",
        "getent hosts",
    );

    let host = with(&office, &good)?;
    for (words, cause, fix) in [
        ("450 4.7.1 Greylisted, see you later", "greylisting", "by itself"),
        ("451 4.3.0 Temporary local problem", "just now", "by itself"),
        ("452 4.2.2 Mailbox full", "mailbox is full", "the vendor"),
        ("421 4.3.2 Shutting down", "shutting down", "later"),
        ("550 5.1.1 No such user here", "no such recipient", "report address"),
        ("552 5.2.2 Mailbox full for good", "mailbox is full", "the vendor"),
        ("554 5.7.1 Rejected by policy", "a rule of its own", "must be allowed"),
        ("554 5.7.1 Relay access denied", "machines or accounts it knows", "Log on"),
        ("550 5.7.60 Client does not have permissions to send as this sender", "may not send", "Send As"),
    ] {
        office.lab.refuse(ports.submission, Moment::Recipient, words);
        assert_fails(&walked(&host, &[])?, "recipient", &words[..9], cause, fix);
        office.lab.accept(ports.submission);
    }
    Ok(())
}

#[test]
fn a_refusal_after_the_whole_message_is_told_apart_from_one_that_only_delays_it() -> anyhow::Result<()> {
    let (office, host) = activated()?;
    let submission = office.lab.ports().submission;
    for (words, seen, cause, fix) in [
        ("554 5.7.1 content refused", "554 5.7.1", "refuses its content", "report.json"),
        ("552 5.3.4 Message too big for this mailbox", "552 5.3.4", "larger than the server takes", "8 MiB"),
        ("451 4.3.0 Refused after DATA, try again", "waits", "could not take it", "same bytes"),
    ] {
        office.lab.refuse(submission, Moment::EndOfData, words);
        let steps = walked(&host, &[])?;
        assert_fails(&steps, "test report", seen, cause, fix);
        assert_eq!(step(&steps, "route office", "recipient")["result"], "ok");
        assert_eq!(step(&steps, "delivery", "confirmation")["seen"], "the report was not handed over");
    }
    Ok(())
}

#[test]
fn slow_small_and_limiting_servers_are_named() -> anyhow::Result<()> {
    let (office, _host) = activated()?;
    let ports = office.lab.ports();
    let slow = clear_route("office", ports.slow_rcpt) + "timeout_s = 2\n";
    assert_fails(
        &walked(&with(&office, &slow)?, &[])?,
        "recipient",
        "within 2 s",
        "The server is slow",
        "timeout_s",
    );

    let small = with(&office, &clear_route("office", ports.small_size))?;
    let steps = walked(&small, &["--no-delivery"])?;
    let size = step(&steps, "route office", "size limit");
    assert_eq!(
        (&size["result"], &size["seen"]),
        (&"warning".into(), &"takes mails of up to 19.5 KiB".into())
    );
    assert!(size["fix"].as_str().is_some_and(|fix| fix.contains("8 MiB")), "{size:#}");
    assert_eq!(step(&steps, "delivery", "test report")["result"], "not_run");

    let limited = with(&office, &clear_route("office", ports.rate_limited))?;
    walked(&limited, &["--no-delivery"])?;
    walked(&limited, &["--no-delivery"])?;
    assert_fails(
        &walked(&limited, &["--no-delivery"])?,
        "greeting",
        "421 4.7.0",
        "limits how many",
        "mails_per_hour",
    );
    Ok(())
}
