//! What the people responsible get to read, from ticket events to mails and back from a bounce.

#![allow(clippy::unwrap_used)] // a test that cannot go on should say where

use jiff::{SignedDuration, Timestamp};
use mail_parser::{Message, MessageParser};
use mailbeat_receiver::evaluate::Severity;
use mailbeat_receiver::notify::bounce::{NotificationId, NotificationSecret, recognise};
use mailbeat_receiver::notify::{About, Contact, Letter, NotificationView, compose};
use mailbeat_receiver::ticket::{Ticket, TicketEvent, TicketNumber, What};
use mailbeat_shared::locale::Locale;
use mailbeat_shared::text;
use mailbeat_shared::wire::extract::{Extracted, Other, extract};
use mailbeat_shared::wire::id::SystemId;

fn at(minute: i64) -> Timestamp {
    "2026-11-22T03:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_mins(minute)
}

fn event(minute: i64, what: What, reason: &str) -> TicketEvent {
    TicketEvent { at: at(minute), what, reason: reason.into(), by: "mailbeat".into() }
}

fn opened(title: &str, reason: &str) -> TicketEvent {
    let what = What::Opened { title: title.into(), severity: Severity::High, since: at(-5) };
    event(0, what, reason)
}

fn full() -> TicketEvent {
    opened(
        "scada-01: filesystem /var is 96 % full",
        "system.filesystem.utilization of /var is 96 % (Medium above 85 %, High above 95 %, Critical above 98 %)",
    )
}

/// The notification of the last of a ticket's events, told to Eva.
fn view(events: &[TicketEvent]) -> NotificationView {
    let number = TicketNumber(1001);
    let rule = "filesystem-full".parse().unwrap();
    let mut ticket = Ticket::open(number, rule, "/var".into(), &events[0]).unwrap();
    events[1..].iter().for_each(|event| ticket.apply(event));
    NotificationView {
        id: NotificationId { ticket: number, event: i64::try_from(events.len()).unwrap(), contact: 3 },
        about: Some(About {
            customer: "Stadtwerke Köln".into(),
            host: "scada-01".into(),
            system: SystemId::from_bytes([2; 16]),
            contract: "KOELN-2026-001".parse().unwrap(),
        }),
        response_time: ticket.severity.response_time(),
        ticket,
        event: events.last().unwrap().clone(),
        history: events.to_vec(),
        contact: Contact { name: "Eva Müller".into(), email: "eva@vendor.example".into(), locale: None },
        from: "Mailbeat <mailbeat@vendor.example>".into(),
        earlier: vec![],
    }
}

fn secret() -> NotificationSecret {
    NotificationSecret::from_random([1; 32])
}

fn letter(view: &NotificationView) -> Letter {
    compose(view, &secret()).unwrap()
}

fn parsed(letter: &Letter) -> Message<'_> {
    MessageParser::default().parse(&letter.bytes).unwrap()
}

fn text_of(letter: &Letter) -> String {
    parsed(letter).body_text(0).unwrap().replace("\r\n", "\n")
}

fn html_of(letter: &Letter) -> String {
    parsed(letter).body_html(0).unwrap().into_owned()
}

/// Keeps examples for a person to look at, where `MAILBEAT_EXAMPLE_MAILS` names a folder.
fn keep(name: &str, letter: &Letter) {
    if let Some(dir) = std::env::var_os("MAILBEAT_EXAMPLE_MAILS").map(std::path::PathBuf::from) {
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join(format!("{name}.eml")), &letter.bytes).unwrap();
        std::fs::write(dir.join(format!("{name}.txt")), text_of(letter)).unwrap();
        std::fs::write(dir.join(format!("{name}.html")), html_of(letter)).unwrap();
    }
}

