//! What is said before a provider is asked, and what Microsoft Entra says: its codes are in
//! `error_description`, beside one of the standard's words.

use super::{DEVICE_BLOCKED, Known, NO_CONSENT};

pub(super) const TABLE: &[Known] = &[
    Known {
        code: NO_CONSENT,
        cause: "The account has no refresh token yet, or it was forgotten.",
        fix: "Run `oauth login` for this route or mailbox and sign in with the mail account.",
        german: (
            "Für das Konto gibt es noch kein Aktualisierungstoken, oder es wurde vergessen.",
            "`oauth login` für diese Route oder dieses Postfach ausführen und sich mit dem Mailkonto anmelden.",
        ),
    },
    Known {
        code: DEVICE_BLOCKED,
        cause: "Many organisations block the device code grant by a Conditional Access policy, Microsoft's own managed one among them.",
        fix: "Sign in with `oauth login --browser` or `--paste` (grant = \"authorization_code\"), or use grant = \"client_credentials\" with a certificate.",
        german: (
            "Viele Organisationen sperren die Anmeldung per Gerätecode durch eine Richtlinie für bedingten Zugriff, auch Microsofts eigene verwaltete.",
            "Mit `oauth login --browser` oder `--paste` anmelden (grant = \"authorization_code\"), oder grant = \"client_credentials\" mit einem Zertifikat verwenden.",
        ),
    },
    Known {
        code: "AADSTS50173",
        cause: "The account's password was changed or its sessions were revoked; that ends every refresh token.",
        fix: "Run `oauth login` for this route or mailbox again; grant = \"client_credentials\" with a certificate does not depend on a password.",
        german: (
            "Das Passwort des Kontos wurde geändert oder seine Sitzungen wurden widerrufen; das beendet jedes Aktualisierungstoken.",
            "`oauth login` für diese Route oder dieses Postfach erneut ausführen; grant = \"client_credentials\" mit einem Zertifikat hängt an keinem Passwort.",
        ),
    },
    Known {
        code: "AADSTS700082",
        cause: "The refresh token was not used for 90 days.",
        fix: "Run `oauth login` for this route or mailbox again; a running program uses it every hour and keeps it alive.",
        german: (
            "Das Aktualisierungstoken wurde 90 Tage lang nicht verwendet.",
            "`oauth login` für diese Route oder dieses Postfach erneut ausführen; ein laufendes Programm verwendet es stündlich und hält es am Leben.",
        ),
    },
    Known {
        code: "AADSTS70043",
        cause: "A Conditional Access policy for the sign-in frequency ended the refresh token.",
        fix: "Run `oauth login` again, and have the account excepted from that policy or use grant = \"client_credentials\".",
        german: (
            "Eine Richtlinie für bedingten Zugriff zur Anmeldehäufigkeit hat das Aktualisierungstoken beendet.",
            "`oauth login` erneut ausführen und das Konto von der Richtlinie ausnehmen lassen, oder grant = \"client_credentials\" verwenden.",
        ),
    },
    Known {
        code: "AADSTS53003",
        cause: "A Conditional Access policy blocks this sign-in (the grant, the place or the device).",
        fix: "Have the administrator read the sign-in log in Microsoft Entra for the policy's name and except this application, or use grant = \"client_credentials\" with a certificate.",
        german: (
            "Eine Richtlinie für bedingten Zugriff sperrt diese Anmeldung (die Art, den Ort oder das Gerät).",
            "Den Administrator im Anmeldeprotokoll von Microsoft Entra den Namen der Richtlinie nachsehen und diese Anwendung ausnehmen lassen, oder grant = \"client_credentials\" mit einem Zertifikat verwenden.",
        ),
    },
    Known {
        code: "AADSTS65001",
        cause: "Neither the user nor an administrator has agreed to the application's permissions.",
        fix: "Have an administrator press `Grant admin consent` under API permissions, then run `oauth login` again.",
        german: (
            "Weder der Benutzer noch ein Administrator hat den Berechtigungen der Anwendung zugestimmt.",
            "Einen Administrator unter API-Berechtigungen `Administratorzustimmung erteilen` wählen lassen, dann `oauth login` erneut ausführen.",
        ),
    },
    Known {
        code: "AADSTS50126",
        cause: "User name or password was wrong at the sign-in.",
        fix: "Sign in again with the mail account's own user name and password.",
        german: (
            "Bei der Anmeldung war Benutzername oder Passwort falsch.",
            "Mit Benutzername und Passwort des Mailkontos selbst erneut anmelden.",
        ),
    },
    Known {
        code: "AADSTS50076",
        cause: "The account must prove itself by a second factor, which nobody can do unattended.",
        fix: "Run `oauth login` again and complete the second factor; grant = \"client_credentials\" needs none.",
        german: (
            "Das Konto muss sich mit einem zweiten Faktor ausweisen, was unbeaufsichtigt niemand kann.",
            "`oauth login` erneut ausführen und den zweiten Faktor bestätigen; grant = \"client_credentials\" braucht keinen.",
        ),
    },
    Known {
        code: "AADSTS50079",
        cause: "The account must register a second factor first.",
        fix: "Sign in once with a browser and register it, then run `oauth login` again.",
        german: (
            "Für das Konto muss zuerst ein zweiter Faktor eingerichtet werden.",
            "Einmal im Browser anmelden und ihn einrichten, dann `oauth login` erneut ausführen.",
        ),
    },
    Known {
        code: "AADSTS50105",
        cause: "The account is not assigned to the enterprise application.",
        fix: "Assign the account under Enterprise applications > Users and groups, or switch `Assignment required` off.",
        german: (
            "Das Konto ist der Unternehmensanwendung nicht zugewiesen.",
            "Das Konto unter Unternehmensanwendungen > Benutzer und Gruppen zuweisen, oder `Zuweisung erforderlich` ausschalten.",
        ),
    },
    Known {
        code: "AADSTS50057",
        cause: "The account is disabled.",
        fix: "Enable the account, or sign in with another one.",
        german: ("Das Konto ist deaktiviert.", "Das Konto aktivieren, oder sich mit einem anderen anmelden."),
    },
    Known {
        code: "AADSTS50034",
        cause: "The account is not known in this tenant.",
        fix: "Check `tenant` and the account that signs in.",
        german: (
            "Das Konto ist in diesem Mandanten nicht bekannt.",
            "`tenant` und das angemeldete Konto prüfen.",
        ),
    },
    Known {
        code: "AADSTS50011",
        cause: "The redirect address is not registered for the application.",
        fix: "Add http://localhost under Authentication > Mobile and desktop applications.",
        german: (
            "Die Umleitungsadresse ist für die Anwendung nicht eingetragen.",
            "http://localhost unter Authentifizierung > Mobilgerät- und Desktopanwendungen eintragen.",
        ),
    },
    Known {
        code: "AADSTS7000222",
        cause: "The application's client secret has expired.",
        fix: "Make a new secret under Certificates & secrets, put its value into `client_secret_file` and its date into `client_secret_expires`; a certificate lasts longer.",
        german: (
            "Der geheime Clientschlüssel der Anwendung ist abgelaufen.",
            "Unter Zertifikate und Geheimnisse einen neuen anlegen, seinen Wert in `client_secret_file` und sein Datum in `client_secret_expires` eintragen; ein Zertifikat hält länger.",
        ),
    },
    Known {
        code: "AADSTS7000215",
        cause: "The client secret is wrong; often its id was copied instead of its value.",
        fix: "Put the secret's value, not its id, into `client_secret_file`.",
        german: (
            "Der geheime Clientschlüssel ist falsch; oft wurde seine Kennung statt seines Werts kopiert.",
            "Den Wert des Schlüssels, nicht seine Kennung, in `client_secret_file` eintragen.",
        ),
    },
    Known {
        code: "AADSTS7000218",
        cause: "The application is not registered as a public client, so a secret or certificate is asked for.",
        fix: "Switch `Allow public client flows` on under Authentication, or set `client_secret_file` or `certificate_file`.",
        german: (
            "Die Anwendung ist nicht als öffentlicher Client eingetragen, daher wird ein Geheimnis oder Zertifikat verlangt.",
            "Unter Authentifizierung `Öffentliche Clientflows zulassen` einschalten, oder `client_secret_file` oder `certificate_file` setzen.",
        ),
    },
    Known {
        code: "AADSTS700027",
        cause: "The signature was made with a key whose certificate is not registered for the application, or expired.",
        fix: "Upload the certificate of `certificate_file` under Certificates & secrets, and check this host's clock.",
        german: (
            "Die Unterschrift stammt von einem Schlüssel, dessen Zertifikat für die Anwendung nicht eingetragen oder abgelaufen ist.",
            "Das Zertifikat aus `certificate_file` unter Zertifikate und Geheimnisse hochladen, und die Uhr dieses Rechners prüfen.",
        ),
    },
    Known {
        code: "AADSTS700016",
        cause: "There is no such application in this tenant.",
        fix: "Check `client_id` (the Application (client) ID) and `tenant`.",
        german: (
            "Diese Anwendung gibt es in diesem Mandanten nicht.",
            "`client_id` (die Anwendungs-ID) und `tenant` prüfen.",
        ),
    },
    Known {
        code: "AADSTS90002",
        cause: "There is no such tenant.",
        fix: "Check `tenant` (the Directory (tenant) ID) and `cloud`.",
        german: ("Diesen Mandanten gibt es nicht.", "`tenant` (die Verzeichnis-ID) und `cloud` prüfen."),
    },
    Known {
        code: "AADSTS70011",
        cause: "A scope is not known or not allowed together with another.",
        fix: "Leave `scopes` out to use the provider's own, or correct it.",
        german: (
            "Ein Geltungsbereich ist nicht bekannt oder neben einem anderen nicht erlaubt.",
            "`scopes` weglassen, damit die des Anbieters gelten, oder berichtigen.",
        ),
    },
    Known {
        code: "AADSTS1002012",
        cause: "Client credentials take a scope that ends in /.default only.",
        fix: "Leave `scopes` out, or let it be the resource with /.default.",
        german: (
            "Mit client_credentials sind nur Geltungsbereiche erlaubt, die auf /.default enden.",
            "`scopes` weglassen, oder die Ressource mit /.default angeben.",
        ),
    },
];
