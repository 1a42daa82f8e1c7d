//! The German of what `activate` shows and asks, and of `status`: what a person agrees to they read in their own language, line by
//! line.

use mailbeat_shared::locale::Locale;
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
        "Ein Systembericht alle {1} s mit den überwachten Dateien nach der Schwärzung; Geheimnisse werden durch Fingerabdrücke ersetzt",
    ),
    (
        "A system report every {n} s with {l} and the watched files after redaction; secrets are replaced by fingerprints",
        "Ein Systembericht alle {1} s mit {2} und den überwachten Dateien nach der Schwärzung; Geheimnisse werden durch Fingerabdrücke ersetzt",
    ),
    ("Watched files: nothing", "Überwachte Dateien: keine"),
    ("Watched files: {}", "Überwachte Dateien: {1}"),
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
        "Reports were accepted by your mail server (route {}): {}",
        "Ihr Mailserver hat Berichte angenommen (Route {1}): {2}",
    ),
    ("Reports wait in the queue: route {}: {}", "Berichte warten: Route {1}: {2}"),
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

/// What `status` says, the longer of two that fit first.
const STATUS: &[Phrase] = &[
    ("mailbeat-agent: {p}", "mailbeat-agent: {1}"),
    (
        "not activated; nothing is sent. `mailbeat-agent activate FILE`",
        "nicht aktiviert; nichts wird gesendet. `mailbeat-agent activate DATEI`",
    ),
    ("hindered", "gehindert"),
    (
        "the last attempt to send failed; it is tried again",
        "das letzte Senden ging nicht; es wird wieder versucht",
    ),
    ("well", "gut"),
    ("the agent does not run: {}", "der Agent läuft nicht: {1}"),
    ("enrollment due since {t}, not made; see {}", "Anmeldung fällig seit {1}, nicht gemacht; siehe {2}"),
    ("heartbeat due since {t}, not made; see {}", "Heartbeat fällig seit {1}, nicht gemacht; siehe {2}"),
    (
        "system report due since {t}, not made; see {}",
        "Systembericht fällig seit {1}, nicht gemacht; siehe {2}",
    ),
    (
        "{} was edited after the agent started: restart it",
        "{1} wurde nach dem Start des Agenten geändert: bitte neu starten",
    ),
    ("Contract:", "Vertrag:"),
    ("Reports:", "Berichte:"),
    ("Last:", "Zuletzt:"),
    ("Queue:", "Wartet:"),
    ("Next:", "Nächste:"),
    ("Items:", "Position:"),
    ("Checks:", "Prüfungen:"),
    ("Muted:", "Stumm:"),
    ("Failed:", "Fehler:"),
    ("Uses:", "Braucht:"),
    ("State:", "Zustand:"),
    (
        "{} (revision {}) of {} with {}, until {t}, {n} days left",
        "{1} (Revision {2}) von {3} mit {4}, bis {5}, noch {6} Tage",
    ),
    ("{} (revision {}) of {} with {}, until revoked", "{1} (Revision {2}) von {3} mit {4}, bis auf Widerruf"),
    ("it ends soon; ask {} for a renewal", "er endet bald; {1} um eine Verlängerung bitten"),
    (
        "to {}, heartbeat every {n} s, system report every {n} s",
        "an {1}, Heartbeat alle {2} s, Systembericht alle {3} s",
    ),
    (
        "#{n} accepted by your mail server at {t} (route {}): {}",
        "#{1} von Ihrem Mailserver angenommen am {2} (Route {3}): {4}",
    ),
    ("nothing was accepted by a mail server yet", "noch nichts von einem Mailserver angenommen"),
    ("instead of {}", "statt {1}"),
    ("{n} waiting, {}, the oldest of {t}", "{1} in der Warteschlange, {2}, der älteste vom {3}"),
    ("{n} waiting, {}", "{1} in der Warteschlange, {2}"),
    ("heartbeat {p}, system report {p}", "Heartbeat {1}, Systembericht {2}"),
    ("now", "jetzt"),
    ("{t}", "{1}"),
    ("{p} on", "{1} an"),
    ("{p} off", "{1} aus"),
    ("{p} WITHHELD", "{1} ZURÜCKGEHALTEN"),
    ("{n} of {n} are OK", "{1} von {2} sind OK"),
    ("{} of memory, {n} s of CPU in {}", "{1} Speicher, {2} s CPU in {3}"),
    ("{n} reports, {}", "{1} Berichte, {2}"),
];

const BOTH: &[Phrase] = &phrases::joined::<{ OWN.len() + STATUS.len() }>(OWN, STATUS);

/// All of it, with what the items are called.
const PHRASES: &[Phrase] =
    &phrases::joined::<{ BOTH.len() + test::words::PHRASES.len() }>(BOTH, test::words::PHRASES);

/// Lines in this language; what nobody translated stays.
pub(super) fn said(lines: &str, locale: Locale) -> String {
    if locale == Locale::En {
        return lines.to_owned();
    }
    let line = |line: &str| match line.strip_suffix('\n') {
        Some(sentence) => phrases::translated(sentence, PHRASES, locale) + "\n",
        None => phrases::translated(line, PHRASES, locale),
    };
    lines.split_inclusive('\n').map(line).collect()
}

/// The same for lines that begin with a label of so many columns: label and text each by itself, and of a list each part.
pub(super) fn said_in_columns(lines: &str, label: usize, locale: Locale) -> String {
    if locale == Locale::En {
        return lines.to_owned();
    }
    let one = |sentence: &str| phrases::translated(sentence, PHRASES, locale);
    let line = |line: &str| match line.split_at_checked(label) {
        Some((head, list)) if head.trim_end() == "Items:" => {
            format!("{:<label$}{}\n", one("Items:"), list.split(", ").map(one).collect::<Vec<_>>().join(", "))
        }
        Some((head, text)) if head.ends_with(' ') => {
            format!("{:<label$}{}\n", one(head.trim_end()), one(text))
        }
        _ => one(line) + "\n",
    };
    lines.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
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
        let status = "mailbeat-agent: hindered\n           the agent does not run: systemctl start mailbeat-agent\n           heartbeat due since 2026-11-28T17:18:05Z, not made; see journalctl -u mailbeat-agent\n           agent.toml was edited after the agent started: restart it\nNext:      heartbeat now, system report 2026-11-28T17:53:05Z\nItems:     cpu on, watched files off\nUnreadable:/etc/x\nTrail:     3 reports, 69 KiB\n";
        assert_eq!(
            said_in_columns(status, 11, Locale::De),
            "mailbeat-agent: gehindert\n           der Agent läuft nicht: systemctl start mailbeat-agent\n           Heartbeat fällig seit 28.11.2026, 17:18:05 UTC, nicht gemacht; siehe journalctl -u mailbeat-agent\n           agent.toml wurde nach dem Start des Agenten geändert: bitte neu starten\nNächste:   Heartbeat jetzt, Systembericht 28.11.2026, 17:53:05 UTC\nPosition:  CPU an, überwachte Dateien aus\nUnreadable:/etc/x\nTrail:     3 Berichte, 69 KiB\n"
        );
        assert_eq!(said_in_columns(status, 11, Locale::En), status);
        // Every kind of item is called something in German, also where that is the same word.
        for item in crate::item::Item::ALL {
            assert!(phrases::translate(item.name(), PHRASES, Locale::De).is_some(), "{}", item.name());
        }
    }
}
