//! The German of the set-up's sentences.

use mailbeat_shared::phrases::Phrase;

use super::providers::{APP_PASSWORD, BASIC_ENDS, SWITCH_ON};

/// All of them.
pub const PHRASES: &[Phrase] = &[
    ("\n1. Contract", "\n1. Vertrag"),
    ("\n2. Capture", "\n2. Erfassung"),
    ("\n3. Mail", "\n3. Mail"),
    ("\n4. Test", "\n4. Test"),
    ("\n5. Status", "\n5. Status"),
    ("Contract {} of {} with {} is in force.", "Vertrag {1} von {2} mit {3} ist in Kraft."),
    ("Keep it", "Behalten"),
    ("Activate with another contract file", "Mit einer anderen Vertragsdatei aktivieren"),
    ("The contract file from your vendor:", "Die Vertragsdatei Ihres Herstellers:"),
    ("Without one nothing is ever sent.", "Ohne sie wird nie etwas gesendet."),
    ("Contract {} for {} from {}; reports go to {}.", "Vertrag {1} für {2} von {3}; Berichte gehen an {4}."),
    ("a file is needed", "eine Datei wird gebraucht"),
    ("the file cannot be read: {}", "die Datei ist nicht lesbar: {1}"),
    ("this is no contract: {}", "das ist kein Vertrag: {1}"),
    ("A heartbeat every", "Ein Heartbeat alle"),
    (
        "A short mail that says the host lives, with numbers.",
        "Eine kurze Mail, dass der Host lebt, mit Zahlen.",
    ),
    ("A system report every", "Ein Systembericht alle"),
    (
        "What changed: watched files, packages, updates.",
        "Was sich änderte: beobachtete Dateien, Pakete, Aktualisierungen.",
    ),
    ("a length of time is needed, as in 15m, 1h or 1d", "eine Dauer wird gebraucht, wie 15m, 1h oder 1d"),
    ("the contract allows {} to {}", "der Vertrag erlaubt {1} bis {2}"),
    ("What may be said about this host?", "Was darf über diesen Host gesagt werden?"),
    (
        "Each can be switched off; `mailbeat-agent disclose` explains each.",
        "Jedes lässt sich ausschalten; `mailbeat-agent disclose` erklärt jedes.",
    ),
    ("Which configuration files are watched?", "Welche Konfigurationsdateien werden beobachtet?"),
    (
        "Passwords and keys in them are taken out before anything is stored or sent.",
        "Passwörter und Schlüssel darin werden entfernt, bevor etwas gespeichert oder gesendet wird.",
    ),
    ("Other files:", "Weitere Dateien:"),
    (
        "Absolute paths or patterns such as /opt/app/**/*.conf, with blanks between; empty: no more.",
        "Absolute Pfade oder Muster wie /opt/app/**/*.conf, mit Leerzeichen dazwischen; leer: keine weiteren.",
    ),
    ("How does mail leave?", "Wie geht Mail hinaus?"),
    ("By your own mail server or mail account", "Über Ihren eigenen Mailserver oder ein Mailkonto"),
    ("By the vendor's relay ({})", "Über das Relay des Herstellers ({1})"),
    ("Sender's mail address:", "Mailadresse des Absenders:"),
    (
        "The account reports are sent from; bounces come back to it.",
        "Das Konto, von dem Berichte kommen; Unzustellbares geht an es zurück.",
    ),
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
        "Microsoft schaltet Passwörter für das Senden per SMTP ab: sagt der Test das, das Relay des Herstellers oder einen anderen Mailserver nehmen.",
    ),
    (
        SWITCH_ON,
        "Bei diesem Anbieter muss das Senden durch andere Programme zuerst in den Kontoeinstellungen eingeschaltet werden.",
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
    ("Password:", "Passwort:"),
    ("Empty keeps the one that is set.", "Leer behält das gesetzte."),
    (
        "It is written into a file that only the agent may read.",
        "Es kommt in eine Datei, die nur der Agent lesen darf.",
    ),
    ("How is the server's certificate believed?", "Wem wird beim Zertifikat des Servers geglaubt?"),
    ("By the authorities this system knows (usual)", "Den Stellen, die dieses System kennt (üblich)"),
    ("By an authority of your own: a CA file", "Einer eigenen Stelle: einer CA-Datei"),
    (
        "By its fingerprint: for a self-signed server",
        "Seinem Fingerabdruck: für einen selbstsignierten Server",
    ),
    ("CA file:", "CA-Datei:"),
    ("The agent must be able to read it.", "Der Agent muss sie lesen können."),
    (
        "no certificate in this file; it must be PEM (-----BEGIN CERTIFICATE-----)",
        "kein Zertifikat in dieser Datei; sie muss PEM sein (-----BEGIN CERTIFICATE-----)",
    ),
    ("Fingerprint:", "Fingerabdruck:"),
    (
        "As sha256:..., compared with the server's administrator.",
        "Als sha256:..., verglichen mit dem Administrator des Servers.",
    ),
    (
        "This sets up the Mailbeat agent in {}. Nothing is written before you confirm it.",
        "Dies richtet den Mailbeat-Agenten in {1} ein. Vor Ihrer Bestätigung wird nichts geschrieben.",
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
    ("Change the mail account", "Das Mailkonto ändern"),
    ("Test again", "Noch einmal testen"),
    ("Go on all the same", "Trotzdem weiter"),
    ("Stop here", "Hier aufhören"),
    ("Code from the vendor's mail:", "Code aus der Mail des Herstellers:"),
    (
        "Empty: later, by `mailbeat-agent test --confirm CODE`.",
        "Leer: später, mit `mailbeat-agent test --confirm CODE`.",
    ),
    ("Start the agent now, and whenever the host starts?", "Den Agenten jetzt starten, und mit dem Host?"),
    ("systemctl enable --now mailbeat-agent", "systemctl enable --now mailbeat-agent"),
    ("The agent runs.", "Der Agent läuft."),
    ("The service was not started: {}", "Der Dienst wurde nicht gestartet: {1}"),
    ("Start it by hand: mailbeat-agent run", "Von Hand starten: mailbeat-agent run"),
];
