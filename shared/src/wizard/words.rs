//! The German of what both programs' wizards say.

use super::providers::{APP_PASSWORD, BASIC_ENDED, BASIC_ENDS, BY_DNS, SWITCH_ON};
use crate::phrases::Phrase;

/// All of it.
pub const PHRASES: &[Phrase] = &[
    (
        BY_DNS,
        "Das DNS nennt diesen Server für Ihre Domain; sehen Sie nach, ob es Ihrer ist, bevor Sie ihm ein Passwort geben.",
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
        "Proposed from the address. NAME:PORT where the port is an unusual one.",
        "Aus der Adresse vorgeschlagen. NAME:PORT, wo der Port ein unüblicher ist.",
    ),
    (
        "a server is needed, as in mail.acme.example or mail.acme.example:2587",
        "ein Server wird gebraucht, wie mail.acme.example oder mail.acme.example:2587",
    ),
    ("Is that right?", "Stimmt das?"),
    ("n asks for each of these.", "n fragt nach jedem davon."),
    ("Port {}, {p}, user {}, certificate by {p}.", "Port {1}, {2}, Benutzer {3}, Zertifikat nach {4}."),
    ("Port {}, {p}, no logon, certificate by {p}.", "Port {1}, {2}, keine Anmeldung, Zertifikat nach {3}."),
    ("Port {}, {p}, no logon.", "Port {1}, {2}, keine Anmeldung."),
    ("Port {}, {p}, user {}.", "Port {1}, {2}, Benutzer {3}."),
    ("TLS from the first byte", "TLS ab dem ersten Byte"),
    ("STARTTLS", "STARTTLS"),
    ("TLS if offered", "TLS, wenn angeboten"),
    ("no TLS", "kein TLS"),
    ("the system's authorities", "den Stellen des Systems"),
    ("its fingerprint", "seinem Fingerabdruck"),
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
    ("\nThis changes in {}:", "\nDies ändert sich in {1}:"),
    ("\nNothing changes in {}.", "\nIn {1} ändert sich nichts."),
    ("The password goes into {}.", "Das Passwort kommt in {1}."),
    ("Write this?", "So schreiben?"),
    ("More", "Weiter"),
    ("\nThis is set in {}:", "\nDies wird in {1} gesetzt:"),
    (
        "Nothing was written. Your answers are kept for the next time in {}, without the password.",
        "Nichts wurde geschrieben. Ihre Antworten liegen für das nächste Mal in {1}, ohne das Passwort.",
    ),
    ("How to go on?", "Wie weiter?"),
    ("Test again", "Noch einmal testen"),
    ("Go on all the same", "Trotzdem weiter"),
    ("Stop here", "Hier aufhören"),
    ("The service was not started: {p}", "Der Dienst wurde nicht gestartet: {1}"),
    ("`{}` starts it later", "`{1}` startet ihn später"),
    ("`{}` failed", "`{1}` ging nicht"),
    ("writing {}: {}", "{1} schreiben: {2}"),
    ("Start {} now, and whenever this host starts?", "{1} jetzt starten, und mit diesem Host?"),
    ("systemctl enable {}; systemctl restart {}", "systemctl enable {1}; systemctl restart {2}"),
    ("{} runs.", "{1} läuft."),
    (
        "There is no service {} here, and no systemd.",
        "Einen Dienst {1} gibt es hier nicht, und kein systemd.",
    ),
    (
        "There is no service {} here. Run as root, `setup` offers to install it.",
        "Einen Dienst {1} gibt es hier nicht. Als root ausgeführt bietet `setup` an, ihn zu installieren.",
    ),
    (
        "There is no service {} here. To install it, this is written and run:",
        "Einen Dienst {1} gibt es hier nicht. Um ihn zu installieren, wird dies geschrieben und ausgeführt:",
    ),
    ("Install and start {} like this?", "{1} so installieren und starten?"),
    ("Nothing of it is done before you say yes.", "Vor Ihrem Ja geschieht nichts davon."),
    ("\nWhat the user {} can do:", "\nWas der Benutzer {1} kann:"),
    ("Start it all the same?", "Trotzdem starten?"),
    (
        "This starts it by hand, as the user whom {} belongs to:",
        "Von Hand startet ihn dies, als der Benutzer, dem {1} gehört:",
    ),
    (
        "{} holds other things too, and would be given away as a whole: choose a state directory of its own.",
        "In {1} liegt auch anderes, und es würde als Ganzes übergeben: ein eigenes Zustandsverzeichnis wählen.",
    ),
    (
        "{} cannot be used by a service: it is kept away from {}. Put it elsewhere.",
        "{1} ist für einen Dienst nicht zu gebrauchen: er wird von {2} ferngehalten. Anderswohin legen.",
    ),
    (
        "{} cannot be read by the user {}: {} is closed to others. Put it elsewhere, or open that.",
        "{1} ist für den Benutzer {2} nicht lesbar: {3} ist für andere geschlossen. Anderswohin legen, oder das öffnen.",
    ),
    (
        "{} cannot stand in a unit: an absolute path of ASCII letters, digits and . _ - is needed.",
        "{1} kann nicht in einer Unit stehen: ein absoluter Pfad aus ASCII-Buchstaben, Ziffern und . _ - wird gebraucht.",
    ),
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
