//! The German of what a connection shows and of how it fails. What a server said itself stays as it is.

use crate::phrases::Phrase;

/// All of it, and the longer of two that fit first; who says it is [`super::tls`], [`super::dial`], [`super::outcome`] and [`crate::steps`].
pub(crate) const PHRASES: &[Phrase] = &[
    ("name not found: {p}", "Name nicht gefunden: {1}"),
    ("connection refused: {p}", "Verbindung abgelehnt: {1}"),
    ("no answer in time: {p}", "keine rechtzeitige Antwort: {1}"),
    ("connection closed: {p}", "Verbindung geschlossen: {1}"),
    ("not reachable: {p}", "nicht erreichbar: {1}"),
    ("TLS too old: {p}", "TLS zu alt: {1}"),
    ("certificate for another name: {p}", "Zertifikat für einen anderen Namen: {1}"),
    ("certificate not valid now: {p}", "Zertifikat jetzt nicht gültig: {1}"),
    ("certificate from an unknown issuer: {p}", "Zertifikat von einer unbekannten Stelle: {1}"),
    ("certificate is not the pinned one: {p}", "Zertifikat ist nicht das festgelegte: {1}"),
    ("TLS not offered: {p}", "TLS nicht angeboten: {1}"),
    ("TLS required: {p}", "TLS verlangt: {1}"),
    ("not TLS: {p}", "kein TLS: {1}"),
    ("TLS failed: {p}", "TLS gescheitert: {1}"),
    ("{p}; the server showed: {p}", "{1}; der Server zeigte: {2}"),
    ("the certificate has expired", "das Zertifikat ist abgelaufen"),
    (
        "the certificate is not valid yet, or this machine's clock is wrong",
        "das Zertifikat gilt noch nicht, oder die Uhr dieser Maschine geht falsch",
    ),
    (
        "the certificate is not for {}: it has no alternative names, only a CN",
        "das Zertifikat ist nicht für {1}: es hat keine alternativen Namen, nur einen CN",
    ),
    ("the certificate is not for {}", "das Zertifikat ist nicht für {1}"),
    (
        "no authority known here has issued the certificate",
        "keine hier bekannte Stelle hat das Zertifikat ausgestellt",
    ),
    (
        "the certificate is an authority's own, not one issued to a server",
        "das Zertifikat ist das einer Stelle selbst, keines für einen Server",
    ),
    ("the certificate is not usable: {}", "das Zertifikat ist nicht zu gebrauchen: {1}"),
    ("the pinned certificate is {}", "das festgelegte Zertifikat ist {1}"),
    (
        "{} answered the TLS handshake with something else: {}",
        "{1} hat auf den TLS-Handshake anders geantwortet: {2}",
    ),
    (
        "{} has no TLS version and cipher in common with us: {}",
        "{1} hat keine TLS-Version und keine Verschlüsselung mit uns gemeinsam: {2}",
    ),
    (
        "{} did not finish the TLS handshake within {n} s",
        "{1} hat den TLS-Handshake nicht binnen {2} s beendet",
    ),
    ("TLS handshake with {}: {}", "TLS-Handshake mit {1}: {2}"),
    ("{} has no address: {p}", "{1} hat keine Adresse: {2}"),
    ("no answer from DNS in time", "keine rechtzeitige Antwort vom DNS"),
    ("the name exists without one", "den Namen gibt es ohne eine"),
    ("connecting to {}: {}", "Verbinden mit {1}: {2}"),
    ("{}: no answer to the connection within {n} s", "{1}: keine Antwort auf die Verbindung binnen {2} s"),
    ("{}: no answer to {} within {n} s", "{1}: keine Antwort auf {2} binnen {3} s"),
    (
        "{p}, certificate {p}, valid until {} ({n} days left), sha256:{}",
        "{1}, Zertifikat {2}, gültig bis {3} (noch {4} Tage), sha256:{5}",
    ),
    ("{p}, certificate {p}, expired on {}, sha256:{}", "{1}, Zertifikat {2}, abgelaufen am {3}, sha256:{4}"),
    ("{p}, certificate {p}, valid until {}, sha256:{}", "{1}, Zertifikat {2}, gültig bis {3}, sha256:{4}"),
    ("{p}, certificate {p}, sha256:{}", "{1}, Zertifikat {2}, sha256:{3}"),
    ("{p}, unreadable certificate, sha256:{}", "{1}, unlesbares Zertifikat, sha256:{2}"),
    ("certificate {p}, valid until {t}, sha256:{}", "Zertifikat {1}, gültig bis {2}, sha256:{3}"),
    ("certificate {p}, sha256:{}", "Zertifikat {1}, sha256:{2}"),
    ("unreadable certificate, sha256:{}", "unlesbares Zertifikat, sha256:{1}"),
    ("TLS {} (not verified)", "TLS {1} (nicht geprüft)"),
    ("{} for {}, issued by {}", "{1} für {2}, ausgestellt von {3}"),
    ("{} for {}, self-signed", "{1} für {2}, selbstsigniert"),
    ("CN={}, issued by {}", "CN={1}, ausgestellt von {2}"),
    ("CN={}, self-signed", "CN={1}, selbstsigniert"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locale::Locale;
    use crate::phrases::translate;

    fn german(sentence: &str) -> String {
        translate(sentence, PHRASES, Locale::De).unwrap_or_else(|| panic!("no German for {sentence}"))
    }

    #[test]
    fn what_a_certificate_says_is_told_in_german_and_its_names_stay() {
        for (sentence, words) in [
            (
                "TLS 1.3, certificate CN=mail.x for mail.x, 192.0.2.7, issued by CN=Lab, O=X, valid until 2026-12-27 (29 days left), sha256:0a",
                "TLS 1.3, Zertifikat CN=mail.x für mail.x, 192.0.2.7, ausgestellt von CN=Lab, O=X, gültig bis 2026-12-27 (noch 29 Tage), sha256:0a",
            ),
            (
                "TLS 1.2 (not verified), certificate CN=mail.x, self-signed, expired on 2026-12-27, sha256:0a",
                "TLS 1.2 (nicht geprüft), Zertifikat CN=mail.x, selbstsigniert, abgelaufen am 2026-12-27, sha256:0a",
            ),
            ("TLS 1.3, unreadable certificate, sha256:0a", "TLS 1.3, unlesbares Zertifikat, sha256:0a"),
            (
                "certificate from an unknown issuer: no authority known here has issued the certificate; the server showed: certificate CN=mail.x for mail.x, issued by CN=Lab, valid until 2026-12-27T08:00:00Z, sha256:0a",
                "Zertifikat von einer unbekannten Stelle: keine hier bekannte Stelle hat das Zertifikat ausgestellt; der Server zeigte: Zertifikat CN=mail.x für mail.x, ausgestellt von CN=Lab, gültig bis 27.12.2026, 08:00:00 UTC, sha256:0a",
            ),
            (
                "certificate for another name: the certificate is not for mail.x; the server showed: certificate CN=y for y, self-signed, sha256:0a",
                "Zertifikat für einen anderen Namen: das Zertifikat ist nicht für mail.x; der Server zeigte: Zertifikat CN=y für y, selbstsigniert, sha256:0a",
            ),
            (
                "no answer in time: 192.0.2.7:993: no answer to the connection within 10 s",
                "keine rechtzeitige Antwort: 192.0.2.7:993: keine Antwort auf die Verbindung binnen 10 s",
            ),
        ] {
            assert_eq!(german(sentence), words);
        }
        assert_eq!(crate::phrases::faults(PHRASES), Vec::<String>::new());
    }
}
