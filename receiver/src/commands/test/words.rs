//! What `test` says about this machine, in both languages.

use mailbeat_shared::phrases::{self, Phrase};

pub(super) const NO_MAIL: &str = "no mail was sent";
pub(super) const NO_BACKUPS: &str = "this version makes none by itself";
pub(super) const NO_WEB: &str = "this version serves no pages";
pub(super) const NO_PING: &str = "none is configured";
pub(super) const NOBODY: &str = "there is no default contact";
pub(super) const NOBODY_REACHED: &str = "mail to every default contact came back";

mailbeat_shared::advice! {
    rules: "The file of rules cannot be used.", "Mend the line named, or remove `rules` from receiver.toml to use the built-in ones.";
        "Die Datei der Regeln ist nicht zu gebrauchen.", "Die genannte Zeile berichtigen, oder `rules` aus receiver.toml entfernen, um die eingebauten zu verwenden.";
    database: "What `init` makes is missing, or belongs to another user.", "Run `mailbeat-receiver init`; the state directory must belong to the receiver's user.";
        "Was `init` anlegt, fehlt oder gehört einem anderen Benutzer.", "`mailbeat-receiver init` ausführen; das Zustandsverzeichnis muss dem Benutzer des Receivers gehören.";
    disk: "The disk has little room: when it is full, no report is recorded.", "Make room, shorten `[retention]`, or put `state_dir` on another disk.";
        "Die Platte hat wenig Platz: ist sie voll, wird kein Bericht aufgezeichnet.", "Platz schaffen, `[retention]` kürzen, oder `state_dir` auf eine andere Platte legen.";
    vendor_key: "The key that contracts are sealed with cannot be used.", "Mend what is named; where there is none yet, `mailbeat-receiver init` makes it. It is never replaced by itself.";
        "Der Schlüssel, der Verträge besiegelt, ist nicht zu gebrauchen.", "Das Genannte beheben; gibt es noch keinen, legt ihn `mailbeat-receiver init` an. Er wird nie von selbst ersetzt.";
    contacts: "Where a customer has no contact of its own, nobody would hear of a ticket.", "Add somebody whose mail works: mailbeat-receiver contacts add ADDRESS";
        "Hat ein Kunde keinen eigenen Kontakt, hörte niemand von einem Ticket.", "Jemanden eintragen, dessen Mail ankommt: mailbeat-receiver contacts add ADRESSE";
    customers_contacts: "Test reports of these customers are answered to nobody, and their tickets go to the default contacts.", "Add one: mailbeat-receiver contacts add ADDRESS --customer NAME";
        "Testberichte dieser Kunden werden niemandem beantwortet, ihre Tickets gehen an die Standardkontakte.", "Einen eintragen: mailbeat-receiver contacts add ADRESSE --customer NAME";
    clock: "This machine's clock is ahead of the mail server's; hosts would seem later than they are.", "Set it and keep it right: timedatectl set-ntp true";
        "Die Uhr dieser Maschine geht gegenüber der des Mailservers vor; Hosts sähen später aus, als sie sind.", "Stellen und richtig halten: timedatectl set-ntp true";
    templates: "A mail cannot be made: the sender's address is none, or the program has a fault.", "Correct `[outgoing] from`; if it is right, please report this.";
        "Eine Mail lässt sich nicht machen: die Absenderadresse ist keine, oder das Programm hat einen Fehler.", "`[outgoing] from` berichtigen; stimmt es, bitte dies melden.";
    backups: "The database, vendor.key and encryption.keys are all that cannot be made again.", "Back up the state directory, for example each night: sqlite3 receiver.db \".backup FILE\", and the two key files once.";
        "Die Datenbank, vendor.key und encryption.keys sind alles, was sich nicht wieder herstellen lässt.", "Das Zustandsverzeichnis sichern, zum Beispiel jede Nacht: sqlite3 receiver.db \".backup DATEI\", und die beiden Schlüsseldateien einmal.";
    ping: "If this receiver dies, nobody tells you.", "Set `[ping]` with the address of a watchdog outside, or a mailbox somebody looks into.";
        "Stirbt dieser Receiver, sagt Ihnen das niemand.", "`[ping]` mit der Adresse eines Wächters außerhalb setzen, oder eines Postfachs, in das jemand sieht.";
    ping_settings: "The table [ping] cannot be used.", "Correct it in receiver.toml.";
        "Die Tabelle [ping] ist nicht zu gebrauchen.", "In receiver.toml berichtigen.";
    mail_to: "The server takes mail up to the recipient; only a mail shows that it arrives.", "Send one: mailbeat-receiver test --mail-to ADDRESS";
        "Der Server nimmt Mail bis zum Empfänger an; nur eine Mail zeigt, dass sie ankommt.", "Eine senden: mailbeat-receiver test --mail-to ADRESSE";
    address: "The mail could not be made.", "Give a mail address, as in user@host.example.";
        "Die Mail ließ sich nicht machen.", "Eine Mailadresse angeben, wie in user@host.example.";
}

const OTHER: &[Phrase] = &[
    (NO_MAIL, "keine Mail gesendet"),
    (NO_BACKUPS, "diese Version macht selbst keine"),
    (NO_WEB, "diese Version zeigt keine Seiten"),
    (NO_PING, "keiner eingerichtet"),
    (NOBODY, "es gibt keinen Standardkontakt"),
    (NOBODY_REACHED, "Mail an jeden Standardkontakt kam zurück"),
    ("this host", "dieser Host"),
    ("rules", "Regeln"),
    ("database", "Datenbank"),
    ("disk", "Platte"),
    ("vendor key", "Schlüssel des Herstellers"),
    ("contacts", "Kontakte"),
    ("customers' contacts", "Kontakte der Kunden"),
    ("time", "Uhrzeit"),
    ("templates", "Vorlagen"),
    ("backups", "Sicherungen"),
    ("own certificate", "eigenes Zertifikat"),
    ("watchdog", "Wächter"),
    ("{n} thresholds", "{1} Schwellen"),
    ("1 default contact", "1 Standardkontakt"),
    ("{n} default contacts", "{1} Standardkontakte"),
    ("none for {}", "keine für {1}"),
    ("{}, {n} MiB free", "{1}, {2} MiB frei"),
    ("{}, {n} s ahead of the mail server's", "{1}, {2} s vor der des Mailservers"),
    ("reached, {}", "erreicht, {1}"),
    ("reached; it was told nothing", "erreicht; ihm wurde nichts gesagt"),
    ("by mail to {}", "per Mail an {1}"),
];

/// Everything.
pub(super) const PHRASES: &[Phrase] = &phrases::joined::<{ ADVICE.len() + OTHER.len() }>(ADVICE, OTHER);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_has_a_german_one_that_fills_its_holes() {
        for phrases in [PHRASES, crate::mailbox::PHRASES] {
            assert_eq!(mailbeat_shared::phrases::faults(phrases), Vec::<String>::new());
            assert!(phrases.iter().all(|(english, german)| !english.is_empty() && !german.is_empty()));
        }
    }
}
