//! What `test` says: advice about this host, and the German of its sentences.

use mailbeat_shared::phrases::{self, Phrase};

pub(super) const NO_CONTRACT: &str = "not activated";
pub(super) const NO_ROUTE: &str = "no route can be used";
pub(super) const NO_GOOD_ROUTE: &str = "no route went well";
pub(super) const NOT_AGREED: &str = "nobody agreed to it yet";
pub(super) const NOTHING_WATCHED: &str = "none are configured";
pub(super) const OTHER_MACHINE: &str = "the state was made on another machine";
pub(super) const WAITING: &str = "the vendor answers by mail to the contacts registered for you";
pub(super) const NOT_HANDED_OVER: &str = "the report was not handed over";
pub(super) const SWITCH_OFF: &str = "If this host has no such thing, switch the item off in agent.toml.";
pub(super) const CORRECT_WATCH: &str = "Correct `watch.include`.";
pub(super) const COPY_CODE: &str = "Copy the code from the vendor's mail.";

mailbeat_shared::advice! {
    activate: "Without the vendor's contract nothing is sent.", "Activate: mailbeat-agent activate FILE.contract";
        "Ohne den Vertrag des Herstellers wird nichts gesendet.", "Aktivieren: mailbeat-agent activate DATEI.contract";
    activate_again: "The files of the activation do not belong together.", "Run `mailbeat-agent deactivate`, then activate with the contract file the vendor gave you first: mailbeat-agent activate FILE.contract";
        "Die Dateien der Aktivierung gehören nicht zusammen.", "`mailbeat-agent deactivate` aufrufen, dann mit der Vertragsdatei aktivieren, die der Hersteller zuerst gab: mailbeat-agent activate DATEI.contract";
    agree: "These items were switched on after the activation.", "Look at them and agree: mailbeat-agent activate; or switch them off in agent.toml.";
        "Diese Positionen wurden nach der Aktivierung eingeschaltet.", "Ansehen und zustimmen: mailbeat-agent activate; oder in agent.toml ausschalten.";
    renew: "The contract ends soon or is over.", "Ask the vendor for a renewal and activate it: mailbeat-agent activate FILE.contract";
        "Der Vertrag endet bald oder ist vorbei.", "Den Hersteller um eine Verlängerung bitten und sie aktivieren: mailbeat-agent activate DATEI.contract";
    check_is_bad: "The check found something that is not as it should be.", "Mend it, or correct the check's ranges in agent.toml.";
        "Die Prüfung fand etwas, das nicht ist, wie es sein soll.", "Beheben, oder die Bereiche der Prüfung in agent.toml berichtigen.";
    check_cannot_tell: "The check could not tell, and says why.", "Correct the check in agent.toml, or allow the agent's user what it needs.";
        "Die Prüfung konnte nichts feststellen und sagt, warum.", "Die Prüfung in agent.toml berichtigen, oder dem Benutzer des Agenten erlauben, was sie braucht.";
    set_clock: "This machine's clock is wrong.", "Set it and keep it right: timedatectl set-ntp true";
        "Die Uhr dieser Maschine geht falsch.", "Stellen und richtig halten: timedatectl set-ntp true";
    state_directory: "The agent cannot write its state.", "Run this as root or as the agent's user; the directory must belong to the agent's user.";
        "Der Agent kann seinen Zustand nicht schreiben.", "Als root oder als Benutzer des Agenten ausführen; das Verzeichnis muss dem Benutzer des Agenten gehören.";
    little_space: "The disk has little room: when it is full, no report can be queued.", "Make room, or put `state_dir` on another disk.";
        "Die Platte hat wenig Platz: ist sie voll, kann kein Bericht eingereiht werden.", "Platz schaffen, oder `state_dir` auf eine andere Platte legen.";
    unreadable_state: "A file of the agent's state cannot be read.", "Run this as root or as the agent's user.";
        "Eine Datei des Agentenzustands ist nicht lesbar.", "Als root oder als Benutzer des Agenten ausführen.";
    keep_or_new: "A machine was replaced, or this one is a copy of another.", "Replaced: mailbeat-agent identity keep. A copy beside the other: mailbeat-agent identity new.";
        "Eine Maschine wurde ersetzt, oder diese ist die Kopie einer anderen.", "Ersetzt: mailbeat-agent identity keep. Eine Kopie neben der anderen: mailbeat-agent identity new.";
    correct_configuration: "The configuration holds something that cannot work.", "Correct what is named here in agent.toml; `mailbeat-agent config check` looks again.";
        "In der Konfiguration steht etwas, das nicht gehen kann.", "Das hier Genannte in agent.toml berichtigen; `mailbeat-agent config check` sieht noch einmal nach.";
    correct_route: "This route cannot be used as it is configured.", "Correct its [[route]] table in agent.toml.";
        "Diese Route ist so, wie sie eingerichtet ist, nicht zu gebrauchen.", "Ihre [[route]]-Tabelle in agent.toml berichtigen.";
    redaction_broken: "A planted secret was not hidden: a fault in the program.", "Switch off `watch` until it is mended, and report this; the shapes that came through are named above.";
        "Ein ausgelegtes Geheimnis wurde nicht verborgen: ein Fehler im Programm.", "`watch` ausschalten, bis er behoben ist, und dies melden; die durchgekommenen Formen stehen oben.";
    redaction_greedy: "An ordinary line was hidden too: an own pattern is too broad.", "Narrow `redact.patterns`; `mailbeat-agent redact FILE` shows what is left of a file.";
        "Auch eine gewöhnliche Zeile wurde verborgen: ein eigenes Muster ist zu weit.", "`redact.patterns` enger fassen; `mailbeat-agent redact DATEI` zeigt, was von einer Datei bleibt.";
    maildir: "The directory cannot be written.", "Give the agent's user the right to write there, or correct `path`.";
        "Das Verzeichnis ist nicht beschreibbar.", "Dem Benutzer des Agenten das Schreibrecht dort geben, oder `path` berichtigen.";
    not_composed: "The test report could not be made.", "See what is said here; `mailbeat-agent status` says what hinders the agent.";
        "Der Testbericht konnte nicht gemacht werden.", "Siehe die Worte hier; `mailbeat-agent status` sagt, was den Agenten hindert.";
    held_back: "Too many mails were sent within the hour (`mails_per_hour`), or the mail server was not asked yet.", "Wait, or see `mailbeat-agent status`; it is sent by itself while `mailbeat-agent run` runs.";
        "In dieser Stunde wurden zu viele Mails gesendet (`mails_per_hour`), oder der Mailserver wurde noch nicht gefragt.", "Warten, oder `mailbeat-agent status` ansehen; er geht von selbst, solange `mailbeat-agent run` läuft.";
    confirm: "Your mail server took the report; only the vendor can say that it arrived.", "Type the code from the vendor's mail: mailbeat-agent test --confirm CODE. If none comes within minutes, look for a bounce in the sender's mailbox, and ask the vendor whether a contact is registered for you.";
        "Ihr Mailserver hat den Bericht angenommen; nur der Hersteller kann sagen, dass er ankam.", "Den Code aus der Mail des Herstellers eingeben: mailbeat-agent test --confirm CODE. Kommt binnen Minuten keine, im Postfach des Absenders nach einer Unzustellbarkeitsmail sehen, und den Hersteller fragen, ob für Sie ein Kontakt eingetragen ist.";
    wrong_code: "The code is mistyped, or it confirms a report of another system, or an older one.", "Copy the code from the newest mail; it names host and number of the report.";
        "Der Code ist vertippt, oder er bestätigt den Bericht eines anderen Systems oder einen älteren.", "Den Code aus der neuesten Mail kopieren; sie nennt Host und Nummer des Berichts.";
}

