//! What steps say in German. Sentences with `{}` have holes; see [`crate::phrases`].

use crate::advice::{self, Advice};
use crate::dns;
use crate::phrases::Phrase;
use crate::transport;

/// Why a step was not tried after one that failed.
pub const EARLIER: &str = "a step before failed";

/// What a certificate near its end is worth.
#[must_use]
pub fn certificate_ends() -> Advice {
    Advice::new(
        "The server's certificate ends soon; after that nothing is sent or read over this connection.",
        "Renew the server's certificate, or ask its administrator to.",
    )
}

/// What pages say besides advice about servers.
const PHRASES: &[Phrase] = &[
    (EARLIER, "ein Schritt davor schlug fehl"),
    (
        "The server's certificate ends soon; after that nothing is sent or read over this connection.",
        "Das Zertifikat des Servers läuft bald ab; danach geht über diese Verbindung nichts mehr.",
    ),
    (
        "Renew the server's certificate, or ask its administrator to.",
        "Das Zertifikat des Servers erneuern oder seinen Administrator darum bitten.",
    ),
    ("route {}", "Route {1}"),
    ("mailbox {}", "Postfach {1}"),
    ("outgoing mail", "Ausgehende Mail"),
    ("settings", "Einstellungen"),
    ("name (DNS)", "Name (DNS)"),
    ("connection (TCP)", "Verbindung (TCP)"),
    ("proxy", "Proxy"),
    ("opened the way to {}", "hat den Weg zu {1} geöffnet"),
    ("greeting", "Begrüßung"),
    ("introduction (EHLO)", "Vorstellung (EHLO)"),
    ("capabilities", "Fähigkeiten"),
    ("token", "Token"),
    ("authentication", "Anmeldung"),
    ("size limit", "Größenlimit"),
    ("sender", "Absender"),
    ("recipient", "Empfänger"),
    ("message", "Nachricht"),
    ("confirmation", "Bestätigung"),
    ("quota", "Quota"),
    ("folder {}", "Ordner {1}"),
    ("good until {t}", "gültig bis {1}"),
    ("good until the provider ends it", "gültig, bis der Anbieter es beendet"),
    ("takes mails of up to {n}", "nimmt Mails bis {1}"),
    ("states none", "nennt keines"),
    (
        "System reports of this host may be larger; what does not fit is named in the report and left out.",
        "Systemberichte dieses Hosts können größer sein; was nicht passt, wird im Bericht genannt und weggelassen.",
    ),
    (
        "Ask the mail server's administrator for a limit of at least 8 MiB, or watch fewer files.",
        "Den Administrator des Mailservers um ein Limit von mindestens 8 MiB bitten, oder weniger Dateien überwachen.",
    ),
];

/// All German sentences of this crate's steps and advice.
pub(super) fn phrases() -> impl Iterator<Item = Phrase> {
    let connection = transport::PHRASES.iter().copied();
    PHRASES.iter().copied().chain(connection).chain(advice::server::phrases()).chain(dns::phrases())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phrases::faults;

    #[test]
    fn every_translation_fills_the_holes_of_its_sentence() {
        let all: Vec<Phrase> = phrases().collect();
        assert_eq!(faults(&all), Vec::<String>::new());
        assert!(all.iter().all(|(english, german)| !english.is_empty() && !german.is_empty()));
    }
}
