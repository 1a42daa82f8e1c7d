//! What a server says to sender, recipient and message.

use super::{ANY, Rule};
use crate::steps::name::{CONNECT, GREETING, HELLO, MESSAGE, RECIPIENT, SENDER, SIZE, TLS};
use crate::transport::outcome::FailureKind;

/// By the server's own limit, or by its word about one.
const TOO_LARGE: Rule = Rule {
    english: (
        "The message is larger than the server takes.",
        "Ask the mail server's administrator for a limit of at least 8 MiB, or watch fewer files.",
    ),
    german: (
        "Die Nachricht ist größer, als der Server annimmt.",
        "Den Administrator des Mailservers um ein Limit von mindestens 8 MiB bitten, oder weniger Dateien überwachen.",
    ),
    ..ANY
};

/// By the server's code and words, or by what they were taken for.
const FULL: Rule = Rule {
    english: (
        "The recipient's mailbox is full.",
        "Tell the vendor, whose mailbox it is; reports wait in the queue meanwhile.",
    ),
    german: (
        "Das Postfach des Empfängers ist voll.",
        "Den Hersteller verständigen, dessen Postfach es ist; Berichte warten solange in der Warteschlange.",
    ),
    ..ANY
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        codes: &["550 5.7.60", "554 5.2.252", "553 5.7.1"],
        words: &["5.7.60", "sendas", "5.2.252", "not owned", "sender"],
        english: (
            "The account may not send as this sender address.",
            "Set `from` to the account's own address, or let the administrator grant it \"Send As\" for this address.",
        ),
        german: (
            "Das Konto darf nicht unter dieser Absenderadresse senden.",
            "`from` auf die eigene Adresse des Kontos setzen, oder ihm vom Administrator \"Senden als\" für diese Adresse geben lassen.",
        ),
        ..ANY
    },
    Rule {
        codes: &["450 4.2.0", "450 4.7.1", "451 4.7.1", "450", "451"],
        words: &["greylist", "grey-list", "graylist"],
        english: (
            "The server takes mail from senders it does not know only at the second try (greylisting).",
            "Nothing to do: the agent tries again by itself. If every report is late, ask for an exception for this machine's address.",
        ),
        german: (
            "Der Server nimmt Mail unbekannter Absender erst beim zweiten Versuch (Greylisting).",
            "Nichts zu tun: der Agent versucht es von selbst wieder. Kommt jeder Bericht spät, um eine Ausnahme für die Adresse dieser Maschine bitten.",
        ),
        ..ANY
    },
    Rule {
        words: &["5.2.121", "5.2.122", "recipient's mailbox is receiving"],
        english: (
            "The recipient's mailbox takes no more mail this hour: Exchange Online limits a mailbox to 3,600 mails an hour, 1,200 from one sender.",
            "Tell the vendor: reports should be spread over several report addresses. The agent tries again by itself.",
        ),
        german: (
            "Das Postfach des Empfängers nimmt in dieser Stunde nichts mehr: Exchange Online erlaubt 3.600 Mails je Stunde und Postfach, 1.200 von einem Absender.",
            "Den Hersteller verständigen: die Berichte gehören auf mehrere Berichtsadressen verteilt. Der Agent versucht es von selbst wieder.",
        ),
        ..ANY
    },
    Rule {
        codes: &["421", "432", "450 4.7", "451 4.7", "452 4.7", "550 5.7.232", "550 5.7.233"],
        words: &[
            "rate limit",
            "connection rate",
            "message rate",
            "sending rate",
            "too many",
            "limit",
            "throttl",
            "concurrent",
            "exceeded",
        ],
        english: (
            "The server limits how many mails or connections it takes from one machine or account in a while.",
            "Nothing to do if it is rare: it is tried again later. Else lower `mails_per_hour`, or ask for a higher limit for this machine.",
        ),
        german: (
            "Der Server begrenzt, wie viele Mails oder Verbindungen er von einer Maschine oder einem Konto in einem Zeitraum annimmt.",
            "Nichts zu tun, wenn es selten ist: es wird später wieder versucht. Sonst `mails_per_hour` senken oder um ein höheres Limit für diese Maschine bitten.",
        ),
        ..ANY
    },
    Rule {
        codes: &["452 4.2.2", "552 5.2.2", "550 5.2.2", "452", "552 4.2.2"],
        words: &["mailbox full", "quota", "over quota", "4.2.2", "5.2.2", "mailbox is full"],
        ..FULL
    },
    Rule { kinds: &[FailureKind::MailboxFull], ..FULL },
    Rule {
        codes: &["452 4.3.1", "452 4.3.4", "431", "552 4.3.1"],
        english: (
            "The mail server has no room left on its disk.",
            "Tell the mail server's administrator; reports wait in the queue meanwhile.",
        ),
        german: (
            "Der Mailserver hat keinen Platz mehr auf seiner Platte.",
            "Den Administrator des Mailservers verständigen; Berichte warten solange in der Warteschlange.",
        ),
        ..ANY
    },
    Rule {
        words: &[
            "relay access denied",
            "relaying denied",
            "unable to relay",
            "5.7.54",
            "relay not permitted",
            "not permitted to relay",
        ],
        english: (
            "The server takes mail for the vendor only from machines or accounts it knows, and does not know this one.",
            "Log on (`username`, `password_file`, port 587), or let its administrator permit this machine's address to relay.",
        ),
        german: (
            "Der Server nimmt Mail an den Hersteller nur von Maschinen oder Konten, die er kennt, und kennt diese nicht.",
            "Sich anmelden (`username`, `password_file`, Port 587), oder von seinem Administrator der Adresse dieser Maschine das Weiterleiten erlauben lassen.",
        ),
        ..ANY
    },
    Rule {
        words: &[
            "5.7.23",
            "5.7.25",
            "5.7.26",
            "5.7.27",
            "spf",
            "dkim",
            "dmarc",
            "ptr record",
            "reverse dns",
            "4.7.23",
            "4.7.25",
            "4.7.26",
        ],
        english: (
            "The server does not believe that mail with this sender comes from this machine (SPF, DKIM, DMARC, or no reverse name for its address).",
            "Send by the mail server of the sender's own domain, or let the domain's administrator add this machine to its SPF record.",
        ),
        german: (
            "Der Server glaubt nicht, dass Mail mit diesem Absender von dieser Maschine kommt (SPF, DKIM, DMARC, oder kein Rückwärtsname zu ihrer Adresse).",
            "Über den Mailserver der eigenen Domain des Absenders senden, oder den Administrator der Domain diese Maschine in den SPF-Eintrag aufnehmen lassen.",
        ),
        ..ANY
    },
    Rule {
        at: &[RECIPIENT],
        codes: &["550 5.1", "550 5.4.1", "551", "553 5.1"],
        english: (
            "The server says that there is no such recipient.",
            "Compare the report address with the contract (`mailbeat-agent status`); if it is right, tell the vendor, whose mailbox it is.",
        ),
        german: (
            "Der Server sagt, dass es den Empfänger nicht gibt.",
            "Die Berichtsadresse mit dem Vertrag vergleichen (`mailbeat-agent status`); stimmt sie, den Hersteller verständigen, dessen Postfach es ist.",
        ),
        ..ANY
    },
    Rule { kinds: &[FailureKind::TooLarge], ..TOO_LARGE },
    Rule { codes: &["552 5.3.4", "552 5.2.3"], ..TOO_LARGE },
    Rule {
        at: &[MESSAGE],
        codes: &["5"],
        english: (
            "The server read the whole message and refuses its content: a filter for spam, viruses or attachments, or a policy.",
            "Show the server's words to its administrator; mails to the report address should be excepted from the filter (attachments report.json and report.json.sig).",
        ),
        german: (
            "Der Server hat die ganze Nachricht gelesen und lehnt ihren Inhalt ab: ein Filter gegen Spam, Viren oder Anhänge, oder eine Richtlinie.",
            "Die Worte des Servers seinem Administrator zeigen; Mails an die Berichtsadresse gehören vom Filter ausgenommen (Anhänge report.json und report.json.sig).",
        ),
        ..ANY
    },
    Rule {
        at: &[MESSAGE],
        codes: &["4"],
        english: (
            "The server read the whole message and could not take it just now: its filter or its delivery is out of order.",
            "Nothing to do: the same bytes are sent again by themselves. Ask the mail server's administrator if it lasts.",
        ),
        german: (
            "Der Server hat die ganze Nachricht gelesen und konnte sie gerade nicht annehmen: sein Filter oder seine Zustellung ist gestört.",
            "Nichts zu tun: dieselben Bytes werden von selbst noch einmal gesendet. Hält es an, den Administrator des Mailservers fragen.",
        ),
        ..ANY
    },
    Rule {
        at: &[GREETING, HELLO, CONNECT, SENDER, RECIPIENT],
        codes: &["421"],
        english: (
            "The server is shutting down or overloaded and closes the connection.",
            "Nothing to do: it is tried again later. Ask the mail server's administrator if it lasts.",
        ),
        german: (
            "Der Server fährt herunter oder ist überlastet und schließt die Verbindung.",
            "Nichts zu tun: es wird später wieder versucht. Hält es an, den Administrator des Mailservers fragen.",
        ),
        ..ANY
    },
    Rule {
        at: &[TLS],
        kinds: &[FailureKind::Temporary],
        english: (
            "The server offers STARTTLS, but its TLS does not work at the moment; often its certificate or key cannot be read.",
            "Tell the mail server's administrator the server's words; until then another port or route, never `tls = \"none\"` with a password.",
        ),
        german: (
            "Der Server bietet STARTTLS an, aber sein TLS geht zurzeit nicht; oft sind Zertifikat oder Schlüssel nicht lesbar.",
            "Dem Administrator des Mailservers die Worte des Servers nennen; bis dahin ein anderer Port oder eine andere Route, niemals `tls = \"none\"` mit einem Passwort.",
        ),
        ..ANY
    },
    Rule {
        at: &[SENDER],
        codes: &["5"],
        english: (
            "The server does not take mail from this sender address.",
            "Set `from` to an address of the account or of a domain this server is responsible for; ask its administrator about a block.",
        ),
        german: (
            "Der Server nimmt keine Mail von dieser Absenderadresse.",
            "`from` auf eine Adresse des Kontos oder einer Domain setzen, für die dieser Server zuständig ist; seinen Administrator nach einer Sperre fragen.",
        ),
        ..ANY
    },
    Rule {
        at: &[RECIPIENT],
        codes: &["5"],
        english: (
            "The server refuses this recipient, or this sender to this recipient, by a rule of its own.",
            "Show the server's words to its administrator: mail from `from` to the report address must be allowed.",
        ),
        german: (
            "Der Server lehnt diesen Empfänger, oder diesen Absender an diesen Empfänger, nach einer eigenen Regel ab.",
            "Die Worte des Servers seinem Administrator zeigen: Mail von `from` an die Berichtsadresse muss erlaubt sein.",
        ),
        ..ANY
    },
    Rule {
        at: &[GREETING],
        codes: &["5"],
        english: (
            "The server does not speak to this machine at all: its address is blocked, or only certain networks are served.",
            "Ask the mail server's administrator to let this machine's address in, or use the submission port (587).",
        ),
        german: (
            "Der Server spricht mit dieser Maschine gar nicht: ihre Adresse ist gesperrt, oder nur bestimmte Netze werden bedient.",
            "Den Administrator des Mailservers bitten, die Adresse dieser Maschine zuzulassen, oder den Einlieferungsport (587) nehmen.",
        ),
        ..ANY
    },
    Rule {
        at: &[SIZE],
        english: ("The server's size limit could not be read.", "See the server's words."),
        german: ("Das Größenlimit des Servers war nicht zu lesen.", "Siehe die Worte des Servers."),
        ..ANY
    },
];
