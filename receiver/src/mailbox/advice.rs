//! What an IMAP server's refusal probably means, and the way out. What concerns connection and TLS is the same for every server
//! and said in `mailbeat_shared::advice::server`.

use mailbeat_shared::advice::{Advice, server};
use mailbeat_shared::phrases::Phrase;
use mailbeat_shared::steps::Explain;
use mailbeat_shared::transport::oauth;
use mailbeat_shared::transport::outcome::FailureKind;

use super::{ErrorKind, MailboxError};

impl Explain for MailboxError {
    fn explain(&self, at: &str) -> (String, Advice) {
        let kind = match self.kind {
            ErrorKind::Connection(problem) => Some(FailureKind::Connection(problem)),
            ErrorKind::Tls(problem) => Some(FailureKind::Tls(problem)),
            ErrorKind::Settings => Some(FailureKind::Settings),
            _ => None,
        };
        let advice = match kind {
            Some(_) => server::explain(kind, &self.text, at),
            // What providers say of tokens has its own words, whatever password the account does not have.
            None => oauth::advise(&self.text).unwrap_or_else(|| words(self.kind, &self.text.to_lowercase())),
        };
        (self.to_string(), advice)
    }
}

fn words(kind: ErrorKind, text: &str) -> Advice {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let (cause, fix) = match kind {
        ErrorKind::Authentication
            if says(&["authenticationfailed", "login failed", "logondenied", "authenticate failed"])
                && says(&["outlook", "office365", "exchange"]) =>
        {
            BASIC_OFF
        }
        ErrorKind::Authentication if says(&["application-specific", "app password"]) => APP_PASSWORD,
        ErrorKind::Authentication if says(&["privacyrequired", "disabled", "not supported"]) => NO_PASSWORDS,
        ErrorKind::Authentication => WRONG_PASSWORD,
        ErrorKind::FolderMissing => NO_FOLDER,
        ErrorKind::Throttled(_) => THROTTLED,
        ErrorKind::Protocol => NO_IMAP,
        ErrorKind::Unreachable => NO_MAILDIR,
        _ => REFUSED,
    };
    Advice::new(cause, fix)
}

type Pair = (&'static str, &'static str);

const BASIC_OFF: Pair = (
    "Exchange Online takes no passwords for IMAP; basic authentication is switched off there.",
    "Read the mailbox with an OAuth account (`auth = \"oauth\"`).",
);
const APP_PASSWORD: Pair = (
    "The account has a second factor; the provider takes an application password only.",
    "Make an application password and put it into `password_file`, or use an OAuth account.",
);
const NO_PASSWORDS: Pair = (
    "The server takes no passwords here: the connection is not private, or passwords are switched off.",
    "Use `tls = \"implicit\"` (993) or `tls = \"starttls\"` (143); where passwords are off, an OAuth account.",
);
const WRONG_PASSWORD: Pair = (
    "The server does not know this user name or password, or the account may not use IMAP.",
    "Check `username` (often the whole mail address) and the first line of `password_file`, and whether IMAP is switched on for the account.",
);
const NO_FOLDER: Pair = (
    "There is no such folder in the mailbox.",
    "Correct the folder's name in `folders`; the server lists the ones it has.",
);
const THROTTLED: Pair = (
    "The server asks to be left alone for a while: too many connections or commands on this account.",
    "Nothing to do: it is tried again after that time; fewer programs on one account help.",
);
const NO_IMAP: Pair = (
    "The other side does not speak IMAP as it should.",
    "Check that host and port belong to an IMAP server (993, 143), and what lies between (proxy, virus scanner).",
);
const NO_MAILDIR: Pair = (
    "The Maildir is not there or not ours: not mounted, or not made yet.",
    "Check that its file system is mounted; a new Maildir is made by `mailbeat-receiver init`.",
);
const REFUSED: Pair = (
    "The server understood and refused.",
    "Show the server's words to its administrator; the server's log usually says more.",
);

