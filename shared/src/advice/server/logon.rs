//! Who we are and whether we may: authentication, and what providers say when passwords no longer do.

use super::{ANY, Rule};
use crate::steps::name::{AUTHENTICATE, MESSAGE, RECIPIENT, SENDER};
use crate::transport::outcome::FailureKind;

pub(super) const RULES: &[Rule] = &[
    Rule {
        codes: &["550 5.7.30", "535 5.7.30"],
        english: (
            "Microsoft has switched off user name and password (basic authentication) for sending by SMTP.",
            "Send by an OAuth account (`auth = \"oauth\"`) or by the vendor's relay. Where the tenant still has the choice, its administrator may allow the mailbox once more: Set-CASMailbox USER -SmtpClientAuthenticationDisabled $false.",
        ),
        german: (
            "Microsoft hat Benutzername und Passwort (Basic Authentication) für das Senden per SMTP abgeschaltet.",
            "Über ein OAuth-Konto (`auth = \"oauth\"`) oder das Relay des Herstellers senden. Wo der Mandant noch die Wahl hat, kann sein Administrator das Postfach noch einmal freigeben: Set-CASMailbox USER -SmtpClientAuthenticationDisabled $false.",
        ),
        ..ANY
    },
    Rule {
        codes: &["535 5.7.139", "535 5.7.3"],
        english: (
            "Microsoft 365 or Exchange refuses the password: SMTP AUTH is off for the tenant or this mailbox, security defaults or Conditional Access forbid it, or the account signs in with a second factor.",
            "Send by an OAuth account (`auth = \"oauth\"`) or the vendor's relay; or let the administrator switch on Authenticated SMTP for this mailbox and except it from the policy.",
        ),
        german: (
            "Microsoft 365 oder Exchange lehnt das Passwort ab: SMTP AUTH ist für den Mandanten oder dieses Postfach aus, Sicherheitsstandards oder Conditional Access verbieten es, oder das Konto verlangt einen zweiten Faktor.",
            "Über ein OAuth-Konto (`auth = \"oauth\"`) oder das Relay des Herstellers senden; oder den Administrator Authentifiziertes SMTP für dieses Postfach einschalten und es von der Richtlinie ausnehmen lassen.",
        ),
        ..ANY
    },
    Rule {
        codes: &["534 5.7.9", "534-5.7.9"],
        english: (
            "The account signs in with a second factor; the provider takes an application password only.",
            "Make an application password in the account's security settings and put it into `password_file`, or use an OAuth account.",
        ),
        german: (
            "Das Konto hat einen zweiten Faktor; der Anbieter nimmt nur ein App-Passwort.",
            "In den Sicherheitseinstellungen des Kontos ein App-Passwort anlegen und in `password_file` schreiben, oder ein OAuth-Konto verwenden.",
        ),
        ..ANY
    },
    Rule {
        at: &[AUTHENTICATE],
        words: &["offers: gssapi", "offers: ntlm", "gssapi, ntlm", "ntlm, gssapi"],
        english: (
            "This Exchange server takes Windows logons only on this port (NTLM, GSSAPI), which this program does not speak.",
            "Ask its administrator for a receive connector that takes mail from this machine's address without logon (remove `username` then) or with basic authentication over TLS; or use another route: an OAuth account or the vendor's relay.",
        ),
        german: (
            "Dieser Exchange-Server nimmt auf diesem Port nur Windows-Anmeldungen (NTLM, GSSAPI), die dieses Programm nicht spricht.",
            "Seinen Administrator um einen Empfangsconnector bitten, der Mail von der Adresse dieser Maschine ohne Anmeldung (dann `username` entfernen) oder mit Standardauthentifizierung über TLS annimmt; oder eine andere Route nehmen: ein OAuth-Konto oder das Relay des Herstellers.",
        ),
        ..ANY
    },
    Rule {
        at: &[AUTHENTICATE],
        words: &["offers: xoauth2", "offers: oauthbearer"],
        english: (
            "The server takes OAuth tokens only; passwords are switched off here.",
            "Configure the route with `auth = \"oauth\"`, or use another route.",
        ),
        german: (
            "Der Server nimmt nur OAuth-Token; Passwörter sind hier abgeschaltet.",
            "Die Route mit `auth = \"oauth\"` einrichten oder eine andere Route nehmen.",
        ),
        ..ANY
    },
    Rule {
        at: &[AUTHENTICATE],
        words: &["it offers: none"],
        english: (
            "The server offers no logon here: the port is for mail between servers (25), or the connection is not private.",
            "Use the submission port (587 with `tls = \"starttls\"`, or 465 with `tls = \"implicit\"`); or remove `username` if this server takes mail without logon.",
        ),
        german: (
            "Der Server bietet hier keine Anmeldung an: der Port ist für Mail zwischen Servern (25), oder die Verbindung ist nicht privat.",
            "Den Einlieferungsport nehmen (587 mit `tls = \"starttls\"` oder 465 mit `tls = \"implicit\"`); oder `username` entfernen, wenn dieser Server Mail ohne Anmeldung annimmt.",
        ),
        ..ANY
    },
    Rule {
        at: &[AUTHENTICATE],
        kinds: &[FailureKind::Temporary],
        english: (
            "The server cannot check passwords at the moment; the password may be right.",
            "Try again in some minutes; ask the mail server's administrator if it lasts.",
        ),
        german: (
            "Der Server kann zurzeit keine Passwörter prüfen; das Passwort kann richtig sein.",
            "In einigen Minuten noch einmal versuchen; hält es an, den Administrator des Mailservers fragen.",
        ),
        ..ANY
    },
    Rule {
        at: &[SENDER, RECIPIENT, MESSAGE],
        kinds: &[FailureKind::Authentication, FailureKind::Permanent],
        codes: &["530", "550 5.7.57"],
        words: &["authenticat", "5.7.57", "5.7.0", "logon", "log in"],
        english: (
            "The server takes mail on this port only after a logon, and none is configured.",
            "Set `username` and `password_file`; on an Exchange server a receive connector for this machine's address does without.",
        ),
        german: (
            "Der Server nimmt auf diesem Port Mail nur nach einer Anmeldung, und keine ist eingerichtet.",
            "`username` und `password_file` setzen; auf einem Exchange-Server geht es mit einem Empfangsconnector für die Adresse dieser Maschine ohne.",
        ),
    },
    Rule {
        at: &[AUTHENTICATE],
        words: &["the password was not sent"],
        english: (
            "The connection is not private, so the password was not sent.",
            "Set `tls = \"starttls\"` (587) or `tls = \"implicit\"` (465).",
        ),
        german: (
            "Die Verbindung ist nicht privat, deshalb wurde das Passwort nicht gesendet.",
            "`tls = \"starttls\"` (587) oder `tls = \"implicit\"` (465) setzen.",
        ),
        ..ANY
    },
    Rule {
        kinds: &[FailureKind::Authentication],
        english: (
            "The server does not know this user name or password, or does not let this account send by SMTP.",
            "Check `username` (often the whole mail address) and the first line of `password_file`; ask the mail server's administrator whether the account may use SMTP AUTH. On the vendor's relay, ask the vendor whether the contract's login still holds.",
        ),
        german: (
            "Der Server kennt diesen Benutzernamen oder dieses Passwort nicht, oder das Konto darf nicht per SMTP senden.",
            "`username` (oft die ganze Mailadresse) und die erste Zeile von `password_file` prüfen; den Administrator des Mailservers fragen, ob das Konto SMTP AUTH darf. Beim Relay des Herstellers diesen fragen, ob der Zugang des Vertrags noch gilt.",
        ),
        ..ANY
    },
];
