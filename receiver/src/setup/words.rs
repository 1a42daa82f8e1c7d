//! The German of the set-up's sentences; what both programs' wizards say is in `shared`.

use mailbeat_shared::phrases::Phrase;

/// All of them.
pub const PHRASES: &[Phrase] = &[
    ("\n1. Vendor", "\n1. Hersteller"),
    ("\n2. Mailbox", "\n2. Postfach"),
    ("\n3. Outgoing mail", "\n3. Ausgehende Mail"),
    ("\n4. People", "\n4. Leute"),
    ("\n5. Test", "\n5. Test"),
    ("\n6. Start", "\n6. Start"),
    ("\n7. First customer", "\n7. Erster Kunde"),
    ("\n7. Customer", "\n7. Kunde"),
    (
        "This sets up the Mailbeat receiver in {}. Nothing is written before you confirm it.",
        "Dies richtet den Mailbeat-Receiver in {1} ein. Vor Ihrer Bestätigung wird nichts geschrieben.",
    ),
    ("The name of your company:", "Der Name Ihrer Firma:"),
    (
        "It stands on contracts, and customers read it before they agree.",
        "Er steht auf Verträgen, und Kunden lesen ihn, bevor sie zustimmen.",
    ),
    ("State directory:", "Zustandsverzeichnis:"),
    (
        "Database and keys lie here. The packaged service may write to /var/lib/mailbeat-receiver only.",
        "Hier liegen Datenbank und Schlüssel. Der Dienst des Pakets darf nur in /var/lib/mailbeat-receiver schreiben.",
    ),
    ("an absolute path is needed", "ein absoluter Pfad wird gebraucht"),
    (
        "Who is told first, where a customer has no contact of its own?",
        "Wer erfährt es zuerst, wo ein Kunde keinen eigenen Kontakt hat?",
    ),
    ("Name and mail address:", "Name und Mailadresse:"),
    ("As in Olivia Operator <olivia@acme.example>.", "Wie Olivia Operator <olivia@acme.example>."),
    (
        "{} is not a mail address; write \"Name <user@host>\"",
        "{1} ist keine Mailadresse; „Name <user@host>“ schreiben",
    ),
    ("Language of the mails to this person:", "Sprache der Mails an diesen Menschen:"),
    ("Mail address that reports are sent to:", "Mailadresse, an die Berichte gehen:"),
    (
        "Agents send to it. Best a mailbox of its own, read by the receiver alone.",
        "An sie senden die Agenten. Am besten ein eigenes Postfach, das nur der Receiver liest.",
    ),
    ("How is it read?", "Wie wird es gelesen?"),
    ("By IMAP, with a password", "Per IMAP, mit Passwort"),
    (
        "By IMAP, with an account that signs in by OAuth (Microsoft 365, Google, other)",
        "Per IMAP, mit einem Konto mit OAuth (Microsoft 365, Google, andere)",
    ),
    ("From a Maildir on this machine", "Aus einem Maildir auf dieser Maschine"),
    ("As mailbox {} is configured", "Wie das Postfach {1} eingerichtet ist"),
    ("Maildir:", "Maildir:"),
    (
        "The directory with new, cur and tmp; the service must be able to write to it.",
        "Das Verzeichnis mit new, cur und tmp; der Dienst muss darin schreiben können.",
    ),
    ("Folders to read:", "Zu lesende Ordner:"),
    (
        "With commas between: where reports arrive, and where your provider puts spam.",
        "Mit Kommas dazwischen: wo Berichte ankommen, und wohin Ihr Anbieter Spam legt.",
    ),
    (
        "{} cannot be a folder's name here: ASCII letters, digits, spaces and punctuation, but no wildcards",
        "{1} kann hier kein Ordnername sein: ASCII-Buchstaben, Ziffern, Leerzeichen und Satzzeichen, aber keine Platzhalter",
    ),
    ("`folders` is empty; nothing would be read", "kein Ordner genannt; nichts würde gelesen"),
    (
        "`processed`, `quarantine` and each of `folders` must be different folders",
        "`processed`, `quarantine` und alle `folders` müssen verschiedene Ordner sein",
    ),
    ("From {} by {}. {p}", "Von {1} über {2}. {3}"),
    ("From {}.", "Von {1}."),
    ("Send by the same account, like this?", "Über dasselbe Konto senden, so?"),
    ("How do notifications leave?", "Wie gehen Benachrichtigungen hinaus?"),
    ("By the same account", "Über dasselbe Konto"),
    (
        "By another mail server, or an account with a password",
        "Über einen anderen Mailserver oder ein Konto mit Passwort",
    ),
    (
        "By another account that signs in by OAuth (Microsoft 365, Google, other)",
        "Über ein anderes Konto mit OAuth (Microsoft 365, Google, andere)",
    ),
    ("As it is configured", "Wie es eingerichtet ist"),
    ("Sender of the notifications:", "Absender der Benachrichtigungen:"),
    (
        "As in Mailbeat <reports@vendor.example>. What cannot be delivered comes back to it, and is read.",
        "Wie Mailbeat <reports@vendor.example>. Unzustellbares kommt an ihn zurück und wird gelesen.",
    ),
    ("Who is told?", "Wer erfährt es?"),
    (
        "The first whose mail works is told, the next when it comes back. Choose a person to change.",
        "Der Erste, dessen Mail ankommt; kommt sie zurück, der Nächste. Zum Ändern einen Menschen wählen.",
    ),
    ("Add somebody", "Jemanden hinzufügen"),
    ("That is all", "Das sind alle"),
    ("Change", "Ändern"),
    ("Remove", "Entfernen"),
    (
        "Database and vendor key are in {}. The key's fingerprint: {}",
        "Datenbank und Schlüssel des Herstellers sind in {1}. Fingerabdruck des Schlüssels: {2}",
    ),
    ("Also send a test mail to {}?", "Auch eine Testmail an {1} senden?"),
    ("Change the mailbox", "Das Postfach ändern"),
    ("Change outgoing mail", "Die ausgehende Mail ändern"),
    ("Change vendor or people", "Hersteller oder Leute ändern"),
    ("{p}: the step \"{p}\" failed.", "{1}: der Schritt „{2}“ ging nicht."),
    ("mailbox {}", "Postfach {1}"),
    ("Issue a contract for a customer now?", "Jetzt einen Vertrag für einen Kunden ausstellen?"),
    (
        "Without one no agent sends. Later: mailbeat-receiver contracts issue",
        "Ohne ihn sendet kein Agent. Später: mailbeat-receiver contracts issue",
    ),
    ("Contracts there are: {}", "Verträge, die es gibt: {1}"),
    ("The customer's name:", "Der Name des Kunden:"),
    ("As it stands on the contract.", "Wie er auf dem Vertrag steht."),
    ("Language of the mails to this customer:", "Sprache der Mails an diesen Kunden:"),
    ("The customer's contact:", "Der Kontakt beim Kunden:"),
    (
        "Name <address>: gets the answers to test reports, and is told of tickets before your people; empty: nobody.",
        "Name <Adresse>: bekommt die Antworten auf Testberichte und erfährt von Tickets vor Ihren Leuten; leer: niemand.",
    ),
    ("Last day of the contract:", "Letzter Tag des Vertrags:"),
    (
        "As in 2027-12-31; empty: it runs until you revoke it.",
        "Wie 2027-12-31; leer: er läuft, bis Sie ihn widerrufen.",
    ),
    ("a day is needed, as in 2027-12-31", "ein Tag wird gebraucht, wie 2027-12-31"),
    ("Most systems under it:", "Höchstzahl der Systeme:"),
    ("a number from 1 to 100000 is needed", "eine Zahl von 1 bis 100000 wird gebraucht"),
    ("Does this customer send by your relay?", "Sendet dieser Kunde über Ihr Relay?"),
    (
        "For a customer without a mail server: the contract then holds a login of its own.",
        "Für einen Kunden ohne Mailserver: der Vertrag enthält dann eine eigene Anmeldung.",
    ),
    ("The relay {} lets it in as {}.", "Das Relay {1} lässt ihn als {2} ein."),
    (
        "To let it in as {}, add this line to /etc/dovecot/mailbeat/smtp.users on {}:\n{}",
        "Damit er als {1} eingelassen wird, diese Zeile an /etc/dovecot/mailbeat/smtp.users auf {2} anfügen:\n{3}",
    ),
    ("Where does the contract file go?", "Wohin kommt die Vertragsdatei?"),
    (
        "The directory for the file that the customer gets; your public key is put beside it.",
        "Das Verzeichnis für die Datei, die der Kunde bekommt; Ihr öffentlicher Schlüssel kommt daneben.",
    ),
    ("there is no such directory", "dieses Verzeichnis gibt es nicht"),
    ("Issue this contract?", "Diesen Vertrag ausstellen?"),
    (
        "It is signed with your key; `contracts revoke` ends it at any time.",
        "Er wird mit Ihrem Schlüssel signiert; `contracts revoke` beendet ihn jederzeit.",
    ),
    ("\nContract {} for {} is in {}", "\nVertrag {1} für {2} ist in {3}"),
    ("Your public key is in {}", "Ihr öffentlicher Schlüssel ist in {1}"),
    (
        "Give both to the customer by a way you trust. On the customer's host, as root:",
        "Geben Sie dem Kunden beide auf einem Weg, dem Sie trauen. Auf dem Host des Kunden, als root:",
    ),
    (
        "or without questions, from a file of answers (docs/configuration.md):",
        "oder ohne Fragen, aus einer Datei mit Antworten (docs/configuration.md):",
    ),
    (
        "Nobody is registered for this customer: test reports are answered to nobody.",
        "Für diesen Kunden ist niemand eingetragen: Testberichte werden niemandem beantwortet.",
    ),
    (
        "{} has contract {} already; none is issued.",
        "{1} hat schon den Vertrag {2}; es wird keiner ausgestellt.",
    ),
    ("Wait here for the first report?", "Hier auf den ersten Bericht warten?"),
    (
        "Once the customer has activated. The receiver must run; Ctrl-C leaves off waiting.",
        "Sobald der Kunde aktiviert hat. Der Receiver muss laufen; Strg-C hört auf zu warten.",
    ),
    ("Waiting ...", "Warten ..."),
    ("{} of {} has reported. All systems:", "{1} von {2} hat berichtet. Alle Systeme:"),
    (
        "The first report shows in: mailbeat-receiver systems list",
        "Der erste Bericht zeigt sich in: mailbeat-receiver systems list",
    ),
];
