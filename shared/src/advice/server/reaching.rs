//! Servers that are not reached or do not answer, and what is left.

use super::{ANY, Rule};
use crate::steps::name::{CONNECT, MESSAGE, RECIPIENT, SENDER};
use crate::transport::outcome::{ConnectionProblem, FailureKind};

pub(super) const RULES: &[Rule] = &[
    Rule {
        kinds: &[FailureKind::Connection(ConnectionProblem::Unresolved)],
        english: (
            "The host name has no address: it is mistyped, or this machine's DNS does not answer.",
            "Check `host`, and this machine's DNS: getent hosts NAME.",
        ),
        german: (
            "Der Hostname hat keine Adresse: er ist vertippt, oder das DNS dieser Maschine antwortet nicht.",
            "`host` prüfen, und das DNS dieser Maschine: getent hosts NAME.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Connection(ConnectionProblem::Refused)],
        english: (
            "Nobody listens on this port: the port is wrong, or the server is not running.",
            "Check `port` (587, 465 or 25), and that the mail server runs.",
        ),
        german: (
            "Auf diesem Port hört niemand: der Port ist falsch, oder der Server läuft nicht.",
            "`port` prüfen (587, 465 oder 25), und dass der Mailserver läuft.",
        ),
        ..ANY
    },
    Rule {
        at: &[SENDER, RECIPIENT, MESSAGE],
        kinds: &[FailureKind::Connection(ConnectionProblem::TimedOut)],
        english: (
            "The server is slow: it looks something up, delays unknown senders, or scans the message.",
            "Raise `timeout_s` (for the message `verdict_timeout_s`), and ask the mail server's administrator what it waits for.",
        ),
        german: (
            "Der Server ist langsam: er schlägt etwas nach, bremst unbekannte Absender, oder prüft die Nachricht.",
            "`timeout_s` erhöhen (für die Nachricht `verdict_timeout_s`), und den Administrator des Mailservers fragen, worauf er wartet.",
        ),
        ..ANY
    },
    Rule {
        at: &[CONNECT],
        kinds: &[FailureKind::Connection(ConnectionProblem::TimedOut)],
        english: (
            "Nothing answers: a firewall drops the connection, or the address is wrong.",
            "Let this machine out to the mail server's port (587, 465 or 25) in the firewall, or use the customer's own mail server or a proxy.",
        ),
        german: (
            "Nichts antwortet: eine Firewall verwirft die Verbindung, oder die Adresse ist falsch.",
            "Dieser Maschine in der Firewall den Weg zum Port des Mailservers (587, 465 oder 25) öffnen, oder den eigenen Mailserver oder einen Proxy nehmen.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Connection(ConnectionProblem::TimedOut)],
        english: (
            "The server accepted the connection and then said nothing in time: `tls` does not fit the port, or it is overloaded.",
            "Check that `tls` fits the port (465 is implicit, 587 is starttls); raise `timeout_s` for a slow server.",
        ),
        german: (
            "Der Server nahm die Verbindung an und antwortete dann nicht rechtzeitig: `tls` passt nicht zum Port, oder er ist überlastet.",
            "Prüfen, ob `tls` zum Port passt (465 ist implicit, 587 ist starttls); für einen langsamen Server `timeout_s` erhöhen.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Connection(ConnectionProblem::Closed)],
        english: (
            "The other side closed the connection: the server does not serve this machine, or `tls` does not fit the port.",
            "Check that the server accepts connections from this machine, and that `tls` fits the port.",
        ),
        german: (
            "Die andere Seite hat die Verbindung geschlossen: der Server bedient diese Maschine nicht, oder `tls` passt nicht zum Port.",
            "Prüfen, ob der Server Verbindungen von dieser Maschine annimmt, und ob `tls` zum Port passt.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Connection(ConnectionProblem::Unreachable)],
        english: (
            "The network knows no way to the server.",
            "Check this machine's network: ip route get ADDRESS.",
        ),
        german: (
            "Das Netz kennt keinen Weg zum Server.",
            "Das Netz dieser Maschine prüfen: ip route get ADRESSE.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Connection(ConnectionProblem::Proxy)],
        words: &["is not reached"],
        english: (
            "The HTTP proxy itself does not answer: its address is wrong, or it is not running.",
            "Check `host` and `port` of `proxy`, and that the proxy runs and lets this machine in.",
        ),
        german: (
            "Der HTTP-Proxy selbst antwortet nicht: seine Adresse ist falsch, oder er läuft nicht.",
            "`host` und `port` von `proxy` prüfen, und dass der Proxy läuft und diese Maschine zulässt.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Connection(ConnectionProblem::Proxy)],
        words: &["(407)"],
        english: (
            "The HTTP proxy wants a user name and a password and does not take what it was given.",
            "Set `username` and `password_file` of `proxy`, or ask the proxy's administrator for an exception for this machine.",
        ),
        german: (
            "Der HTTP-Proxy will Benutzername und Passwort und nimmt nicht, was er bekam.",
            "`username` und `password_file` von `proxy` setzen, oder den Administrator des Proxys um eine Ausnahme für diese Maschine bitten.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Connection(ConnectionProblem::Proxy)],
        words: &[" 403", " 405"],
        english: (
            "The HTTP proxy does not let this machine through to this host and port.",
            "Ask the proxy's administrator to allow CONNECT to the host and port named here, for this machine.",
        ),
        german: (
            "Der HTTP-Proxy lässt diese Maschine nicht zu diesem Host und Port durch.",
            "Den Administrator des Proxys bitten, CONNECT zum hier genannten Host und Port für diese Maschine zu erlauben.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Connection(ConnectionProblem::Proxy)],
        english: (
            "The HTTP proxy did not open the way.",
            "Check `proxy` (address, user, password), and that the proxy allows CONNECT to this host and port.",
        ),
        german: (
            "Der HTTP-Proxy hat den Weg nicht geöffnet.",
            "`proxy` prüfen (Adresse, Benutzer, Passwort), und dass der Proxy CONNECT zu diesem Host und Port erlaubt.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Settings],
        english: (
            "A setting does not fit, or a file it names cannot be read.",
            "Correct the setting named here and try again.",
        ),
        german: (
            "Eine Einstellung passt nicht, oder eine dort genannte Datei ist nicht lesbar.",
            "Die hier genannte Einstellung berichtigen und noch einmal versuchen.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::ProtocolUnclear],
        english: (
            "The other side does not speak as a mail server does.",
            "Check that host and port belong to the server meant, and what lies between (proxy, virus scanner).",
        ),
        german: (
            "Die andere Seite spricht nicht wie ein Mailserver.",
            "Prüfen, ob Host und Port dem gemeinten Server gehören, und was dazwischen liegt (Proxy, Virenscanner).",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Temporary],
        english: (
            "The server cannot or will not take it just now.",
            "Nothing to do: it is tried again by itself; ask the mail server's administrator if it lasts.",
        ),
        german: (
            "Der Server kann oder will es gerade nicht annehmen.",
            "Nichts zu tun: es wird von selbst wieder versucht; hält es an, den Administrator des Mailservers fragen.",
        ),
        ..ANY
    },
    Rule {
        english: (
            "The server refuses it for a reason of its own.",
            "Show the server's words to its administrator.",
        ),
        german: (
            "Der Server lehnt es aus einem eigenen Grund ab.",
            "Die Worte des Servers seinem Administrator zeigen.",
        ),
        ..ANY
    },
];
