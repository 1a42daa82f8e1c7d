//! German.

use mailbeat_shared::locale::Locale;
use mailbeat_shared::phrases::Phrase;

use super::Words;
use crate::evaluate::Severity;
use crate::ticket::TicketState;

pub(super) struct German;

impl Words for German {
    fn locale(&self) -> Locale {
        Locale::De
    }

    fn severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Low => "Niedrig",
            Severity::Medium => "Mittel",
            Severity::High => "Hoch",
            Severity::Critical => "Kritisch",
        }
    }

    fn state(&self, state: TicketState) -> &'static str {
        match state {
            TicketState::Open => "Offen",
            TicketState::Acknowledged => "Übernommen",
            TicketState::Resolved => "Behoben",
            TicketState::Closed => "Geschlossen",
        }
    }

    fn opened(&self, at: &str) -> String {
        format!("eröffnet {at}")
    }

    fn phrases(&self) -> &'static [Phrase] {
        PHRASES
    }
}

/// The more particular before the more general; tests compare them with what the rules say.
const PHRASES: &[Phrase] = &[
    // Severities and verdicts inside sentences.
    ("Low", "Niedrig"),
    ("Medium", "Mittel"),
    ("High", "Hoch"),
    ("Critical", "Kritisch"),
    ("ok", "in Ordnung"),
    ("warning", "eine Warnung"),
    ("critical", "kritisch"),
    ("unknown", "unbekannt"),
    // Liveness.
    ("no heartbeat", "kein Heartbeat"),
    ("no system report", "kein Systembericht"),
    (
        "last sign of life at {t}; a heartbeat was promised every {d}",
        "letztes Lebenszeichen am {1}; zugesagter Abstand der Heartbeats: {2}",
    ),
    (
        "no sign of life since it was registered at {t}; a heartbeat was promised every {d}",
        "kein Lebenszeichen seit der Anmeldung am {1}; zugesagter Abstand der Heartbeats: {2}",
    ),
    ("last sign of life at {t}", "letztes Lebenszeichen am {1}"),
    ("no sign of life since it was registered at {t}", "kein Lebenszeichen seit der Anmeldung am {1}"),
    ("{p}; one was promised every {d}", "{1}; zugesagter Abstand: {2}"),
    ("none since registration", "keiner seit der Anmeldung"),
    ("last at {t}", "der letzte am {1}"),
    ("last system report at {t}", "letzter Systembericht am {1}"),
    (
        "nobody expects heartbeats of this system now",
        "von diesem System werden zurzeit keine Heartbeats erwartet",
    ),
    (
        "nobody expects system reports of this system now",
        "von diesem System werden zurzeit keine Systemberichte erwartet",
    ),
    (
        "the contract has ended; in its grace days only heartbeats are sent",
        "der Vertrag ist beendet; in den Tagen danach werden nur noch Heartbeats gesendet",
    ),
    ("the administrator switched the agent off", "der Agent wurde vor Ort abgeschaltet"),
    ("deactivated at {t}; nothing more will be sent", "abgeschaltet am {1}; es wird nichts mehr gesendet"),
    ("the agent is active", "der Agent ist aktiv"),
    // Integrity.
    ("every report arrived or was explained", "alle Berichte sind angekommen oder erklärt"),
    ("1 report was sent and never arrived", "1 Bericht wurde gesendet und ist nie angekommen"),
    ("{n} reports were sent and never arrived", "{1} Berichte wurden gesendet und sind nie angekommen"),
    ("a person resolved it", "jemand hat es als behoben erklärt"),
    ("missing {}; later reports do not explain it", "es fehlen {1}; spätere Berichte erklären es nicht"),
    ("the host's clock is {d} ahead", "die Uhr des Systems geht {1} vor"),
    ("the host's clock is {d} behind", "die Uhr des Systems geht {1} nach"),
    ("one agent reports as this system", "ein Agent berichtet als dieses System"),
    ("one history goes on", "eine Folge von Berichten geht weiter"),
    (
        "two agents report as this system: a cloned host?",
        "zwei Agenten berichten als dieses System: ein geklonter Rechner?",
    ),
    (
        "incarnation {} and incarnation {} both go on; on one of them run `mailbeat-agent identity new`",
        "Inkarnation {1} und Inkarnation {2} berichten beide weiter; auf einem der Rechner `mailbeat-agent identity new` ausführen",
    ),
    (
        "the agent's state was restored or it was activated again",
        "der Stand des Agenten wurde wiederhergestellt oder er wurde neu aktiviert",
    ),
    (
        "a new history began at {t}; the one before is quiet",
        "eine neue Folge von Berichten begann am {1}; die vorige schweigt",
    ),
    ("another key signs its reports", "ein anderer Schlüssel signiert seine Berichte"),
    ("{}, admitted by an operator at {t}", "{1}, zugelassen von einem Operator am {2}"),
    ("{}, admitted by the key before at {t}", "{1}, zugelassen vom vorigen Schlüssel am {2}"),
    ("it was admitted 8 days ago", "er wurde vor 8 Tagen zugelassen"),
    // Thresholds and checks. The default rules' titles are in packaging/rules.toml.
    ("filesystem {} is {n} full", "Dateisystem {1} ist zu {2} voll"),
    ("filesystem {} has {n} of its inodes in use", "im Dateisystem {1} sind {2} der Inodes belegt"),
    (
        "filesystem {} became read-only, as after errors of its disk",
        "Dateisystem {1} wurde schreibgeschützt, wie nach Fehlern seiner Platte",
    ),
    ("{} has reached {n} of the temperature it may have", "{1} hat {2} der zulässigen Temperatur erreicht"),
    ("{n} of the memory is in use", "{1} des Arbeitsspeichers sind belegt"),
    ("{n} of the swap is in use", "{1} des Swap sind belegt"),
    ("the CPUs are {n} busy", "die CPUs sind zu {1} ausgelastet"),
    ("the agent itself uses {n} of memory", "der Agent selbst belegt {1} Speicher"),
    (
        "{n} watched configuration files cannot be read",
        "{1} überwachte Konfigurationsdateien sind nicht lesbar",
    ),
    (
        "what a mail account signs in with expires in {n} d: {}",
        "womit sich ein Mailkonto anmeldet, läuft in {1} Tagen ab: {2}",
    ),
    (
        "the provider refuses the mail account of route {}",
        "der Anbieter weist das Mailkonto der Route {1} ab",
    ),
    ("check {} is no longer reported", "Prüfung {1} wird nicht mehr berichtet"),
    ("metric {} is no longer reported", "Messwert {1} wird nicht mehr berichtet"),
    ("it is reported again", "es wird wieder berichtet"),
    ("last reported before {t}", "zuletzt vor dem {1} berichtet"),
    (
        "not reported since {t}; it counts as removed",
        "seit dem {1} nicht mehr berichtet; es gilt als entfernt",
    ),
    ("{}: the certificate has {n} left", "{1}: das Zertifikat gilt noch {2}"),
    ("check {} was {p}: {}", "Prüfung {1} war {2}: {3}"),
    ("check {} is {p}: {}", "Prüfung {1} ist {2}: {3}"),
    ("{} of {} is {n} ({l})", "{1} von {2} beträgt {3} ({4})"),
    ("{} is {n} ({l})", "{1} beträgt {2} ({3})"),
    ("{p} above {n}", "{1} über {2}"),
    ("{p} below {n}", "{1} unter {2}"),
    // How findings and tickets end.
    ("the rule no longer exists", "die Regel gibt es nicht mehr"),
    ("no longer reported; last seen: {p}", "darüber wird nicht mehr berichtet; zuletzt: {1}"),
    ("its subject has not been reported for 24 hours", "darüber wurde seit 24 Stunden nicht mehr berichtet"),
    ("no longer reported", "darüber wird nicht mehr berichtet"),
    ("it is over", "es ist vorbei"),
    (
        "nothing is judged of a system that is paused, retired or out of contract",
        "ein System, das pausiert, stillgelegt oder ohne Vertrag ist, wird nicht beurteilt",
    ),
    ("it no longer holds", "es trifft nicht mehr zu"),
    (
        "it came back after more than {d}; a new ticket goes on",
        "es kam nach mehr als {1} wieder; ein neues Ticket führt es weiter",
    ),
    ("no comment", "ohne Kommentar"),
    // The receiver itself.
    (
        "mailbox {} cannot be read; no system is judged silent meanwhile",
        "Postfach {1} kann nicht gelesen werden; solange gilt kein System als verstummt",
    ),
    (
        "since {t}: {}; `mailbeat-receiver contacts edit` sets another address",
        "seit {1}: {2}; `mailbeat-receiver contacts edit` trägt eine andere Adresse ein",
    ),
    ("since {t}: {}", "seit {1}: {2}"),
    ("mail in quarantine from mailbox {}: {}", "Mail in Quarantäne aus Postfach {1}: {2}"),
    (
        "{n} waiting; `mailbeat-receiver quarantine list` shows them",
        "{1} in Quarantäne; `mailbeat-receiver quarantine list` zeigt sie",
    ),
    (
        "more notifications to {} than one person reads",
        "mehr Benachrichtigungen an {1}, als ein Mensch liest",
    ),
    (
        "{n} wait for the next hour; `mailbeat-receiver tickets list` shows them all now",
        "{1} warten auf die nächste Stunde; `mailbeat-receiver tickets list` zeigt alle sofort",
    ),
    (
        "this host's clock is ahead of the server of mailbox {}; silence is noticed late",
        "die Uhr dieses Rechners geht gegenüber dem Server von Postfach {1} vor; Schweigen wird spät bemerkt",
    ),
    (
        "even mails read at once seem to be {d} old; set the clock (NTP)",
        "selbst sofort gelesene Mails scheinen {1} alt zu sein; bitte die Uhr stellen (NTP)",
    ),
    (
        "mail account {} is refused a token; mail stops when the last one is over",
        "Mailkonto {1} bekommt kein Token mehr; sobald das letzte abläuft, geht keine Mail mehr",
    ),
    ("the {} of mail account {} expires soon", "{1} des Mailkontos {2} läuft bald ab"),
    (
        "it is good until {t}; `mailbeat-receiver oauth status` shows it, the operations manual how it is renewed",
        "gültig bis {1}; `mailbeat-receiver oauth status` zeigt es, das Betriebshandbuch die Erneuerung",
    ),
    ("notifications to {} are refused", "Benachrichtigungen an {1} werden abgewiesen"),
    ("mailbox {} is {n} full", "Postfach {1} ist zu {2} voll"),
    ("mailbox {} holds {n} of the mails it may", "Postfach {1} enthält {2} der Mails, die es darf"),
    (
        "{p}; when nothing fits any more, reports bounce or wait at their senders and hosts seem silent; {p}",
        "{1}; wenn nichts mehr passt, kommen Berichte zurück oder warten bei ihren Absendern, und Hosts scheinen zu schweigen; {2}",
    ),
    ("there is room again: {p}", "es ist wieder Platz: {1}"),
    ("contract {} of {} is valid on its hosts until {}", "Vertrag {1} von {2} gilt auf seinen Hosts bis {3}"),
    (
        "systems that report under it: {n} ({}); {n} days after its end nothing is heard of them any more; {p}",
        "Systeme, die unter ihm berichten: {1} ({2}); {3} Tage nach seinem Ende hört man nichts mehr von ihnen; {4}",
    ),
    (
        "`mailbeat-receiver contracts renew {} --valid-until DAY` makes the file that the customer activates",
        "`mailbeat-receiver contracts renew {1} --valid-until TAG` macht die Datei, die der Kunde aktiviert",
    ),
    (
        "it is renewed: `mailbeat-agent activate {}` on each of them takes that up",
        "er ist verlängert: `mailbeat-agent activate {1}` auf jedem übernimmt das",
    ),
    (
        "{p}; it holds a secret and is not mailed: hand it over by a way you trust",
        "{1}; die Datei enthält ein Geheimnis und geht nicht per Mail: bitte auf einem Weg übergeben, dem Sie trauen",
    ),
    (
        "{p}; the customer has no contact it can be mailed to: hand it over",
        "{1}; der Kunde hat keinen Kontakt, an den die Datei gehen könnte: bitte übergeben",
    ),
    ("{}.contract was mailed to {}", "{1}.contract ging per Mail an {2}"),
    ("{}.contract cannot be mailed to {}: {}", "{1}.contract kann nicht an {2} gemailt werden: {3}"),
    (
        "every system that reports has a later one, or the contract is revoked",
        "jedes System, das berichtet, hat einen späteren, oder der Vertrag ist widerrufen",
    ),
    ("{n} of {n} are used", "{1} von {2} sind belegt"),
    ("{n} of {n} mails lie in it", "{1} von {2} Mails liegen darin"),
    (
        "have its quota raised, or give `retention.processed_mail_days` a number: 0 keeps every processed mail for ever",
        "die Quota erhöhen lassen, oder `retention.processed_mail_days` eine Zahl geben: 0 behält jede verarbeitete Mail für immer",
    ),
    (
        "have its quota raised, or give `retention.quarantined_mail_days` a number: 0 keeps every mail in quarantine for ever",
        "die Quota erhöhen lassen, oder `retention.quarantined_mail_days` eine Zahl geben: 0 behält jede Mail in Quarantäne für immer",
    ),
    (
        "have its quota raised, or keep processed mails for fewer than {n} days (`retention.processed_mail_days`)",
        "die Quota erhöhen lassen, oder verarbeitete Mails weniger als {1} Tage behalten (`retention.processed_mail_days`)",
    ),
];
