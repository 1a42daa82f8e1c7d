//! Why a connection does not become private.

use super::{ANY, Rule};
use crate::transport::outcome::{FailureKind, TlsProblem};

pub(super) const RULES: &[Rule] = &[
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::NotOffered)],
        english: (
            "The server does not offer STARTTLS on this port, or something in between (a firewall, a virus scanner) strips it.",
            "Use the submission port (587), or `tls = \"implicit\"` with 465. Without TLS only in a network you trust and without a password: `tls = \"none\"`.",
        ),
        german: (
            "Der Server bietet auf diesem Port kein STARTTLS an, oder etwas dazwischen (Firewall, Virenscanner) nimmt es heraus.",
            "Den Einlieferungsport (587) nehmen, oder `tls = \"implicit\"` mit 465. Ohne TLS nur in einem Netz, dem Sie trauen, und ohne Passwort: `tls = \"none\"`.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::TooOld)],
        english: (
            "The server has TLS 1.1 or older only, which is no longer safe.",
            "Ask its administrator to switch on TLS 1.2 or 1.3; until then another route.",
        ),
        german: (
            "Der Server hat nur TLS 1.1 oder älter, was nicht mehr sicher ist.",
            "Seinen Administrator TLS 1.2 oder 1.3 einschalten lassen; bis dahin eine andere Route.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::WrongName)],
        english: (
            "The server's certificate is for another name than the one in `host`.",
            "Set `host` to a name the certificate is for (shown above); for an internal server compare its fingerprint and set it as `tls_pin`.",
        ),
        german: (
            "Das Zertifikat des Servers gilt für einen anderen Namen als den in `host`.",
            "`host` auf einen Namen setzen, für den das Zertifikat gilt (oben gezeigt); bei einem internen Server den Fingerabdruck vergleichen und als `tls_pin` setzen.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::Expired)],
        words: &["not valid yet"],
        english: (
            "The server's certificate is not valid yet, or this machine's clock is wrong.",
            "Set this machine's clock (timedatectl) and try again.",
        ),
        german: (
            "Das Zertifikat des Servers gilt noch nicht, oder die Uhr dieser Maschine geht falsch.",
            "Die Uhr dieser Maschine stellen (timedatectl) und noch einmal versuchen.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::Expired)],
        english: (
            "The server's certificate has expired.",
            "Let the mail server's administrator renew it; if it has not expired, set this machine's clock (timedatectl).",
        ),
        german: (
            "Das Zertifikat des Servers ist abgelaufen.",
            "Es vom Administrator des Mailservers erneuern lassen; ist es nicht abgelaufen, die Uhr dieser Maschine stellen (timedatectl).",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::UnknownIssuer)],
        words: &["self-signed"],
        english: (
            "The server's certificate is signed by itself; nobody known here vouches for it.",
            "Compare the fingerprint shown with the server's administrator and set it as `tls_pin`, or let them use a certificate of an authority.",
        ),
        german: (
            "Das Zertifikat des Servers ist von ihm selbst unterschrieben; niemand hier Bekanntes bürgt dafür.",
            "Den gezeigten Fingerabdruck mit dem Administrator des Servers vergleichen und als `tls_pin` setzen, oder ihn ein Zertifikat einer Zertifizierungsstelle verwenden lassen.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::UnknownIssuer)],
        english: (
            "The server's certificate was issued by an authority this machine does not know, often the company's own.",
            "Give that authority's certificate as `tls_ca = \"/path/ca.pem\"`, or add it to the system's trust store; or compare the fingerprint and set it as `tls_pin`.",
        ),
        german: (
            "Das Zertifikat des Servers kommt von einer Stelle, die diese Maschine nicht kennt, oft der firmeneigenen.",
            "Das Zertifikat dieser Stelle als `tls_ca = \"/pfad/ca.pem\"` angeben oder in den Zertifikatsspeicher des Systems aufnehmen; oder den Fingerabdruck vergleichen und als `tls_pin` setzen.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::PinMismatch)],
        english: (
            "The server shows another certificate than the pinned one: it was renewed, or somebody is in between.",
            "Ask the server's administrator whether it was renewed; compare the new fingerprint and set it as `tls_pin`. If not, send nothing.",
        ),
        german: (
            "Der Server zeigt ein anderes Zertifikat als das gepinnte: es wurde erneuert, oder jemand sitzt dazwischen.",
            "Den Administrator des Servers fragen, ob es erneuert wurde; den neuen Fingerabdruck vergleichen und als `tls_pin` setzen. Wenn nicht, nichts senden.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::Required)],
        english: (
            "The server takes nothing over a connection that is not private.",
            "Set `tls = \"starttls\"`, or `tls = \"implicit\"` with its port.",
        ),
        german: (
            "Der Server nimmt nichts über eine Verbindung, die nicht privat ist.",
            "`tls = \"starttls\"` setzen, oder `tls = \"implicit\"` mit dessen Port.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::NotTls)],
        english: (
            "The port does not begin with TLS, but in clear.",
            "Use `tls = \"starttls\"` (587, IMAP 143), or the port for implicit TLS (465, IMAP 993).",
        ),
        german: (
            "Der Port beginnt nicht mit TLS, sondern im Klartext.",
            "`tls = \"starttls\"` verwenden (587, IMAP 143), oder den Port für implizites TLS (465, IMAP 993).",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Tls(TlsProblem::Other)],
        english: (
            "The connection could not be made private.",
            "Show these words to the mail server's administrator; the server's log usually says more.",
        ),
        german: (
            "Die Verbindung ließ sich nicht privat machen.",
            "Diese Worte dem Administrator des Mailservers zeigen; das Protokoll des Servers sagt meist mehr.",
        ),
        ..ANY
    },
];
