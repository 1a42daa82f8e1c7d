//! The German of the set-up's sentences.

use mailbeat_shared::phrases::Phrase;

/// All of them; what both programs' wizards say is in `shared`.
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
    ("this is no contract: {}", "das ist kein Vertrag: {1}"),
    ("A heartbeat every", "Ein Heartbeat alle"),
    (
        "A short mail that says the host lives, with numbers.",
        "Eine kurze Mail, dass der Host lebt, mit Zahlen.",
    ),
    ("A system report every", "Ein Systembericht alle"),
    (
        "What changed: watched files, packages, updates.",
        "Was sich änderte: überwachte Dateien, Pakete, Aktualisierungen.",
    ),
    ("a length of time is needed, as in 15m, 1h or 1d", "eine Dauer wird gebraucht, wie 15m, 1h oder 1d"),
    ("the contract allows {} to {}", "der Vertrag erlaubt {1} bis {2}"),
    ("What may be said about this host?", "Was darf über diesen Host gesagt werden?"),
    (
        "Each can be switched off; `mailbeat-agent disclose` explains each.",
        "Jedes lässt sich ausschalten; `mailbeat-agent disclose` erklärt jedes.",
    ),
    ("Which configuration files are watched?", "Welche Konfigurationsdateien werden überwacht?"),
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
    (
        "By your own mail server, or a mail account with a password",
        "Über Ihren eigenen Mailserver oder ein Mailkonto mit Passwort",
    ),
    (
        "By a mail account that signs in by OAuth (Microsoft 365, Google, other)",
        "Über ein Mailkonto mit OAuth (Microsoft 365, Google, andere)",
    ),
    ("By the route {}, as it is configured", "Über die Route {1}, wie sie eingerichtet ist"),
    ("By the vendor's relay ({})", "Über das Relay des Herstellers ({1})"),
    ("Sender's mail address:", "Mailadresse des Absenders:"),
    (
        "The account reports are sent from; bounces come back to it.",
        "Das Konto, von dem Berichte kommen; Unzustellbares geht an es zurück.",
    ),
    (
        "This sets up the Mailbeat agent in {}. Nothing is written before you confirm it.",
        "Dies richtet den Mailbeat-Agenten in {1} ein. Vor Ihrer Bestätigung wird nichts geschrieben.",
    ),
    ("Change the mail account", "Das Mailkonto ändern"),
    ("Code from the vendor's mail:", "Code aus der Mail des Herstellers:"),
    (
        "Empty: later, by `mailbeat-agent test --confirm CODE`.",
        "Leer: später, mit `mailbeat-agent test --confirm CODE`.",
    ),
];
