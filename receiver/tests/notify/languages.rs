//! The same mail in English and German, in text and HTML.

use mailbeat_shared::locale::Locale;

use super::*;

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