/// The German of everything else.
const OTHER: &[Phrase] = &[
    (NO_CONTRACT, "nicht aktiviert"),
    (NO_ROUTE, "keine Route ist zu gebrauchen"),
    (NO_GOOD_ROUTE, "keine Route hat funktioniert"),
    (NOT_AGREED, "niemand hat bisher zugestimmt"),
    (NOTHING_WATCHED, "keine eingerichtet"),
    (OTHER_MACHINE, "der Zustand wurde auf einer anderen Maschine gemacht"),
    (WAITING, "der Hersteller antwortet per Mail an die für Sie eingetragenen Kontakte"),
    (NOT_HANDED_OVER, "der Bericht wurde nicht übergeben"),
    (SWITCH_OFF, "Gibt es das auf diesem Host nicht, die Position in agent.toml ausschalten."),
    (CORRECT_WATCH, "`watch.include` berichtigen."),
    (COPY_CODE, "Den Code aus der Mail des Herstellers kopieren."),
    ("not asked for (--no-delivery)", "nicht gewünscht (--no-delivery)"),
    ("the log is in {}", "das Protokoll liegt in {1}"),
    ("this host", "dieser Host"),
    ("checks", "Prüfungen"),
    ("delivery", "Zustellung"),
    ("routes", "Routen"),
    ("configuration", "Konfiguration"),
    ("contract", "Vertrag"),
    ("enrollment secret", "Geheimnis der Anmeldung"),
    ("consent", "Zustimmung"),
    ("clock", "Uhr"),
    ("state directory", "Zustandsverzeichnis"),
    ("identity", "Identität"),
    ("watched files", "überwachte Dateien"),
    ("redaction", "Schwärzung"),
    ("check {}", "Prüfung {1}"),
    ("test report", "Testbericht"),
    ("is made with the activation", "entsteht mit der Aktivierung"),
    ("1 value", "1 Wert"),
    ("{n} values", "{1} Werte"),
    ("{n} read, {n} not readable", "{1} gelesen, {2} nicht lesbar"),
    ("{n} planted secrets hidden", "{1} ausgelegte Geheimnisse verborgen"),
    ("{}, {n} MiB free", "{1}, {2} MiB frei"),
    ("{} is not there", "{1} ist nicht da"),
    ("#{n} accepted (route {}): {}", "#{1} angenommen (Route {2}): {3}"),
    ("#{n} waits: {}", "#{1} wartet: {2}"),
    ("#{n} waits in the queue{}", "#{1} wartet in der Warteschlange{2}"),
    (
        "the vendor received #{n} of {} and accepted it",
        "der Hersteller hat #{1} vom {2} erhalten und angenommen",
    ),
    ("{} belongs to none of the last {n} test reports", "{1} gehört zu keinem der letzten {2} Testberichte"),
    ("cpu", "CPU"),
    ("memory", "Arbeitsspeicher"),
    ("swap", "Auslagerung"),
    ("pressure", "Engpässe"),
    ("disk io", "Plattenzugriffe"),
    ("temperature", "Temperaturen"),
    ("accounts", "Mailkonten"),
    ("kernel", "Kernel"),
    ("load", "Last"),
    ("filesystems", "Dateisysteme"),
    ("network", "Netz"),
    ("uptime", "Laufzeit"),
    ("agent", "Agent"),
    ("os", "Betriebssystem"),
    ("virtualization", "Virtualisierung"),
    ("hardware", "Hardware"),
    ("packages", "Pakete"),
    ("updates", "Aktualisierungen"),
    ("reboot", "Neustart"),
];

/// Everything.
pub(in crate::commands) const PHRASES: &[Phrase] =
    &phrases::joined::<{ ADVICE.len() + OTHER.len() }>(ADVICE, OTHER);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sentence_has_a_german_one_that_fills_its_holes() {
        assert_eq!(mailbeat_shared::phrases::faults(PHRASES), Vec::<String>::new());
        assert!(PHRASES.iter().all(|(english, german)| !english.is_empty() && !german.is_empty()));
    }
}
