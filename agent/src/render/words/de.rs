//! German.

use mailbeat_shared::locale::Locale;
use mailbeat_shared::phrases::Phrase;
use mailbeat_shared::wire::check::CheckState;
use mailbeat_shared::wire::report::{Kind, NoticeEvent};
use mailbeat_shared::wire::snapshot::{ChangeKind, FileState};

use super::{Thing, Verdict, Words};

mod phrases;

pub(super) struct German;

impl Words for German {
    fn locale(&self) -> Locale {
        Locale::De
    }

    fn kind(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Heartbeat => "Heartbeat",
            Kind::System => "Systembericht",
            Kind::Enrollment => "Anmeldung",
            Kind::Notice => "Hinweis",
            Kind::Test => "Test",
        }
    }

    fn noun(&self, thing: Thing) -> (&'static str, &'static str) {
        match thing {
            Thing::CriticalCheck => ("kritische Prüfung", "kritische Prüfungen"),
            Thing::Warning => ("Warnung", "Warnungen"),
            Thing::UnknownCheck => ("Prüfung ohne Ergebnis", "Prüfungen ohne Ergebnis"),
            Thing::Problem => ("Problem", "Probleme"),
            Thing::Change => ("Änderung", "Änderungen"),
            Thing::FileWatched => ("Datei überwacht", "Dateien überwacht"),
            Thing::FileMore => ("weitere Datei", "weitere Dateien"),
            Thing::PackageChanged => ("Paket geändert", "Pakete geändert"),
            Thing::Update => ("Aktualisierung verfügbar", "Aktualisierungen verfügbar"),
            Thing::Report => ("Bericht", "Berichte"),
        }
    }

    fn verdict(&self, verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::AllWell => "alles in Ordnung",
            Verdict::NothingChanged => "keine Änderungen",
            Verdict::RestartRequired => "Neustart erforderlich",
            Verdict::Activated => "aktiviert",
            Verdict::DoesThisArrive => "Kommt das an?",
        }
    }

    fn change(&self, kind: ChangeKind) -> &'static str {
        match kind {
            ChangeKind::Added => "neu",
            ChangeKind::Modified => "geändert",
            ChangeKind::Removed => "entfernt",
        }
    }

    fn without_text(&self, state: FileState) -> &'static str {
        match state {
            FileState::Text => "Eigentümer oder Rechte",
            FileState::Withheld => "Inhalt zurückgehalten",
            FileState::Binary => "kein Text",
            FileState::TooLarge => "zu groß",
            FileState::Unreadable => "nicht lesbar",
            FileState::Symlink => "symbolischer Link",
            FileState::Omitted => "ausgelassen",
        }
    }

    fn extent(&self, whole: bool) -> &'static str {
        if whole { "ganzer Text" } else { "gekürzt" }
    }

    fn no_newline(&self) -> &'static str {
        "kein Zeilenumbruch am Dateiende"
    }

    fn check(&self, state: CheckState) -> &'static str {
        match state {
            CheckState::Ok => "OK",
            CheckState::Warning => "Warnung",
            CheckState::Critical => "Kritisch",
            CheckState::Unknown => "Unbekannt",
        }
    }

    fn since(&self) -> &'static str {
        "seit"
    }

    fn in_between(&self) -> &'static str {
        "zwischendurch"
    }

    fn notice(&self, event: NoticeEvent) -> (&'static str, &'static str) {
        match event {
            NoticeEvent::MaintenanceStarted => {
                ("Wartung beginnt", "Bis dahin ist es kein Fehler, wenn keine Berichte kommen.")
            }
            NoticeEvent::MaintenanceEnded => ("Wartung beendet", "Die Berichte kommen wieder wie gewohnt."),
            NoticeEvent::Shutdown => {
                ("System wird planmäßig heruntergefahren", "Es sind keine Berichte zu erwarten.")
            }
            NoticeEvent::ContractEnd => (
                "Vertrag endet",
                "Dies ist der letzte Bericht unter diesem Vertrag. Mit einer Verlängerung gehen die Berichte weiter.",
            ),
            NoticeEvent::Deactivated => (
                "Agent wurde abgeschaltet",
                "Dies ist der letzte Bericht, bis jemand den Agenten wieder aktiviert.",
            ),
        }
    }

    fn name(&self, key: &str) -> Option<&'static str> {
        Some(match key {
            "system.cpu.utilization" => "CPU-Auslastung",
            "mailbeat.cpu.busiest" => "Auslastung der am stärksten belasteten CPU",
            "system.cpu.logical.count" => "Logische CPUs",
            "system.cpu.load_average.1m" => "Systemlast, 1 Minute",
            "system.cpu.load_average.5m" => "Systemlast, 5 Minuten",
            "system.cpu.load_average.15m" => "Systemlast, 15 Minuten",
            "mailbeat.pressure.stalled" => "Engpass",
            "system.memory.limit" => "Arbeitsspeicher",
            "system.memory.utilization" => "Arbeitsspeicher belegt",
            "system.paging.limit" => "Swap",
            "system.paging.utilization" => "Swap belegt",
            "system.filesystem.limit" => "Dateisystem, Größe",
            "system.filesystem.utilization" => "Dateisystem belegt",
            "mailbeat.filesystem.inodes.utilization" => "Dateisystem, Inodes belegt",
            "mailbeat.filesystem.read_only" => "Dateisystem schreibgeschützt",
            "mailbeat.filesystem.unlisted" => "Nicht aufgeführte, weniger volle Dateisysteme",
            "system.disk.io" => "Plattenverkehr",
            "mailbeat.disk.busy" => "Platte beschäftigt",
            "mailbeat.disk.wait" => "Platte, Dauer eines Zugriffs",
            "system.network.io" => "Netzwerkverkehr",
            "system.network.errors" => "Netzwerkfehler",
            "mailbeat.network.throughput" => "Netzwerkdurchsatz",
            "mailbeat.network.errors.recent" => "Netzwerkfehler seit dem letzten Bericht",
            "hw.temperature" => "Temperatur",
            "mailbeat.temperature.share" => "Temperatur, Anteil an ihrer Grenze",
            "system.uptime" => "Laufzeit",
            "mailbeat.agent.memory.usage" => "Agent: Speicher",
            "mailbeat.agent.cpu.time" => "Agent: CPU-Zeit",
            "mailbeat.route.credential.remaining" => "Mailkonto, bis zum Ablauf:",
            "mailbeat.route.sign_in.refusals" => "Mailkonto, abgelehnte Anmeldungen:",
            "refresh token" => "Aktualisierungstoken",
            "client secret" => "Geheimnis der Anwendung",
            "client certificate" => "Zertifikat der Anwendung",
            "mailbeat.watch.files" => "Überwachte Dateien",
            "mailbeat.watch.unreadable" => "Nicht lesbare überwachte Dateien",
            "receive" => "empfangen",
            "transmit" => "gesendet",
            "read" => "gelesen",
            "write" => "geschrieben",
            "cpu" => "CPU",
            "memory" => "Arbeitsspeicher",
            "io" => "Platten",
            "some" => "teilweise",
            "all" => "ganz",
            "system" => "SystemId",
            "key" => "Schlüssel",
            "os.name" => "Betriebssystem",
            "os.version" => "Version",
            "os.description" => "Bezeichnung",
            "os.kernel" => "Kernel",
            "os.kernel.installed" => "Kernel installiert",
            "host.virtualization" => "Virtualisierung",
            "host.vendor" => "Hersteller",
            "host.model" => "Modell",
            "host.firmware" => "Firmware",
            "packages" => "Pakete",
            "updates" => "Aktualisierungen",
            "reboot" => "Neustart",
            "host.arch" => "Architektur",
            "host.cpu.model.name" => "Prozessor",
            "host.cpu.logical.count" => "Logische CPUs",
            "host.memory.bytes" => "Arbeitsspeicher",
            _ => return None,
        })
    }

    fn phrases(&self) -> &'static [Phrase] {
        phrases::PHRASES
    }
}
