//! What mail servers of providers say over SMTP. The steps of a test have rows of their own for these ([`crate::advice::server`]),
//! which know at which step it was said.

use super::{Known, ON_PREMISES};

pub(super) const TABLE: &[Known] = &[
    Known {
        code: ON_PREMISES,
        cause: "The server takes only Windows logins (NTLM, Kerberos), which this program does not speak.",
        fix: "Ask the Exchange administrator for a receive connector that takes mail from this host without authentication or by Basic authentication over TLS, or use another route.",
        german: (
            "Der Server nimmt nur Windows-Anmeldungen (NTLM, Kerberos), die dieses Programm nicht beherrscht.",
            "Den Exchange-Administrator um einen Empfangsconnector bitten, der von diesem Rechner Mail ohne Anmeldung oder mit Standardauthentifizierung über TLS annimmt, oder eine andere Route verwenden.",
        ),
    },
    Known {
        code: "5.7.139",
        cause: "The tenant or the mailbox does not allow this kind of sign-in: basic authentication or SMTP AUTH is switched off.",
        fix: "Use auth = \"oauth\", and switch SMTP AUTH on for the mailbox (Set-CASMailbox -SmtpClientAuthenticationDisabled $false), or use a route of type \"graph\".",
        german: (
            "Der Mandant oder das Postfach erlaubt diese Art der Anmeldung nicht: Standardauthentifizierung oder SMTP AUTH ist ausgeschaltet.",
            "auth = \"oauth\" verwenden und SMTP AUTH für das Postfach einschalten (Set-CASMailbox -SmtpClientAuthenticationDisabled $false), oder eine Route vom Typ \"graph\".",
        ),
    },
    Known {
        code: "5.7.30",
        cause: "Exchange Online takes no password for sending mail any more.",
        fix: "Use auth = \"oauth\" for this route, or a route of type \"graph\".",
        german: (
            "Exchange Online nimmt zum Senden kein Passwort mehr an.",
            "Für diese Route auth = \"oauth\" verwenden, oder eine vom Typ \"graph\".",
        ),
    },
    Known {
        code: "5.7.60",
        cause: "The account that signed in may not send with this sender address.",
        fix: "Set `from` to the account's own address, or grant it Send As on that mailbox (Add-RecipientPermission).",
        german: (
            "Das angemeldete Konto darf mit dieser Absenderadresse nicht senden.",
            "`from` auf die eigene Adresse des Kontos setzen, oder ihm für das Postfach `Senden als` erlauben (Add-RecipientPermission).",
        ),
    },
    Known {
        code: "5.2.252",
        cause: "The account that signed in lacks the right to send with this sender address.",
        fix: "Set `from` to the account's own address, or grant it Send As on that mailbox (Add-RecipientPermission).",
        german: (
            "Dem angemeldeten Konto fehlt das Recht, mit dieser Absenderadresse zu senden.",
            "`from` auf die eigene Adresse des Kontos setzen, oder ihm für das Postfach `Senden als` erlauben (Add-RecipientPermission).",
        ),
    },
    Known {
        code: "5.7.57",
        cause: "The server takes mail from signed-in accounts only.",
        fix: "Set `auth`, `username` and the password or `oauth` of this route.",
        german: (
            "Der Server nimmt Mail nur von angemeldeten Konten.",
            "`auth`, `username` und Passwort oder `oauth` dieser Route setzen.",
        ),
    },
    Known {
        code: "5.2.121",
        cause: "The vendor's mailbox got too many mails from one sender in the last hour (about 1,200 at Exchange Online).",
        fix: "Nothing is lost: it is tried again. Let hosts send from several addresses, or the vendor read several mailboxes.",
        german: (
            "Das Postfach des Herstellers bekam in der letzten Stunde zu viele Mails von einem Absender (etwa 1.200 bei Exchange Online).",
            "Nichts geht verloren: es wird erneut versucht. Rechner von mehreren Adressen senden oder den Hersteller mehrere Postfächer lesen lassen.",
        ),
    },
    Known {
        code: "5.2.122",
        cause: "The vendor's mailbox got too many mails in the last hour (3,600 at Exchange Online).",
        fix: "Nothing is lost: it is tried again. The vendor should spread the reports over several mailboxes.",
        german: (
            "Das Postfach des Herstellers bekam in der letzten Stunde zu viele Mails (3.600 bei Exchange Online).",
            "Nichts geht verloren: es wird erneut versucht. Der Hersteller sollte die Berichte auf mehrere Postfächer verteilen.",
        ),
    },
    Known {
        code: "5.1.90",
        cause: "The account has sent to its daily limit of recipients.",
        fix: "It is tried again tomorrow by itself; another route or account sends meanwhile.",
        german: (
            "Das Konto hat seine Tagesgrenze an Empfängern erreicht.",
            "Morgen wird es von selbst erneut versucht; solange sendet eine andere Route oder ein anderes Konto.",
        ),
    },
    Known {
        code: "432 4.3.2",
        cause: "Too many connections or mails at once for this mailbox.",
        fix: "Nothing to do: it is tried again after a pause; fewer programs on one account help.",
        german: (
            "Zu viele Verbindungen oder Mails zugleich für dieses Postfach.",
            "Nichts zu tun: nach einer Pause wird es erneut versucht; weniger Programme auf einem Konto helfen.",
        ),
    },
    Known {
        code: "Application-specific password required",
        cause: "The Google account has a second factor and takes no ordinary password.",
        fix: "Use auth = \"oauth\", or make an app password for the account.",
        german: (
            "Das Google-Konto hat einen zweiten Faktor und nimmt kein gewöhnliches Passwort.",
            "auth = \"oauth\" verwenden, oder für das Konto ein App-Passwort anlegen.",
        ),
    },
];
