//! The words of the standards (RFC 6749, RFC 8628, RFC 7521), and Google's: after every code that says more.

use super::Known;

pub(super) const TABLE: &[Known] = &[
    Known {
        code: "admin_policy_enforced",
        cause: "The Workspace administrator does not allow this application.",
        fix: "Trust the client id in the Admin console under Security > API controls > App access control.",
        german: (
            "Der Workspace-Administrator erlaubt diese Anwendung nicht.",
            "Der Client-ID in der Admin-Konsole unter Sicherheit > API-Steuerung > App-Zugriff vertrauen.",
        ),
    },
    Known {
        code: "token refused",
        cause: "The mail server did not take the token: it is void, for another mailbox, or lacks the scope that the server wants.",
        fix: "Check `username` and `scopes`, and that the mail server asks this provider about tokens; then run `oauth login` again.",
        german: (
            "Der Mailserver nahm das Token nicht: es gilt nicht, ist für ein anderes Postfach, oder ihm fehlt der Geltungsbereich, den der Server verlangt.",
            "`username` und `scopes` prüfen, und ob der Mailserver diesen Anbieter nach Token fragt; dann `oauth login` erneut ausführen.",
        ),
    },
    Known {
        code: "invalid_grant",
        cause: "The consent is no longer valid: it was revoked, expired, used up by another program, or the password was changed.",
        fix: "Run `oauth login` for this route or mailbox again.",
        german: (
            "Die Zustimmung gilt nicht mehr: sie wurde widerrufen, ist abgelaufen, wurde von einem anderen Programm verbraucht, oder das Passwort wurde geändert.",
            "`oauth login` für diese Route oder dieses Postfach erneut ausführen.",
        ),
    },
    Known {
        code: "invalid_client",
        cause: "The provider does not know the application, or its secret or certificate is wrong.",
        fix: "Check `client_id`, and `client_secret_file` or `certificate_file` and `key_file`.",
        german: (
            "Der Anbieter kennt die Anwendung nicht, oder ihr Geheimnis oder Zertifikat ist falsch.",
            "Prüfen: `client_id`, und `client_secret_file` oder `certificate_file` und `key_file`.",
        ),
    },
    Known {
        code: "unauthorized_client",
        cause: "The application may not use this grant, or for Google the service account has no domain-wide delegation for this scope.",
        fix: "Allow the grant in the application's registration; for Google enter the service account's client id and the scope under Domain-wide delegation.",
        german: (
            "Die Anwendung darf diese Art der Anmeldung nicht verwenden, oder bei Google hat das Dienstkonto für diesen Geltungsbereich keine domainweite Delegierung.",
            "Die Art in der Registrierung der Anwendung erlauben; bei Google die Client-ID des Dienstkontos und den Geltungsbereich unter Domainweite Delegierung eintragen.",
        ),
    },
    Known {
        code: "invalid_scope",
        cause: "A scope is not known to the provider or not allowed for the application.",
        fix: "Leave `scopes` out to use the provider's own, or correct it and the application's permissions.",
        german: (
            "Ein Geltungsbereich ist dem Anbieter nicht bekannt oder der Anwendung nicht erlaubt.",
            "`scopes` weglassen, damit die des Anbieters gelten, oder sie und die Berechtigungen der Anwendung berichtigen.",
        ),
    },
    Known {
        code: "access_denied",
        cause: "The sign-in was cancelled or the permissions were declined.",
        fix: "Run `oauth login` again and agree; if an administrator must agree, have it done first.",
        german: (
            "Die Anmeldung wurde abgebrochen oder die Berechtigungen wurden abgelehnt.",
            "`oauth login` erneut ausführen und zustimmen; muss ein Administrator zustimmen, das zuerst erledigen lassen.",
        ),
    },
    Known {
        code: "expired_token",
        cause: "Nobody signed in in time.",
        fix: "Run `oauth login` again and sign in within its time.",
        german: (
            "Niemand hat sich rechtzeitig angemeldet.",
            "`oauth login` erneut ausführen und sich innerhalb der Frist anmelden.",
        ),
    },
    Known {
        code: "unsupported_grant_type",
        cause: "The provider does not know this grant.",
        fix: "Choose another `grant`; the provider's documentation lists them.",
        german: (
            "Der Anbieter kennt diese Art der Anmeldung nicht.",
            "Ein anderes `grant` wählen; die Dokumentation des Anbieters nennt sie.",
        ),
    },
    Known {
        code: "interaction_required",
        cause: "The provider wants a person to sign in again.",
        fix: "Run `oauth login` for this account again.",
        german: (
            "Der Anbieter will, dass sich ein Mensch erneut anmeldet.",
            "`oauth login` für dieses Konto erneut ausführen.",
        ),
    },
    Known {
        code: "invalid_request",
        cause: "The provider did not understand the request; most often a setting is missing or wrong.",
        fix: "Check `provider`, `grant`, `client_id` and `scopes` against the application's registration.",
        german: (
            "Der Anbieter hat die Anfrage nicht verstanden; meist fehlt eine Einstellung oder ist falsch.",
            "`provider`, `grant`, `client_id` und `scopes` mit der Registrierung der Anwendung vergleichen.",
        ),
    },
];
