//! What a mail about a ticket says, event by event.

use super::*;

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
        (What::SeenAgain { since: None }, "reported again\n"),
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
fn an_address_that_is_none_is_an_error_that_names_it() {
    let mut view = view(&[full()]);
    view.contact.email = "nobody".into();
    assert!(compose(&view, &secret()).unwrap_err().to_string().contains("\"nobody\""));
}
