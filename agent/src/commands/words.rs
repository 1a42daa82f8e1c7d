//! The German of what `activate` shows and asks: what a person agrees to they read in their own language, line by line.

use mailbeat_shared::phrases::{self, Phrase};

use super::test;

const OWN: &[Phrase] = &[
    (
        "Contract {} (revision {}) of {} with {}, valid {p}",
        "Vertrag {1} (Revision {2}) von {3} mit {4}, gültig {5}",
    ),
    ("until revoked", "bis auf Widerruf"),
    ("until {t}", "bis {1}"),
    ("Vendor's key: {}", "Schlüssel des Herstellers: {1}"),
    ("Reports go to: {}", "Berichte gehen an: {1}"),
    ("By: no route yet", "Über: noch keine Route"),
    ("By: {p}", "Über: {1}"),
    ("{p}, then {p}", "{1}, dann {2}"),
    ("{} (from {})", "{1} (von {2})"),
    ("A heartbeat every {n} s with: {l}", "Ein Heartbeat alle {1} s mit: {2}"),
    (
        "A system report every {n} s with the watched files after redaction; secrets are replaced by fingerprints",
        "Ein Systembericht alle {1} s mit den beobachteten Dateien nach der Schwärzung; Geheimnisse werden durch Fingerabdrücke ersetzt",
    ),
    (
        "A system report every {n} s with {l} and the watched files after redaction; secrets are replaced by fingerprints",
        "Ein Systembericht alle {1} s mit {2} und den beobachteten Dateien nach der Schwärzung; Geheimnisse werden durch Fingerabdrücke ersetzt",
    ),
    ("Watched files: nothing", "Beobachtete Dateien: keine"),
    ("Watched files: {}", "Beobachtete Dateien: {1}"),
    ("Note: {}", "Hinweis: {1}"),
    (
        "`mailbeat-agent disclose` says of each item what it is for. Everything can be switched off singly in agent.toml.",
        "`mailbeat-agent disclose` sagt zu jeder Position, wofür sie ist. In agent.toml lässt sich jede einzeln ausschalten.",
    ),
    ("Do you agree that this is sent?", "Stimmen Sie zu, dass dies gesendet wird?"),
    ("Do you agree that this is sent to {}, too?", "Stimmen Sie zu, dass auch dies an {1} gesendet wird?"),
    ("The vendor's key is not known here yet.", "Der Schlüssel des Herstellers ist hier noch nicht bekannt."),
    ("  Fingerprint: {}", "  Fingerabdruck: {1}"),
    ("  Reports go to: {}", "  Berichte gehen an: {1}"),
    (
        "Compare the fingerprint with what {} told you by another way. Is it the same? [yes/no] ",
        "Den Fingerabdruck mit dem vergleichen, was {1} Ihnen auf anderem Weg gesagt hat. Ist er derselbe? [ja/nein] ",
    ),
    ("Activated. This system is {}.", "Aktiviert. Dieses System ist {1}."),
    (
        "Renewed: revision {} is in force. The consent stands as it was.",
        "Verlängert: Revision {1} ist in Kraft. Die Zustimmung gilt, wie sie war.",
    ),
    (
        "The running agent takes it over within two seconds; see `mailbeat-agent status`.",
        "Der laufende Agent übernimmt es binnen zwei Sekunden; siehe `mailbeat-agent status`.",
    ),
    (
        "The first reports were accepted by your mail server (route {}): {}",
        "Die ersten Berichte hat Ihr Mailserver angenommen (Route {1}): {2}",
    ),
    ("The first reports wait in the queue: route {}: {}", "Die ersten Berichte warten: Route {1}: {2}"),
    ("`mailbeat-agent run` tries again.", "`mailbeat-agent run` versucht es wieder."),
    ("Now start the service: {}", "Jetzt den Dienst starten: {1}"),
    (
        "Everything that is switched on was agreed to; nothing is withheld.",
        "Allem, was eingeschaltet ist, wurde zugestimmt; nichts wird zurückgehalten.",
    ),
    ("New since {} agreed under contract {}:", "Neu, seit {1} unter Vertrag {2} zugestimmt hat:"),
    ("Agreed. It is sent with the next reports.", "Zugestimmt. Es geht mit den nächsten Berichten."),
    ("nothing was changed", "nichts wurde geändert"),
];

/// All of it, with what the items are called.
const PHRASES: &[Phrase] =
    &phrases::joined::<{ OWN.len() + test::words::PHRASES.len() }>(OWN, test::words::PHRASES);

/// Lines in this language; what nobody translated stays.
pub(super) fn said(lines: &str, locale: mailbeat_shared::locale::Locale) -> String {
    if locale == mailbeat_shared::locale::Locale::En {
        return lines.to_owned();
    }
    let line = |line: &str| match line.strip_suffix('\n') {
        Some(sentence) => phrases::translated(sentence, PHRASES, locale) + "\n",
        None => phrases::translated(line, PHRASES, locale),
    };
    lines.split_inclusive('\n').map(line).collect()
}

#[cfg(test)]
mod tests {
    use mailbeat_shared::locale::Locale;

    use super::*;

    #[test]
    fn what_a_person_agrees_to_is_said_in_german_with_the_names_of_the_items() {
        assert_eq!(phrases::faults(PHRASES), Vec::<String>::new());
        let english = "Contract A-1 (revision 2) of ACME with Pumpen GmbH, valid until 2027-01-01T00:00:00Z\nBy: office (from a@x.test), then relay (from b@x.test)\nA heartbeat every 3600 s with: cpu, disk io\nDo you agree that this is sent?";
        assert_eq!(
            said(english, Locale::De),
            "Vertrag A-1 (Revision 2) von ACME mit Pumpen GmbH, gültig bis 01.01.2027, 00:00:00 UTC\nÜber: office (von a@x.test), dann relay (von b@x.test)\nEin Heartbeat alle 3600 s mit: CPU, Plattenzugriffe\nStimmen Sie zu, dass dies gesendet wird?"
        );
        assert_eq!(said(english, Locale::En), english);
        // Every kind of item is called something in German, also where that is the same word.
        for item in crate::item::Item::ALL {
            assert!(phrases::translate(item.name(), PHRASES, Locale::De).is_some(), "{}", item.name());
        }
    }
}
