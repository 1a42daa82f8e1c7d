//! The German of what both programs' wizards say.

use super::providers::{APP_PASSWORD, BASIC_ENDED, BASIC_ENDS, BY_DNS, SWITCH_ON};
use crate::phrases::Phrase;

/// All of it.
pub const PHRASES: &[Phrase] = &[
    (
        BY_DNS,
        "Der DNS nennt diesen Server für Ihre Domain; sehen Sie nach, ob es Ihrer ist, bevor Sie ihm ein Passwort geben.",
    ),
    ("the file cannot be read: {}", "die Datei ist nicht lesbar: {1}"),
    ("Whose account is it?", "Wessen Konto ist es?"),
    ("Microsoft 365", "Microsoft 365"),
    ("Google", "Google"),
    ("Another provider's", "Eines anderen Anbieters"),
    (
        "The manual has a page for each (docs/mail-microsoft.md, mail-google.md, mail-oauth.md).",
        "Das Handbuch hat zu jedem eine Seite (docs/mail-microsoft.md, mail-google.md, mail-oauth.md).",
    ),
    ("The OAuth server's address (issuer):", "Adresse des OAuth-Servers (Issuer):"),
    (
        "As in https://id.acme.example/realms/mail; its endpoints are found from there.",
        "Wie https://id.acme.example/realms/mail; die Endpunkte finden sich von dort.",
    ),
    (
        "an address is needed that begins with https://",
        "eine Adresse wird gebraucht, die mit https:// beginnt",
    ),
    ("Scopes:", "Scopes:"),
    (
        "What the mail server wants, with blanks between; offline_access where a person signs in.",
        "Was der Mailserver verlangt, mit Leerzeichen dazwischen; offline_access, wo sich ein Mensch anmeldet.",
    ),
    ("Tenant:", "Mandant:"),
    ("The directory's id or one of its domains.", "Die ID des Verzeichnisses oder eine seiner Domains."),
    ("Who agrees that the account is used?", "Wer stimmt zu, dass das Konto benutzt wird?"),
    (
        "The application itself, by a certificate (best for a server)",
        "Die Anwendung selbst, mit einem Zertifikat (am besten für einen Server)",
    ),
    ("The application itself, by a secret", "Die Anwendung selbst, mit einem Geheimnis"),
    ("A person, in a browser", "Ein Mensch, im Browser"),
    (
        "A person, by a code at another device (often forbidden at Microsoft)",
        "Ein Mensch, mit einem Code an einem anderen Gerät (bei Microsoft oft verboten)",
    ),
    (
        "A service account with domain-wide delegation (Google Workspace)",
        "Ein Dienstkonto mit domainweiter Delegierung (Google Workspace)",
    ),
    ("The application's id (client id):", "Die ID der Anwendung (Client-ID):"),
    ("From the application's page at the provider.", "Von der Seite der Anwendung beim Anbieter."),
    ("Certificate (PEM file):", "Zertifikat (PEM-Datei):"),
    ("The certificate's key (PEM file):", "Schlüssel des Zertifikats (PEM-Datei):"),
    ("File with the application's secret:", "Datei mit dem Geheimnis der Anwendung:"),
    ("Key of the service account (JSON file):", "Schlüssel des Dienstkontos (JSON-Datei):"),
    ("this is needed", "das wird gebraucht"),
    (
        "a mail address is needed, as in scada-01@acme.example",
        "eine Mailadresse wird gebraucht, wie scada-01@acme.example",
    ),
    (
        APP_PASSWORD,
        "Dieser Anbieter nimmt kein gewöhnliches Passwort: in den Sicherheitseinstellungen des Kontos ein App-Passwort anlegen.",
    ),
    (
        BASIC_ENDS,
        "Microsoft schaltet Passwörter für das Senden per SMTP ab: sagt der Test das, das Konto per OAuth nehmen.",
    ),
    (BASIC_ENDED, "Microsoft nimmt zum Lesen von Mail keine Passwörter mehr: das Konto per OAuth nehmen."),
    (
        SWITCH_ON,
        "Bei diesem Anbieter muss der Zugriff anderer Programme zuerst in den Kontoeinstellungen eingeschaltet werden.",
    ),
    ("Mail server:", "Mailserver:"),
    (
        "Proposed from the address; correct it if yours has another name.",
        "Aus der Adresse vorgeschlagen; berichtigen, wenn Ihrer anders heißt.",
    ),
    (
        "a host name or an address is needed; the port comes later",
        "ein Hostname oder eine Adresse wird gebraucht; der Port kommt später",
    ),
    ("How is the connection made private?", "Wie wird die Verbindung privat?"),
    ("STARTTLS, port 587 (usual)", "STARTTLS, Port 587 (üblich)"),
    ("TLS from the first byte, port 993 (usual)", "TLS ab dem ersten Byte, Port 993 (üblich)"),
    ("STARTTLS, port 143", "STARTTLS, Port 143"),
    ("No TLS: the server is this machine, port 143", "Kein TLS: der Server ist diese Maschine, Port 143"),
    ("TLS from the first byte, port 465", "TLS ab dem ersten Byte, Port 465"),
    ("TLS if offered, without a password, port 25", "TLS, wenn angeboten, ohne Passwort, Port 25"),
    (
        "No TLS, in a network you trust, without a password, port 25",
        "Kein TLS, in einem vertrauten Netz, ohne Passwort, Port 25",
    ),
    ("Port:", "Port:"),
    ("a port is a number from 1 to 65535", "ein Port ist eine Zahl von 1 bis 65535"),
    ("User name:", "Benutzername:"),
    (
        "Often the whole mail address; empty if the server takes mail without logon.",
        "Oft die ganze Mailadresse; leer, wenn der Server Mail ohne Anmeldung nimmt.",
    ),
    ("Often the whole mail address.", "Oft die ganze Mailadresse."),
    ("Password:", "Passwort:"),
    ("Empty keeps the one that is set.", "Leer behält das gesetzte."),
    (
        "It is written into a file that only the service may read.",
        "Es kommt in eine Datei, die nur der Dienst lesen darf.",
    ),
    ("How is the server's certificate believed?", "Wem beim Zertifikat des Servers glauben?"),
    ("By the system's authorities (usual)", "Den Stellen des Systems (üblich)"),
    ("By your own authority (a CA file)", "Einer eigenen Stelle (CA-Datei)"),
    ("By its fingerprint (self-signed)", "Seinem Fingerabdruck (selbstsigniert)"),
    ("CA file:", "CA-Datei:"),
    ("The service must be able to read it.", "Der Dienst muss sie lesen können."),
    (
        "no certificate in this file; it must be PEM (-----BEGIN CERTIFICATE-----)",
        "kein Zertifikat in dieser Datei; sie muss PEM sein (-----BEGIN CERTIFICATE-----)",
    ),
    ("Fingerprint:", "Fingerabdruck:"),
    (
        "As sha256:..., compared with the server's administrator.",
        "Als sha256:..., verglichen mit dem Administrator des Servers.",
    ),
    ("Go on where you stopped?", "Weitermachen, wo Sie aufhörten?"),
    ("\nThese lines of {} change:", "\nDiese Zeilen von {1} ändern sich:"),
    ("\nNothing changes in {}.", "\nIn {1} ändert sich nichts."),
    ("The password goes into {}.", "Das Passwort kommt in {1}."),
    ("Write this?", "So schreiben?"),
    (
        "Nothing was written. Your answers are kept for the next time in {}, without the password.",
        "Nichts wurde geschrieben. Ihre Antworten liegen für das nächste Mal in {1}, ohne das Passwort.",
    ),
    ("How to go on?", "Wie weiter?"),
    ("Test again", "Noch einmal testen"),
    ("Go on all the same", "Trotzdem weiter"),
    ("Stop here", "Hier aufhören"),
    ("The service was not started: {}", "Der Dienst wurde nicht gestartet: {1}"),
    (
        "What was written stays. Your other answers are kept for the next time in {}, without the password.",
        "Das Geschriebene bleibt. Ihre übrigen Antworten liegen für das nächste Mal in {1}, ohne das Passwort.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_has_a_german_one_that_fills_its_holes() {
        assert_eq!(crate::phrases::faults(PHRASES), Vec::<String>::new());
    }
}