/// The German of all this.
pub(crate) const PHRASES: &[Phrase] = &[
    (
        BASIC_OFF.0,
        "Exchange Online nimmt für IMAP keine Passwörter; Basic Authentication ist dort abgeschaltet.",
    ),
    (BASIC_OFF.1, "Das Postfach über ein OAuth-Konto lesen (`auth = \"oauth\"`)."),
    (APP_PASSWORD.0, "Das Konto hat einen zweiten Faktor; der Anbieter nimmt nur ein App-Passwort."),
    (
        APP_PASSWORD.1,
        "Ein App-Passwort anlegen und in `password_file` schreiben, oder ein OAuth-Konto verwenden.",
    ),
    (
        NO_PASSWORDS.0,
        "Der Server nimmt hier keine Passwörter: die Verbindung ist nicht privat, oder Passwörter sind abgeschaltet.",
    ),
    (
        NO_PASSWORDS.1,
        "`tls = \"implicit\"` (993) oder `tls = \"starttls\"` (143) verwenden; wo Passwörter aus sind, ein OAuth-Konto.",
    ),
    (
        WRONG_PASSWORD.0,
        "Der Server kennt diesen Benutzernamen oder dieses Passwort nicht, oder das Konto darf kein IMAP.",
    ),
    (
        WRONG_PASSWORD.1,
        "`username` (oft die ganze Mailadresse) und die erste Zeile von `password_file` prüfen, und ob IMAP für das Konto eingeschaltet ist.",
    ),
    (NO_FOLDER.0, "Im Postfach gibt es keinen solchen Ordner."),
    (NO_FOLDER.1, "Den Namen des Ordners in `folders` berichtigen; der Server listet die, die er hat."),
    (
        THROTTLED.0,
        "Der Server will eine Weile in Ruhe gelassen werden: zu viele Verbindungen oder Befehle auf diesem Konto.",
    ),
    (
        THROTTLED.1,
        "Nichts zu tun: es wird nach dieser Zeit wieder versucht; weniger Programme auf einem Konto helfen.",
    ),
    (NO_IMAP.0, "Die andere Seite spricht nicht IMAP, wie sie sollte."),
    (
        NO_IMAP.1,
        "Prüfen, ob Host und Port einem IMAP-Server gehören (993, 143), und was dazwischen liegt (Proxy, Virenscanner).",
    ),
    (
        NO_MAILDIR.0,
        "Das Maildir ist nicht da oder nicht unseres: nicht eingehängt, oder noch nicht angelegt.",
    ),
    (
        NO_MAILDIR.1,
        "Prüfen, ob sein Dateisystem eingehängt ist; ein neues Maildir legt `mailbeat-receiver init` an.",
    ),
    (REFUSED.0, "Der Server hat verstanden und abgelehnt."),
    (
        REFUSED.1,
        "Die Worte des Servers seinem Administrator zeigen; das Protokoll des Servers sagt meist mehr.",
    ),
    (
        "The folder is not there and is not read; many servers make it with the first junk mail.",
        "Den Ordner gibt es nicht, er wird nicht gelesen; viele Server legen ihn mit der ersten Junk-Mail an.",
    ),
    (
        "Correct `folders` if it has another name on this server; else nothing.",
        "`folders` berichtigen, wenn er auf diesem Server anders heißt; sonst nichts.",
    ),
    (
        "The mailbox is nearly full; when it is, reports bounce and hosts seem silent.",
        "Das Postfach ist fast voll; ist es voll, kommen Berichte zurück und Hosts scheinen zu schweigen.",
    ),
    (
        "Let its administrator raise the quota, or keep processed mails for fewer days (`retention.processed_mail_days`).",
        "Seinen Administrator die Quota erhöhen lassen, oder verarbeitete Mails weniger Tage behalten (`retention.processed_mail_days`).",
    ),
    (
        "The mailbox is full: reports bounce or wait at the senders' servers, and hosts seem silent.",
        "Das Postfach ist voll: Berichte kommen zurück oder warten auf den Servern der Absender, und Hosts scheinen zu schweigen.",
    ),
    (
        "Let its administrator raise the quota, or delete old mails, also those in `Mailbeat/Processed`. What waits comes by itself; what bounced is sent again on its host by `mailbeat-agent trail resend NUMBER`, for each number of the ticket `reports-lost`.",
        "Seinen Administrator die Quota erhöhen lassen, oder alte Mails löschen, auch die in `Mailbeat/Processed`. Was wartet, kommt von selbst; was zurückkam, wird auf seinem Host mit `mailbeat-agent trail resend NUMMER` noch einmal gesendet, für jede Nummer des Tickets `reports-lost`.",
    ),
    ("is made at the first start", "wird beim ersten Start angelegt"),
    ("is there as {}", "gibt es als {1}"),
    ("the server does not tell (no QUOTA)", "der Server sagt es nicht (kein QUOTA)"),
    ("no limit", "keine Grenze"),
    ("{n} of {n} mails used", "{1} von {2} Mails belegt"),
    ("{n} of {n} used", "{1} von {2} belegt"),
    ("complete", "vollständig"),
    ("as {}", "als {1}"),
    ("IDLE: tells of new mail, MOVE, UIDPLUS", "IDLE: meldet neue Mail, MOVE, UIDPLUS"),
];
