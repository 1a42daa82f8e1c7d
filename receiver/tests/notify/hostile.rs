//! Text from outside stays text: it steers nothing, forges nothing, loads nothing and does not grow without end.

use mailbeat_shared::locale::Locale;
use mailbeat_shared::text;

use super::*;

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
