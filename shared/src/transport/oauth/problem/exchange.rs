//! What Exchange Online says over SMTP and IMAP, and Microsoft Graph over HTTP.

use super::Known;

pub(super) const TABLE: &[Known] = &[
    Known {
        code: "5.7.139",
        cause: "The tenant or the mailbox does not allow this kind of sign-in: basic authentication or SMTP AUTH is switched off.",
        fix: "Use auth = \"oauth\", and switch SMTP AUTH on for the mailbox (Set-CASMailbox -SmtpClientAuthenticationDisabled $false), or use a route of type \"graph\".",
        german: (
            "Der Mandant oder das Postfach erlaubt diese Art der Anmeldung nicht: Standardauthentifizierung oder SMTP AUTH ist ausgeschaltet.",
            "auth = \"oauth\" verwenden und SMTP AUTH für das Postfach einschalten (Set-CASMailbox -SmtpClientAuthenticationDisabled $false), oder einen Versandweg vom Typ \"graph\".",
        ),
    },
    Known {
        code: "5.7.30",
        cause: "Exchange Online takes no password for sending mail any more.",
        fix: "Use auth = \"oauth\" for this route, or a route of type \"graph\".",
        german: (
            "Exchange Online nimmt zum Senden kein Kennwort mehr an.",
            "Für diesen Versandweg auth = \"oauth\" verwenden, oder einen vom Typ \"graph\".",
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
            "`auth`, `username` und Kennwort oder `oauth` dieses Versandwegs setzen.",
        ),
    },
    Known {
        code: "5.2.121",
        cause: "The vendor's mailbox got too many mails from one sender in the last hour (about 1,200 at Exchange Online).",
        fix: "Nothing is lost: it is tried again. Let hosts send from several addresses, or the vendor read several mailboxes.",
        german: (
            "Das Postfach des Anbieters bekam in der letzten Stunde zu viele Mails von einem Absender (etwa 1.200 bei Exchange Online).",
            "Nichts geht verloren: es wird erneut versucht. Rechner von mehreren Adressen senden oder den Anbieter mehrere Postfächer lesen lassen.",
        ),
    },
    Known {
        code: "5.2.122",
        cause: "The vendor's mailbox got too many mails in the last hour (3,600 at Exchange Online).",
        fix: "Nothing is lost: it is tried again. The vendor should spread the reports over several mailboxes.",
        german: (
            "Das Postfach des Anbieters bekam in der letzten Stunde zu viele Mails (3.600 bei Exchange Online).",
            "Nichts geht verloren: es wird erneut versucht. Der Anbieter sollte die Berichte auf mehrere Postfächer verteilen.",
        ),
    },
    Known {
        code: "5.1.90",
        cause: "The account has sent to its daily limit of recipients.",
        fix: "It is tried again tomorrow by itself; another route or account sends meanwhile.",
        german: (
            "Das Konto hat seine Tagesgrenze an Empfängern erreicht.",
            "Morgen wird es von selbst erneut versucht; solange sendet ein anderer Versandweg oder ein anderes Konto.",
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
        code: "User is authenticated but not connected",
        cause: "The token is good, but the account may not open this mailbox.",
        fix: "Check `username` (the mailbox's address); for client credentials run New-ServicePrincipal with the object id of the ENTERPRISE application and Add-MailboxPermission, and check that the mailbox has a licence and IMAP is on.",
        german: (
            "Das Token ist gut, aber das Konto darf dieses Postfach nicht öffnen.",
            "`username` (die Adresse des Postfachs) prüfen; für client_credentials New-ServicePrincipal mit der Objekt-ID der UNTERNEHMENSANWENDUNG und Add-MailboxPermission ausführen, und prüfen, ob das Postfach eine Lizenz hat und IMAP eingeschaltet ist.",
        ),
    },
    Known {
        code: "AUTHENTICATE failed",
        cause: "The server did not take the token for this mailbox; for client credentials most often the service principal was made with the wrong object id.",
        fix: "Check `username`, that IMAP is on for the mailbox, and that New-ServicePrincipal was run with the object id of the ENTERPRISE application.",
        german: (
            "Der Server nahm das Token für dieses Postfach nicht; bei client_credentials wurde der Dienstprinzipal meist mit der falschen Objekt-ID angelegt.",
            "Prüfen: `username`, ob IMAP für das Postfach eingeschaltet ist, und ob New-ServicePrincipal mit der Objekt-ID der UNTERNEHMENSANWENDUNG ausgeführt wurde.",
        ),
    },
    Known {
        code: "ErrorSendAsDenied",
        cause: "The account or application may not send with this sender address.",
        fix: "Set `from` to the mailbox it may use, or grant it Send As; for an application check the scope of its role Application Mail.Send.",
        german: (
            "Das Konto oder die Anwendung darf mit dieser Absenderadresse nicht senden.",
            "`from` auf das erlaubte Postfach setzen, oder `Senden als` erlauben; bei einer Anwendung den Bereich ihrer Rolle Application Mail.Send prüfen.",
        ),
    },
    Known {
        code: "ErrorAccessDenied",
        cause: "The application lacks the permission Mail.Send for this mailbox.",
        fix: "Add the permission Mail.Send and grant admin consent, or the role Application Mail.Send over this mailbox.",
        german: (
            "Der Anwendung fehlt die Berechtigung Mail.Send für dieses Postfach.",
            "Die Berechtigung Mail.Send hinzufügen und die Administratorzustimmung erteilen, oder die Rolle Application Mail.Send für dieses Postfach.",
        ),
    },
    Known {
        code: "MailboxNotEnabledForRESTAPI",
        cause: "The mailbox is not in Exchange Online or has no licence.",
        fix: "Give the mailbox a licence, or use another sender; a mailbox on the premises cannot be reached by Graph.",
        german: (
            "Das Postfach liegt nicht in Exchange Online oder hat keine Lizenz.",
            "Dem Postfach eine Lizenz geben oder einen anderen Absender verwenden; ein Postfach im eigenen Haus ist über Graph nicht erreichbar.",
        ),
    },
    Known {
        code: "ErrorQuotaExceeded",
        cause: "The sender's mailbox is full, and Graph keeps a copy of what is sent.",
        fix: "Make room in the mailbox, for instance by a retention rule for Sent Items.",
        german: (
            "Das Postfach des Absenders ist voll, und Graph behält eine Kopie von allem, was gesendet wird.",
            "Im Postfach Platz schaffen, etwa durch eine Aufbewahrungsregel für Gesendete Elemente.",
        ),
    },
];
