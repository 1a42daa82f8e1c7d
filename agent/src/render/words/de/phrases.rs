//! The sentences about problems that reports hold, in German.

use mailbeat_shared::phrases::Phrase;

/// The more particular before the more general; a test compares them with what the program says.
pub(in crate::render) const PHRASES: &[Phrase] = &[
    // Kinds of items, as somebody agreed to them.
    ("cpu", "CPU"),
    ("memory", "Arbeitsspeicher"),
    ("swap", "Swap"),
    ("load", "Systemlast"),
    ("pressure", "Engpässe"),
    ("filesystems", "Dateisysteme"),
    ("disk io", "Plattenzugriffe"),
    ("network", "Netzwerk"),
    ("temperature", "Temperatur"),
    ("uptime", "Laufzeit"),
    ("agent", "Agent selbst"),
    ("accounts", "Mailkonten"),
    ("os", "Betriebssystem"),
    ("kernel", "Kernel"),
    ("virtualization", "Virtualisierung"),
    ("hardware", "Hardware"),
    ("packages", "Pakete"),
    ("updates", "Aktualisierungen"),
    ("reboot", "Neustart"),
    ("watched files", "überwachte Dateien"),
    // Parts of the program that broke off.
    ("host", "Systemangaben"),
    ("collecting", "Messen"),
    ("watching files", "Überwachen von Dateien"),
    (
        "{p}: stopped by a fault in the program; please report it",
        "{1}: durch einen Fehler im Programm abgebrochen; bitte melden",
    ),
    (
        "{p}: the collector broke off; this is a fault of the agent",
        "{1}: Messung abgebrochen; das ist ein Fehler des Agenten",
    ),
    ("inventory", "Inventar"),
    (
        "no answer within {n}; probably a file system hangs, for example one whose server is gone",
        "keine Antwort innerhalb von {1}; vermutlich hängt ein Dateisystem, etwa eines, dessen Server fort ist",
    ),
    (
        "no answer yet since it was asked before; probably a file system hangs, for example one whose server is gone",
        "noch keine Antwort auf eine frühere Frage; vermutlich hängt ein Dateisystem, etwa eines, dessen Server fort ist",
    ),
    ("checks", "Prüfungen"),
    (
        "check {}: it has not come to its first end yet",
        "Prüfung {1}: noch nicht zum ersten Mal zu Ende gekommen",
    ),
    (
        "{n} checks were left out: a report holds at most {n}",
        "{1} Prüfungen wurden ausgelassen: ein Bericht fasst höchstens {2}",
    ),
    // A system report in a few sentences.
    ("1 file is watched from now on.", "1 Datei wird von nun an überwacht."),
    ("{n} files are watched from now on.", "{1} Dateien werden von nun an überwacht."),
    ("No file is watched.", "Keine Datei wird überwacht."),
    ("The watched file did not change.", "Die überwachte Datei hat sich nicht geändert."),
    ("None of {n} watched files changed.", "Keine der {1} überwachten Dateien hat sich geändert."),
    ("Files: {l}; watched: {n}.", "Dateien: {1}; überwacht: {2}."),
    ("1 line added", "1 Zeile neu"),
    ("{n} lines added", "{1} Zeilen neu"),
    ("1 line removed", "1 Zeile entfernt"),
    ("{n} lines removed", "{1} Zeilen entfernt"),
    ("{n} added", "{1} neu"),
    ("{n} modified", "{1} geändert"),
    ("{n} removed", "{1} entfernt"),
    ("{n} updated", "{1} aktualisiert"),
    ("updated", "aktualisiert"),
    ("muted", "stummgeschaltet"),
    ("mode {} -> {}", "Rechte {1} -> {2}"),
    ("owner {} -> {}", "Eigentümer {1} -> {2}"),
    (
        "{n} more files have another owner or mode.",
        "Bei {1} weiteren Dateien haben sich Eigentümer oder Rechte geändert.",
    ),
    ("Not readable: {}.", "Nicht lesbar: {1}."),
    (
        "Muted, because the content changes in every report: {}.",
        "Stummgeschaltet, weil sich der Inhalt in jedem Bericht ändert: {1}.",
    ),
    ("Packages: {l}; installed: {n}.", "Pakete: {1}; installiert: {2}."),
    ("{n} of them for security", "davon {1} sicherheitsrelevant"),
    ("by lists of {}", "Stand der Paketlisten: {1}"),
    ("The host must be restarted: {}.", "Das System muss neu gestartet werden: {1}."),
    ("{} is there", "{1} liegt vor"),
    ("kernel {} is installed and {} is running", "Kernel {1} ist installiert, {2} läuft"),
    ("kernel {} was updated to {}, and {} is running", "Kernel {1} wurde auf {2} aktualisiert, {3} läuft"),
    // What is known of the host.
    (
        "unknown: neither a note nor a kernel is to be seen here",
        "unbekannt: hier ist weder ein Vermerk noch ein Kernel zu sehen",
    ),
    (
        "unknown: neither a dpkg nor an rpm database is here",
        "unbekannt: hier gibt es weder eine dpkg- noch eine rpm-Datenbank",
    ),
    (
        "unknown: only apt's lists can be read without root, and there is no apt here",
        "unbekannt: ohne root sind nur die Listen von apt lesbar, und apt gibt es hier nicht",
    ),
    (
        "unknown: apt has no lists; `apt-get update` fetches them",
        "unbekannt: apt hat keine Listen; `apt-get update` holt sie",
    ),
    ("unknown: apt cannot be asked", "unbekannt: apt kann nicht gefragt werden"),
    (
        "packages: {n} left out, a report holds {n} at most",
        "Pakete: {1} ausgelassen, ein Bericht fasst höchstens {2}",
    ),
    (
        "packages: not completely installed: {}; to mend it: dpkg --configure -a",
        "Pakete: nicht vollständig installiert: {1}; beheben mit: dpkg --configure -a",
    ),
    ("{} did not answer in time", "{1} hat nicht rechtzeitig geantwortet"),
    ("{} answered more than {n} bytes", "{1} hat mit mehr als {2} Bytes geantwortet"),
    ("{} cannot be asked: {}", "{1} kann nicht gefragt werden: {2}"),
    // Measuring.
    (
        "not sent, because nobody agreed to it yet: {l}; `mailbeat-agent activate` shows what is new and asks",
        "nicht gesendet, weil noch niemand zugestimmt hat: {1}; `mailbeat-agent activate` zeigt, was neu ist, und fragt",
    ),
    ("this host cannot be measured: {}", "dieses System kann nicht gemessen werden: {1}"),
    (
        "utilisation is measured between two reports; the next one has it",
        "die Auslastung wird zwischen zwei Berichten gemessen; der nächste enthält sie",
    ),
    ("the system does not say how much there is", "das System nennt die Größe nicht"),
    ("the system does not say: {}", "das System sagt es nicht: {1}"),
    ("the load averages cannot be read: {}", "die Systemlast kann nicht gelesen werden: {1}"),
    ("process {n} is not listed", "Prozess {1} ist nicht aufgeführt"),
    ("the agent's own process: {}", "der eigene Prozess des Agenten: {1}"),
    (
        "{}: {n} values left out, no number or too long a name; the first: {}",
        "{1}: {2} Werte ausgelassen, keine Zahl oder Name zu lang; der erste: {3}",
    ),
    (
        "{p}: {n} of {n} values left out, a report holds {n} at most",
        "{1}: {2} von {3} Werten ausgelassen, ein Bericht fasst höchstens {4}",
    ),
    ("{p}: {} is none of its values and was left out", "{1}: {2} gehört nicht dazu und wurde ausgelassen"),
    (
        "{}: the value is not a finite number and was left out",
        "{1}: der Wert ist keine endliche Zahl und wurde ausgelassen",
    ),
    (
        "{n} observations were left out: a report holds at most {n}",
        "{1} Messwerte wurden ausgelassen: ein Bericht fasst höchstens {2}",
    ),
    // Watching files.
    ("{}: {p}; to allow it: {}", "{1}: {2}; erlauben mit: {3}"),
    ("the directory cannot be listed: {p}", "das Verzeichnis kann nicht aufgelistet werden: {1}"),
    ("{p}. The first one left out: {}", "{1}. Die erste ausgelassene: {2}"),
    (
        "not all files are watched: {p}; narrow the globs",
        "nicht alle Dateien werden überwacht: {1}; bitte die Muster enger fassen",
    ),
    ("more than {n} directory entries were looked at", "mehr als {1} Verzeichniseinträge wurden durchsucht"),
    ("looking for files took longer than {n} s", "die Suche nach Dateien dauerte länger als {1} s"),
    ("{n} watched files are the most a report holds", "ein Bericht fasst höchstens {1} überwachte Dateien"),
    ("{p}; the first file left out: {}", "{1}; die erste ausgelassene Datei: {2}"),
    ("not read: collecting took longer than {n} s", "nicht gelesen: das Sammeln dauerte länger als {1} s"),
    ("{}: deeper than {n} directories, not entered", "{1}: mehr als {2} Verzeichnisse tief, nicht betreten"),
    (
        "{}...: the path is longer than {n} bytes, not watched",
        "{1}...: der Pfad ist länger als {2} Bytes, nicht überwacht",
    ),
    (
        "{} is not taken: write an absolute path without \"..\"",
        "{1} wird nicht genommen: bitte einen absoluten Pfad ohne \"..\" angeben",
    ),
    ("{} is no glob: {}", "{1} ist kein gültiges Muster: {2}"),
    (
        "max_file_bytes = {n} is more than a watched file may have ({n})",
        "max_file_bytes = {1} ist mehr, als eine überwachte Datei haben darf ({2})",
    ),
    ("no file was read: {}", "keine Datei wurde gelesen: {1}"),
    (
        "{p}: left out ({n} bytes), because the mail would be larger than {n} bytes",
        "{1}: ausgelassen ({2} Bytes), weil die Mail größer als {3} Bytes würde",
    ),
    (
        "what the last system report said cannot be read ({}); this report is full",
        "was der letzte Systembericht sagte, ist nicht lesbar ({1}); dieser Bericht ist vollständig",
    ),
    (
        "the full report that was due would be larger than {n} bytes, so this one says what changed; watch fewer files",
        "der fällige vollständige Bericht wäre größer als {1} Bytes, daher nennt dieser nur die Änderungen; bitte weniger Dateien überwachen",
    ),
    ("the list of installed packages", "die Liste der installierten Pakete"),
    // Composing and sending.
    ("the report would be refused by the receiver: {}", "der Empfänger würde den Bericht ablehnen: {1}"),
    ("the measurements were left out: {p}", "die Messwerte wurden ausgelassen: {1}"),
    ("the watched files were left out: {p}", "die überwachten Dateien wurden ausgelassen: {1}"),
    (
        "and {n} more about watched files; see the last system report",
        "und {1} weitere zu überwachten Dateien; siehe den letzten Systembericht",
    ),
    ("and {n} more; see the agent's log", "und {1} weitere; siehe das Protokoll des Agenten"),
    ("and {n} more of the kind", "und {1} weitere dieser Art"),
    (
        "{} = {n} is outside what contract {} allows; {n} is used",
        "{1} = {2} liegt außerhalb dessen, was Vertrag {3} erlaubt; es gilt {4}",
    ),
    ("#{} was dropped: {p}", "#{1} wurde verworfen: {2}"),
    ("more than {n} reports were waiting", "mehr als {1} Berichte warteten"),
    ("more than {n} bytes were waiting", "mehr als {1} Bytes warteten"),
    ("it waited for more than {n} days", "er wartete länger als {1} Tage"),
    ("the clock went back from {t} to {t}", "die Uhr wurde von {1} auf {2} zurückgestellt"),
    (
        "{} cannot be used ({}); it was set aside as {}, and the next system report is full",
        "{1} ist nicht verwendbar ({2}) und wurde als {3} beiseitegelegt; der nächste Systembericht ist vollständig",
    ),
    (
        "no route is configured: reports cannot be sent. Add a [[route]] table to agent.toml",
        "keine Route ist eingerichtet: Berichte können nicht gesendet werden. Bitte in agent.toml eine Tabelle [[route]] ergänzen",
    ),
    (
        "route {} carries the reports instead of {}: {p}",
        "Route {1} befördert die Berichte anstelle von {2}: {3}",
    ),
    ("route {}: the contract offers no relay", "Route {1}: der Vertrag bietet kein Relay"),
    ("route {}: from = {} is not a mail address", "Route {1}: from = {2} ist keine Mailadresse"),
    ("route {}: path is empty", "Route {1}: path ist leer"),
    (
        "two routes are named {}; give each its own `name`",
        "zwei Routen heißen {1}; bitte jeder einen eigenen `name` geben",
    ),
    ("of the routes {p}", "von den Routen {1}"),
    (
        "two sign in as account {} by other applications, grants or scopes: give one of them an `account` of its own",
        "melden sich zwei als Konto {1} mit verschiedenen Anwendungen, Arten der Anmeldung oder Geltungsbereichen an: bitte einer davon einen eigenen `account` geben",
    ),
    // What the operating system says.
    ("Permission denied (os error {n})", "Zugriff verweigert (os error {1})"),
    ("No such file or directory (os error {n})", "Datei oder Verzeichnis nicht gefunden (os error {1})"),
    ("Input/output error (os error {n})", "Ein-/Ausgabefehler (os error {1})"),
    ("{p}: {p}", "{1}: {2}"),
];
