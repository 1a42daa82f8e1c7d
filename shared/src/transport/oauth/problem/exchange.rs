//! What Exchange Online says over IMAP, and Microsoft Graph over HTTP.

use super::Known;

pub(super) const TABLE: &[Known] = &[
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