#[test]
fn an_opened_ticket_says_what_since_when_on_what_evidence_and_what_to_do() {
    let letter = letter(&view(&[full()]));
    keep("opened", &letter);
    let mail = parsed(&letter);
    assert_eq!(
        mail.subject(),
        Some("[Mailbeat MB-1001] High: scada-01 (Stadtwerke Köln): filesystem /var is 96 % full")
    );
    assert_eq!(mail.to().unwrap().first().unwrap().name(), Some("Eva Müller"));
    assert_eq!(letter.to, "eva@vendor.example");
    assert_eq!(mail.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    let text = text_of(&letter);
    assert!(text.starts_with("High: filesystem /var is 96 % full\n"), "{text}");
    for part in [
        "respond within 1 hour, until 2026-11-22 04:00:00 UTC",
        "Customer  Stadtwerke Köln\n",
        "System    scada-01 (02020202-0202-0202-0202-020202020202)\n",
        "Contract  KOELN-2026-001\n",
        "Since     2026-11-22 02:55:00 UTC\n",
        "Ticket    MB-1001, Open, High, opened 2026-11-22 03:00:00 UTC\n",
        "    system.filesystem.utilization of /var is 96 % (Medium above 85 %",
        "    mailbeat-receiver tickets show MB-1001 ",
        "    mailbeat-receiver tickets ack MB-1001 ",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    assert!(!text.contains("Before that"), "nothing was before:\n{text}");
    assert!(!text.contains("&amp;") && !text.contains("\n\n\n"), "{text}");
}

#[test]
fn a_resolved_ticket_says_so_first_and_how_long_it_held_and_asks_for_nothing() {
    let comment = TicketEvent { by: "Eva Müller".into(), ..event(30, What::Commented, "Old logs removed.") };
    let view = view(&[
        full(),
        event(
            10,
            What::SeverityChanged {
                from: Severity::High,
                to: Severity::Critical,
                title: "scada-01: filesystem /var is 99 % full".into(),
            },
            "99 %",
        ),
        event(20, What::Acknowledged, "on it"),
        comment,
        event(55, What::Resolved, "system.filesystem.utilization of /var is 61 %"),
    ]);
    let letter = letter(&view);
    keep("resolved", &letter);
    assert_eq!(
        parsed(&letter).subject(),
        Some("[Mailbeat MB-1001] Resolved: scada-01 (Stadtwerke Köln): filesystem /var is 99 % full")
    );
    let text = text_of(&letter);
    assert!(text.starts_with("Resolved: filesystem /var is 99 % full\nIt held for 1 hour."), "{text}");
    for part in [
        "Until     2026-11-22 03:55:00 UTC",
        "changed from High to Critical\n",
        "commented by Eva Müller\n        Old logs removed.\n",
        "    system.filesystem.utilization of /var is 61 %\n",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    assert!(!text.contains("respond within") && !text.contains("tickets ack"), "{text}");
}

#[test]
fn every_event_that_notifies_has_words_of_its_own() {
    let again =
        What::Reopened { severity: Severity::Critical, title: "scada-01: full".into(), since: at(90) };
    let worse = What::SeverityChanged {
        from: Severity::High,
        to: Severity::Critical,
        title: "scada-01: full".into(),
    };
    let resolved = event(60, What::Resolved, "fine");
    let stories = [
        (vec![full()], "High: "),
        (vec![full(), event(5, worse, "99 %")], "Now Critical (was High): "),
        (vec![full(), resolved.clone()], "Resolved: "),
        (vec![full(), resolved, event(90, again, "99 %")], "Critical again: "),
    ];
    for (events, begins) in stories {
        assert!(events.last().unwrap().what.notifies());
        let text = text_of(&letter(&view(&events)));
        assert!(text.starts_with(begins), "{begins:?} does not begin\n{text}");
    }
}

#[test]
fn every_event_a_history_can_hold_has_words() {
    for (what, words) in [
        (What::Commented, "commented\n"),
        (What::Acknowledged, "acknowledged\n"),
        (What::BecameStale, "stale: its subject is no longer reported\n"),
        (What::SeenAgain, "reported again\n"),
        (What::Closed, "closed\n"),
    ] {
        let text =
            text_of(&letter(&view(&[full(), event(5, what, "reason"), event(6, What::Resolved, "fine")])));
        assert!(text.contains(&format!("  {words}")), "{words:?} is missing in\n{text}");
    }
}

#[test]
fn a_ticket_about_the_receiver_names_no_customer() {
    let mut view = view(&[opened("mailbox reports cannot be read", "since 03:00: connection refused")]);
    view.about = None;
    let letter = letter(&view);
    assert_eq!(
        parsed(&letter).subject(),
        Some("[Mailbeat MB-1001] High: the receiver itself: mailbox reports cannot be read")
    );
    let text = text_of(&letter);
    assert!(text.contains("about the receiver itself") && !text.contains("Customer"), "{text}");
    assert!(!text.contains("systems show"), "{text}");
}

#[test]
fn the_mails_of_a_ticket_are_one_thread_and_the_same_mail_sent_again_is_the_same_to_the_byte() {
    let first = view(&[full()]);
    let one = letter(&first);
    assert_eq!(one, letter(&first), "a resend after a crash must not be a second mail");
    assert!(parsed(&one).header("References").is_none() && parsed(&one).header("In-Reply-To").is_none());

    let mut earlier = Vec::new();
    for count in 1..=60 {
        let mut events = vec![full()];
        events.extend((1..count).map(|minute| event(minute, What::Resolved, "fine")));
        let mut view = view(&events);
        view.earlier = earlier.clone();
        let letter = letter(&view);
        let mail = parsed(&letter);
        if count > 1 {
            assert_eq!(mail.in_reply_to().as_text(), earlier.last().map(String::as_str));
            let references = mail.references().as_text_list().unwrap();
            assert_eq!(references[0], one.message_id, "a thread hangs on its first mail");
            assert_eq!(references.len(), (count as usize - 1).min(21));
        }
        let header = String::from_utf8_lossy(&letter.bytes).split("\r\n\r\n").next().unwrap().to_owned();
        assert!(header.lines().all(|line| line.len() <= 998), "a header line is longer than SMTP takes");
        assert_eq!(mail.message_id(), Some(letter.message_id.as_str()));
        earlier.push(letter.message_id.clone());
    }
}

#[test]
fn another_contact_and_another_event_have_message_ids_of_their_own() {
    let base = view(&[full()]);
    let mut other = base.clone();
    other.id.contact = 4;
    let later = view(&[full(), event(5, What::Resolved, "fine")]);
    let ids = [&base, &other, &later].map(|view| letter(view).message_id);
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2], "{ids:?}");
    assert!(ids.iter().all(|id| id.ends_with("@vendor.example")), "{ids:?}");
}

#[test]
fn hostile_text_steers_no_terminal_forges_no_header_and_stays_text_in_html() {
    let evil = "x\u{1b}]0;owned\u{7}\u{202E}\r\nBcc: all@example.org\r\n\r\n<script>alert(1)</script>{{about.system}}";
    let mut view =
        view(&[opened(evil, evil), event(5, What::Commented, evil), event(6, What::Resolved, evil)]);
    view.history[1].by = evil.into();
    view.contact.name = evil.into();
    view.contact.locale = Some(Locale::De);
    let about = view.about.as_mut().unwrap();
    about.customer = evil.into();
    about.host = format!("{evil}<img src=x onerror=alert(1)>");
    let letter = letter(&view);
    let (text, html) = (text_of(&letter), html_of(&letter));
    assert!(text::is_clean(&text) && text::is_clean(&html.replace("\r\n", "\n")));
    assert!(text::is_clean(parsed(&letter).subject().unwrap()));
    assert!(!html.contains("<script") && !html.contains("<img"), "{html}");
    assert!(html.contains("&lt;script&gt;"), "{html}");
    assert!(text.contains("<script>") && !text.contains("&lt;"), "plain text is not HTML:\n{text}");
    assert!(text.contains("{{about.system}}"), "text from outside is no template:\n{text}");
    let raw = String::from_utf8_lossy(&letter.bytes).into_owned();
    let header = raw.split("\r\n\r\n").next().unwrap();
    assert!(!header.lines().any(|line| line.starts_with("Bcc")), "{header}");
    assert_eq!(parsed(&letter).to().unwrap().as_list().unwrap().len(), 1);
}

#[test]
fn evidence_cannot_feign_the_mails_own_lines_and_is_cut_with_a_word() {
    let long: String = (0..5_000).map(|line| format!("Ticket    MB-9999, Resolved, line {line}\n")).collect();
    let letter = letter(&view(&[opened("scada-01: check backup is critical", &long)]));
    let text = text_of(&letter);
    assert_eq!(text.lines().filter(|line| line.starts_with("Ticket ")).count(), 1, "{text}");
    assert!(text.contains("    ... (more in the ticket)\n") && text.contains("line 39\n"), "{text}");
    assert!(!text.contains("line 40\n"), "{text}");
    assert!(letter.bytes.len() < 32 * 1024, "{} bytes", letter.bytes.len());
    let one_line = "x".repeat(1 << 20);
    assert!(compose(&view(&[opened(&one_line, &one_line)]), &secret()).unwrap().bytes.len() < 16 * 1024);
}

#[test]
fn the_html_loads_nothing_from_elsewhere_and_says_what_the_text_says() {
    let html = html_of(&letter(&view(&[full()])));
    for remote in ["http:", "https:", "src=", "url(", "@import", "<link", "<script"] {
        assert!(!html.contains(remote), "{remote} in\n{html}");
    }
    for part in ["filesystem /var is 96 % full", "Stadtwerke Köln", "mailbeat-receiver tickets ack MB-1001"]
    {
        assert!(html.contains(part), "{part:?} is missing in\n{html}");
    }
}

/// The same view told to somebody who reads German.
fn german(view: &NotificationView) -> NotificationView {
    let mut view = view.clone();
    view.contact.locale = Some(Locale::De);
    view
}

#[test]
fn a_german_contact_reads_german_from_the_subject_to_the_footer() {
    let comment =
        TicketEvent { by: "Eva Müller".into(), ..event(30, What::Commented, "Alte Logs gelöscht.") };
    let mut view = german(&view(&[full(), event(20, What::Acknowledged, "no comment"), comment]));
    view.event = full();
    let told = letter(&view);
    keep("opened-de", &told);
    assert_eq!(
        parsed(&told).subject(),
        Some("[Mailbeat MB-1001] Hoch: scada-01 (Stadtwerke Köln): Dateisystem /var ist zu 96 % voll")
    );
    let text = text_of(&told);
    for part in [
        "Hoch: Dateisystem /var ist zu 96 % voll\n",
        "Bitte reagieren Sie innerhalb von 1 Stunde, also bis 22.11.2026, 04:00:00 UTC.\n",
        "Kunde     Stadtwerke Köln\n",
        "Seit      22.11.2026, 02:55:00 UTC\n",
        "eröffnet 22.11.2026, 03:00:00 UTC\n",
        "    system.filesystem.utilization von /var beträgt 96 % (Mittel über 85 %,\n    Hoch über 95 %,",
        "übernommen\n        ohne Kommentar\n",
        "kommentiert von Eva Müller\n        Alte Logs gelöscht.\n",
        "Mailbeat schreibt dies an Eva Müller",
    ] {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
    let resolved = letter(&german(&self::view(&[full(), event(125, What::Resolved, "it is over")])));
    keep("resolved-de", &resolved);
    let text = text_of(&resolved);
    assert!(
        text.starts_with("Behoben: Dateisystem /var ist zu 96 % voll\nDas Problem bestand 2 Stunden."),
        "{text}"
    );
    assert!(text.contains("    es ist vorbei\n"), "{text}");
}

#[test]
fn both_languages_say_the_same_in_text_and_html_and_fit_a_terminal() {
    let long =
        "scada-01: filesystem /srv/data/archive/2026/measurements/of-all-pumping-stations is 96.5 % full";
    let mut view =
        view(&[opened(long, &"word ".repeat(90)), event(5, What::BecameStale, "no longer reported")]);
    view.event = opened(long, &"word ".repeat(90));
    for view in [german(&view), view] {
        let letter = letter(&view);
        let (text, html) = (text_of(&letter), html_of(&letter));
        let lang = view.contact.locale.unwrap_or_default();
        assert!(html.contains(&format!("<html lang=\"{lang}\">")), "{html}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(html.contains("color-scheme") && html.contains("prefers-color-scheme: dark"), "{html}");
        for part in ["MB-1001", "KOELN-2026-001", "tickets ack MB-1001", "/srv/data/archive/2026"] {
            assert!(text.contains(part) && html.contains(part), "{part} is missing in\n{text}\n{html}");
        }
        assert!(letter.bytes.len() < 32 * 1024, "{} bytes", letter.bytes.len());
    }
}

#[test]
fn an_address_that_is_none_is_an_error_that_names_it() {
    let mut view = view(&[full()]);
    view.contact.email = "nobody".into();
    assert!(compose(&view, &secret()).unwrap_err().to_string().contains("\"nobody\""));
}

/// A delivery status notification as Postfix writes it about `returned`; `headers_only` as with `bounce_size_limit`.
fn postfix_bounce(returned: &[u8], action: &str, headers_only: bool) -> Vec<u8> {
    let returned = String::from_utf8_lossy(returned).into_owned();
    let (kind, returned) = match headers_only {
        true => ("text/rfc822-headers", returned.split("\r\n\r\n").next().unwrap().to_owned() + "\r\n"),
        false => ("message/rfc822", returned),
    };
    format!(
        "Return-Path: <>\r\nDate: Sun, 22 Nov 2026 03:01:00 +0000 (UTC)\r\n\
         From: MAILER-DAEMON@mx.vendor.example (Mail Delivery System)\r\n\
         Subject: Undelivered Mail Returned to Sender\r\nTo: mailbeat@vendor.example\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"4C1F2.1795316460/mx.vendor.example\"\r\n\
         Message-Id: <20261122030100.4C1F3@mx.vendor.example>\r\n\r\n\
         This is a MIME-encapsulated message.\r\n\r\n\
         --4C1F2.1795316460/mx.vendor.example\r\nContent-Description: Notification\r\n\
         Content-Type: text/plain; charset=us-ascii\r\n\r\nThis is the mail system at host mx.vendor.example.\r\n\r\n\
         --4C1F2.1795316460/mx.vendor.example\r\nContent-Description: Delivery report\r\n\
         Content-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.vendor.example\r\nX-Postfix-Queue-ID: 4C1F2\r\n\
         X-Postfix-Sender: rfc822; mailbeat@vendor.example\r\n\r\n\
         Final-Recipient: rfc822; eva@vendor.example\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
         Remote-MTA: dns; mail.vendor.example\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 <eva@vendor.example>: Recipient address rejected\r\n\r\n\
         --4C1F2.1795316460/mx.vendor.example\r\nContent-Description: Undelivered Message\r\n\
         Content-Type: {kind}\r\n\r\n{returned}\r\n\
         --4C1F2.1795316460/mx.vendor.example--\r\n"
    )
    .into_bytes()
}

#[test]
fn a_bounce_of_the_third_mail_of_a_thread_is_recognised_as_that_mails() {
    let first = letter(&view(&[full()]));
    let mut later = view(&[full(), event(5, What::Resolved, "fine")]);
    later.earlier = vec![first.message_id];
    for headers_only in [false, true] {
        let mail = postfix_bounce(&letter(&later).bytes, "failed", headers_only);
        let Extracted::Other(Other::Bounce(bounce)) = extract(&mail) else {
            panic!("not taken for a bounce: {:?}", extract(&mail))
        };
        let ours = recognise(&bounce, &secret()).unwrap();
        assert_eq!((ours.id, ours.failed), (later.id, true));
        assert!(ours.diagnostic.contains("550 5.1.1"), "{}", ours.diagnostic);
    }
}

#[test]
fn a_bounce_that_only_says_late_is_no_failure_and_a_forged_one_is_none_of_ours() {
    let letter = letter(&view(&[full()]));
    let recognised = |returned: &[u8], secret: &NotificationSecret| match extract(&postfix_bounce(
        returned, "delayed", false,
    )) {
        Extracted::Other(Other::Bounce(bounce)) => recognise(&bounce, secret),
        other => panic!("not taken for a bounce: {other:?}"),
    };
    assert!(!recognised(&letter.bytes, &secret()).unwrap().failed);
    let forged = String::from_utf8(letter.bytes.clone()).unwrap().replace("mb-1001-1-3-", "mb-1001-1-4-");
    assert_eq!(recognised(forged.as_bytes(), &secret()), None);
    assert_eq!(recognised(&letter.bytes, &NotificationSecret::from_random([9; 32])), None);
}
