//! English.

use mailbeat_shared::locale::Locale;
use mailbeat_shared::phrases::Phrase;
use mailbeat_shared::wire::check::CheckState;
use mailbeat_shared::wire::report::{Kind, NoticeEvent};
use mailbeat_shared::wire::snapshot::{ChangeKind, FileState};

use super::{Thing, Verdict, Words};

pub(super) struct English;

impl Words for English {
    fn locale(&self) -> Locale {
        Locale::En
    }

    fn kind(&self, kind: Kind) -> &'static str {
        match kind {
            Kind::Heartbeat => "Heartbeat",
            Kind::System => "System report",
            Kind::Enrollment => "Enrollment",
            Kind::Notice => "Notice",
            Kind::Test => "Test",
        }
    }

    fn noun(&self, thing: Thing) -> (&'static str, &'static str) {
        match thing {
            Thing::CriticalCheck => ("critical check", "critical checks"),
            Thing::Warning => ("warning", "warnings"),
            Thing::UnknownCheck => ("unknown check", "unknown checks"),
            Thing::Problem => ("problem", "problems"),
            Thing::Change => ("change", "changes"),
            Thing::FileWatched => ("file watched", "files watched"),
            Thing::FileMore => ("more file", "more files"),
            Thing::PackageChanged => ("package changed", "packages changed"),
            Thing::Update => ("update can be installed", "updates can be installed"),
            Thing::Report => ("report", "reports"),
        }
    }

    fn verdict(&self, verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::AllWell => "all well",
            Verdict::NothingChanged => "nothing changed",
            Verdict::RestartRequired => "restart required",
            Verdict::Activated => "activated",
            Verdict::DoesThisArrive => "does this arrive?",
        }
    }

    fn change(&self, kind: ChangeKind) -> &'static str {
        match kind {
            ChangeKind::Added => "added",
            ChangeKind::Modified => "modified",
            ChangeKind::Removed => "removed",
        }
    }

    fn without_text(&self, state: FileState) -> &'static str {
        match state {
            FileState::Text => "owner or mode",
            FileState::Withheld => "content withheld",
            FileState::Binary => "not text",
            FileState::TooLarge => "too large",
            FileState::Unreadable => "may not be read",
            FileState::Symlink => "symbolic link",
            FileState::Omitted => "left out",
        }
    }

    fn extent(&self, whole: bool) -> &'static str {
        if whole { "whole text" } else { "cut" }
    }

    fn no_newline(&self) -> &'static str {
        "no newline at end of file"
    }

    fn check(&self, state: CheckState) -> &'static str {
        match state {
            CheckState::Ok => "OK",
            CheckState::Warning => "Warning",
            CheckState::Critical => "Critical",
            CheckState::Unknown => "Unknown",
        }
    }

    fn since(&self) -> &'static str {
        "since"
    }

    fn in_between(&self) -> &'static str {
        "in between"
    }

    fn notice(&self, event: NoticeEvent) -> (&'static str, &'static str) {
        match event {
            NoticeEvent::MaintenanceStarted => ("maintenance begins", "Silence until then is no fault."),
            NoticeEvent::MaintenanceEnded => ("maintenance is over", "Reports come as before."),
            NoticeEvent::Shutdown => ("the host goes down on purpose", "Silence is expected."),
            NoticeEvent::ContractEnd => (
                "the contract ends",
                "This is the last report under this contract. A renewal starts reporting again.",
            ),
            NoticeEvent::Deactivated => (
                "the agent was deactivated",
                "This is the last report until somebody activates the agent again.",
            ),
        }
    }

    fn name(&self, key: &str) -> Option<&'static str> {
        Some(match key {
            "system.cpu.utilization" => "CPU in use",
            "mailbeat.cpu.busiest" => "Busiest CPU in use",
            "system.cpu.logical.count" => "Logical CPUs",
            "system.cpu.load_average.1m" => "Load, 1 minute",
            "system.cpu.load_average.5m" => "Load, 5 minutes",
            "system.cpu.load_average.15m" => "Load, 15 minutes",
            "mailbeat.pressure.stalled" => "Shortage",
            "system.memory.limit" => "Memory",
            "system.memory.utilization" => "Memory in use",
            "system.paging.limit" => "Swap",
            "system.paging.utilization" => "Swap in use",
            "system.filesystem.limit" => "Filesystem size",
            "system.filesystem.utilization" => "Filesystem in use",
            "mailbeat.filesystem.inodes.utilization" => "Filesystem, inodes in use",
            "mailbeat.filesystem.read_only" => "Filesystem read-only",
            "mailbeat.filesystem.unlisted" => "Filesystems not listed, less full",
            "system.disk.io" => "Disk traffic",
            "mailbeat.disk.busy" => "Disk busy",
            "mailbeat.disk.wait" => "Disk, time of one operation",
            "system.network.io" => "Network traffic",
            "system.network.errors" => "Network errors",
            "mailbeat.network.throughput" => "Network throughput",
            "mailbeat.network.errors.recent" => "Network errors since the last report",
            "hw.temperature" => "Temperature",
            "mailbeat.temperature.share" => "Temperature, share of its limit",
            "system.uptime" => "Up for",
            "mailbeat.agent.memory.usage" => "Agent: memory",
            "mailbeat.agent.cpu.time" => "Agent: CPU time",
            "mailbeat.route.credential.remaining" => "Mail account, until it expires:",
            "mailbeat.route.sign_in.refusals" => "Mail account, refused sign-ins:",
            "mailbeat.watch.files" => "Watched files",
            "mailbeat.watch.unreadable" => "Unreadable watched files",
            "receive" => "received",
            "transmit" => "sent",
            "read" => "read",
            "write" => "written",
            "cpu" => "CPU",
            "memory" => "memory",
            "io" => "disks",
            "some" => "partly",
            "all" => "wholly",
            "system" => "SystemId",
            "key" => "Key",
            "os.name" => "Operating system",
            "os.version" => "Version",
            "os.description" => "Description",
            "os.kernel" => "Kernel",
            "os.kernel.installed" => "Kernel installed",
            "host.virtualization" => "Virtualisation",
            "host.vendor" => "Maker",
            "host.model" => "Model",
            "host.firmware" => "Firmware",
            "packages" => "Packages",
            "updates" => "Updates",
            "reboot" => "Restart",
            "host.arch" => "Architecture",
            "host.cpu.model.name" => "Processor",
            "host.cpu.logical.count" => "Logical CPUs",
            "host.memory.bytes" => "Memory",
            _ => return None,
        })
    }

    fn phrases(&self) -> &'static [Phrase] {
        &[]
    }
}
