//! The shipped profiles against real things: healthy leads to no ticket; each fault, put in one by one, leads through real mail to the
//! right ticket, and back to resolved when it is mended.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use mailbeat_tests::office::{Office, Way};
use mailbeat_tests::programs::{Running, wait_for};
use mailbeat_tests::site::{Authority, Web, aged, free_port};
use mailbeat_tests::world::Host;
use serde_json::Value;

const PROFILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../packaging/profiles");
/// Everything of a profile in turn takes longer than one thing.
const LONG: Duration = Duration::from_secs(60);
/// How full and how busy the machine is on which the story is told is not part of it.
const NOT_OURS: &str = "collect.cpu = false\ncollect.memory = false\ncollect.swap = false\ncollect.filesystems = false\n\
                        collect.temperature = false\n";
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(86_400);

/// A vendor with the shipped rules, those of the profile besides, and a host with the profile.
struct Morning {
    office: Office,
    host: Host,
    name: &'static str,
    _receiver: Running,
    _agent: Option<Running>,
}

impl Morning {
    /// `places`: what stands in the profile, and what it is in this story. `off`: checks of what this machine has not.
    fn begin(
        profile: &str,
        name: &'static str,
        places: impl FnOnce(&Office) -> anyhow::Result<Vec<(&'static str, String)>>,
        off: &[&str],
    ) -> anyhow::Result<Self> {
        let default = include_str!("../../packaging/rules.toml");
        let hasty = default.replace("# grace = \"15m\"", "grace = \"2s\"").replace("\"6h\"", "\"1s\"");
        let office = Office::open(&hasty)?;
        let rules = fs::read_to_string(format!("{PROFILES}/rules/{profile}.toml")).unwrap_or_default();
        fs::write(office.dir().join("vendor/profile.toml"), rules)?;
        office.vendor.rule(&format!("include = [\"profile.toml\"]\n{hasty}"))?;
        let contract = office.vendor.issue("ACME Wasserwerke", 1, 86_400)?;
        let receiver = office.vendor.start()?;
        let mut text = fs::read_to_string(format!("{PROFILES}/{profile}.toml"))?;
        for (there, here) in places(&office)? {
            anyhow::ensure!(text.contains(there), "{profile} has no {there}");
            text = text.replace(there, &here);
        }
        let lines = text.lines().filter(|line| !line.starts_with("interval_s"));
        let hasty = |line: &str| {
            let is_type = line.starts_with("type = ");
            format!("{line}\n{}", if is_type { "interval_s = 1\n" } else { "" })
        };
        let text: String = lines.map(hasty).collect();
        let off: String =
            off.iter().map(|name| format!("\n[[check]]\nname = {name:?}\nenabled = false\n")).collect();
        let host = office.host(name, &(office.route("office", Way::Starttls, "agent1") + &off))?;
        fs::create_dir_all(host.dir.join("profiles"))?;
        fs::write(host.dir.join("profiles/profile.toml"), text)?;
        let config = host.dir.join("agent.toml");
        fs::write(
            &config,
            format!("include = [\"profiles/profile.toml\"]\n{NOT_OURS}{}", fs::read_to_string(&config)?),
        )?;
        host.agent.run(&["config", "check"])?;
        host.activate(&office.vendor, &contract)?;
        let agent = host.start()?;
        let morning = Self { office, host, name, _receiver: receiver, _agent: Some(agent) };
        morning.awaits_health()?;
        Ok(morning)
    }

    /// Every check was reported and none is anything but Ok; and there is no ticket.
    fn awaits_health(&self) -> anyhow::Result<()> {
        let configured = self.host.agent.run(&["config", "show"])?.matches("\n[[check]]").count();
        let health = wait_for("every check to be ok", LONG, || {
            let rows = self.office.vendor.receiver.json(&["rules", "show", self.name]).unwrap_or_default();
            let all: Vec<Value> = rows.as_array().cloned().unwrap_or_default();
            let checks: Vec<&Value> = all.iter().filter(|row| row["rule"] == "check").collect();
            Ok((checks.len() > 2 && checks.iter().all(|row| row["seen"] == "ok")).then_some(()))
        });
        health.with_context(|| {
            let shown = self.office.vendor.receiver.run(&["rules", "show", self.name]);
            format!("{configured} checks; {}", shown.unwrap_or_else(|error| error.to_string()))
        })?;
        let open = self.open()?;
        anyhow::ensure!(open.is_empty(), "a healthy morning with {open:#?}");
        Ok(())
    }

    fn open(&self) -> anyhow::Result<Vec<Value>> {
        let tickets = self.office.vendor.tickets()?;
        Ok(tickets.into_iter().filter(|ticket| ticket["state"] == "open").collect())
    }

    /// One fault: its ticket is of this rule, subject and severity and a mail tells it; mended it resolves.
    fn fault(
        &self,
        (rule, subject, severity): (&str, &str, &str),
        inject: impl FnOnce() -> anyhow::Result<()>,
        mend: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        inject()?;
        let at = |state: &str| {
            let wanted = |ticket: &Value| {
                ticket["rule"] == rule
                    && ticket["subject"] == subject
                    && ticket["state"] == state
                    && (state != "open" || ticket["severity"] == severity)
            };
            let what = format!("{subject} ({rule}) to be {state} as {severity}");
            let found = wait_for(&what, LONG, || Ok(self.office.vendor.tickets()?.into_iter().find(wanted)));
            found.with_context(|| format!("tickets are {:#?}", self.office.vendor.tickets()))
        };
        let ticket = at("open")?;
        let number = ticket["number"].as_str().context("a number")?.to_owned();
        self.office.await_mail("operator", &[&number, self.name])?;
        mend()?;
        at("resolved")?;
        self.office.await_mail("operator", &[&format!("{number}] Resolved:")])?;
        Ok(())
    }

    /// Something that is true of one look, as a line that is written once: its ticket opens as this and resolves by itself. It is over
    /// within a second here, before anybody could be told; in an hourly heartbeat it stays for the hour.
    fn event(
        &self,
        (subject, severity): (&str, &str),
        inject: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let before = self.openings(subject)?.len();
        inject()?;
        let opened = wait_for(&format!("{subject} to have been {severity}"), LONG, || {
            let openings = self.openings(subject)?;
            Ok(openings.get(before..).is_some_and(|new| new.iter().any(|as_| as_ == severity)).then_some(()))
        });
        opened.with_context(|| format!("tickets are {:#?}", self.office.vendor.tickets()))?;
        self.office.vendor.await_ticket("check", self.name, "resolved").map(drop)
    }

    /// As how urgent the ticket about this check was opened, each time.
    fn openings(&self, subject: &str) -> anyhow::Result<Vec<String>> {
        let about = |ticket: &Value| ticket["rule"] == "check" && ticket["subject"] == subject;
        let Some(ticket) = self.office.vendor.tickets()?.into_iter().find(about) else { return Ok(vec![]) };
        let number = ticket["number"].as_str().context("a number")?.to_owned();
        let shown = self.office.vendor.receiver.json(&["tickets", "show", &number])?;
        let events = shown["events"].as_array().cloned().unwrap_or_default();
        let opens = |event: &&Value| event["event"] == "opened" || event["event"] == "reopened";
        let severity = |event: &Value| event["severity"].as_str().unwrap_or_default().to_owned();
        Ok(events.iter().filter(opens).map(severity).collect())
    }
}

fn nothing() -> anyhow::Result<()> {
    Ok(())
}

/// What fluentd shows.
fn fluentd(buffer: u64, retries: u32, taken: u64, given: u64) -> String {
    format!(
        "# TYPE fluentd_output_status_buffer_total_bytes gauge\n\
         fluentd_output_status_buffer_total_bytes{{plugin_id=\"out_file\",type=\"file\"}} {buffer}\n\
         fluentd_output_status_retry_count{{plugin_id=\"out_file\",type=\"file\"}} {retries}\n\
         # TYPE fluentd_input_status_num_records_total counter\n\
         fluentd_input_status_num_records_total{{tag=\"nginx.access\",hostname=\"log-01\"}} {taken}\n\
         # TYPE fluentd_output_status_num_records_total counter\n\
         fluentd_output_status_num_records_total{{tag=\"nginx.access\",hostname=\"log-01\"}} {given}\n"
    )
}

#[test]
fn each_fault_of_a_log_server_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let web = Web::start()?;
    let shows = |text: String| web.says("/metrics", 200, &text);
    shows(fluentd(1_000_000, 0, 1_000, 1_000));
    web.says("/api/plugins.json", 200, r#"{"plugins": [{"plugin_id": "in_http", "retry_count": null}]}"#);
    let mut made: Option<(Authority, PathBuf)> = None;
    let tls_port = free_port()?;
    let place = |office: &Office| {
        let root = office.dir().join("site");
        let certs = root.join("opt/certs");
        let authority = Authority::new(&certs)?;
        for name in ["server", "client"] {
            authority.issue(name, 200)?;
        }
        aged(&root.join("var/acme/nginx/www.acme.example/2026/11/28/10.log.gz"), "x", HOUR)?;
        made = Some((authority, root.clone()));
        let http = format!("http://127.0.0.1:{}", web.port());
        Ok(vec![
            ("/var/log/mrwebdefence", root.join("var").display().to_string()),
            ("/opt/mrwebdefence-logserver", root.join("opt").display().to_string()),
            ("http://localhost:24231", http.clone()),
            ("http://localhost:24220", http),
            ("port = 8888", format!("port = {}", web.port())),
            ("port = 8889", format!("port = {tls_port}")),
        ])
    };
    // Its server is started below, once there are certificates.
    let off = ["collector tls"];
    let morning = Morning::begin("mrwebdefence-logserver", "log-01", place, &off)?;
    let (authority, root) = made.context("the places")?;
    let (high, medium) = (("check", "fluentd", "high"), ("check", "fluentd", "medium"));
    let well = || {
        shows(fluentd(1_000_000, 0, 1_000, 1_000));
        nothing()
    };
    morning.fault(
        high,
        || {
            shows(fluentd(1_500_000_000, 0, 1_000, 1_000));
            Ok(())
        },
        well,
    )?;
    morning.fault(
        medium,
        || {
            shows(fluentd(600_000_000, 0, 1_000, 1_000));
            Ok(())
        },
        well,
    )?;
    morning.fault(
        high,
        || {
            web.is_down(true);
            Ok(())
        },
        || {
            web.is_down(false);
            Ok(())
        },
    )?;
    // What rises or diverges is true of one look; what was worse between two heartbeats counts.
    morning.event(("fluentd", "high"), || {
        shows(fluentd(1_000_000, 0, 900_000, 1_000));
        Ok(())
    })?;
    let certificates = "collector certificates";
    for (days, severity) in [(80, "medium"), (10, "high"), (2, "critical")] {
        morning.fault(
            ("collector-certificate-ends", certificates, severity),
            || authority.issue("server", days),
            || authority.issue("server", 200),
        )?;
    }
    let newest = root.join("var/acme/nginx/www.acme.example/2026/11/28/10.log.gz");
    morning.fault(
        ("check", "hourly logs", "high"),
        || aged(&newest, "x", HOUR * 3),
        || aged(&newest, "x", HOUR),
    )?;
    let forgotten = root.join("var/acme/nginx/www.acme.example/2026/10/01/10.log.gz");
    morning.fault(
        ("check", "log archive", "medium"),
        || aged(&forgotten, "x", DAY * 40),
        || Ok(fs::remove_file(&forgotten)?),
    )?;
    let ancient = root.join("var/archive/acme/2026-07.tar");
    morning.fault(
        ("check", "log deletion", "medium"),
        || aged(&ancient, "x", DAY * 100),
        || Ok(fs::remove_file(&ancient)?),
    )
}

#[test]
fn each_fault_of_a_security_server_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let (web, api) = (Web::start()?, Web::start()?);
    web.says("/health", 200, "ok");
    let mut made: Option<(Authority, PathBuf)> = None;
    let place = |office: &Office| {
        let root = office.dir().join("site");
        let authority = Authority::new(&root.join("certs"))?;
        fs::remove_file(authority.ca()).and_then(|()| fs::create_dir_all(root.join("log")))?;
        let authority = Authority::new(&root.join("authority"))?;
        authority.issue("server", 90)?;
        fs::copy(root.join("authority/server.crt"), root.join("certs/server.crt"))?;
        for log in ["app", "access", "security", "error"] {
            fs::write(root.join(format!("log/{log}.log")), "INFO started\n")?;
        }
        aged(&root.join("backup/daily.tar"), "x", HOUR * 5)?;
        made = Some((authority, root.clone()));
        Ok(vec![
            ("/etc/wazuh-mcp", root.display().to_string()),
            ("/var/log/wazuh-mcp", root.join("log").display().to_string()),
            ("/var/backups/wazuh-mcp", root.join("backup").display().to_string()),
            ("http://localhost:8000", format!("http://127.0.0.1:{}", web.port())),
            ("port = 55000", format!("port = {}", api.port())),
        ])
    };
    let morning = Morning::begin("wazuh-mcp", "wazuh-01", place, &[])?;
    let (authority, root) = made.context("the places")?;
    let response = |severity| ("check", "mcp response", severity);
    let late = |seconds| move || Duration::from_millis(seconds);
    for (wait, severity) in [(late(2_300), "medium"), (late(5_300), "critical")] {
        morning.fault(
            response(severity),
            || {
                web.waits("/health", wait());
                Ok(())
            },
            || {
                web.waits("/health", Duration::ZERO);
                Ok(())
            },
        )?;
    }
    morning.fault(
        response("critical"),
        || {
            web.is_down(true);
            Ok(())
        },
        || {
            web.is_down(false);
            Ok(())
        },
    )?;
    let renew = |days| {
        authority.issue("server", days)?;
        fs::copy(root.join("authority/server.crt"), root.join("certs/server.crt")).map(drop)?;
        nothing()
    };
    for (days, severity) in [(20, "medium"), (5, "critical")] {
        morning.fault(("mcp-certificate-ends", "mcp certificate", severity), || renew(days), || renew(90))?;
    }
    let backup = root.join("backup/daily.tar");
    let young = || aged(&backup, "x", HOUR);
    morning.fault(("check", "mcp backup", "medium"), || aged(&backup, "x", HOUR * 30), young)?;
    morning.fault(("check", "mcp backup", "high"), || aged(&backup, "x", DAY * 3), young)?;
    morning.fault(("check", "mcp backup", "high"), || aged(&backup, "", HOUR), young)?;
    morning.fault(("check", "mcp backup", "high"), || Ok(fs::remove_file(&backup)?), young)?;
    let append = |log: &str, line: &str| -> anyhow::Result<()> {
        let path = root.join(format!("log/{log}.log"));
        fs::write(&path, fs::read_to_string(&path)? + line)?;
        nothing()
    };
    // A line is news once.
    morning
        .event(("mcp errors", "medium"), || append("error", "2026-11-28 ERROR no route to the manager\n"))?;
    morning.event(("mcp sign-in failures", "high"), || {
        fs::rename(root.join("log/security.log"), root.join("log/security.log.1"))?;
        Ok(fs::write(root.join("log/security.log"), "Authentication failed for x\n".repeat(60))?)
    })?;
    Ok(())
}

#[test]
fn each_fault_of_a_control_adapter_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let (web, machine) = (Web::start()?, Web::start()?);
    for path in ["/api/v1/health", "/api/v1/health/detailed", "/api/v1/status"] {
        web.says(path, 200, r#"{"status": "healthy"}"#);
    }
    web.says("/api/v1/metrics", 200, "# HELP up x\n# TYPE up gauge\nup 1\n");
    let mut made: Option<(Authority, PathBuf)> = None;
    let place = |office: &Office| {
        let root = office.dir().join("site");
        let authority = Authority::new(&root.join("certs"))?;
        authority.issue("server", 200)?;
        fs::rename(root.join("certs/server.crt"), root.join("certs/server.pem"))?;
        fs::create_dir_all(root.join("log"))?;
        fs::write(root.join("log/adapter.log"), "INFO started\n")?;
        for day in 0..7 {
            aged(&root.join(format!("backup/full-{day}.tar")), "x", DAY * day + HOUR * 3)?;
        }
        for hour in 0..24 {
            aged(&root.join(format!("backup/database/{hour}.sql")), "x", HOUR * hour)?;
        }
        for week in 0..4 {
            aged(&root.join(format!("backup/config/{week}.tar")), "x", DAY * 7 * week + HOUR)?;
        }
        made = Some((authority, root.clone()));
        let port = |port: u16| format!("port = {port}");
        Ok(vec![
            ("/var/log/calejo", root.join("log").display().to_string()),
            ("/var/backup/calejo", root.join("backup").display().to_string()),
            ("/app/certs", root.join("certs").display().to_string()),
            ("http://localhost:8080", format!("http://127.0.0.1:{}", web.port())),
            ("port = 4840", port(machine.port())),
            ("port = 502", port(machine.port())),
            ("port = 5432", port(machine.port())),
            // A busy test machine is no network.
            ("warning = { time = 0.01 }\ncritical = { time = 0.05 }", String::new()),
            (
                "warning = { time = 0.1 }\ncritical = { time = 0.5 }",
                "warning = { time = 2 }\ncritical = { time = 5 }".into(),
            ),
        ])
    };
    // No systemd and no PostgreSQL here.
    let morning =
        Morning::begin("calejo", "calejo-01", place, &["calejo service", "postgresql connections"])?;
    let (authority, root) = made.context("the places")?;
    let health = |severity| ("check", "calejo health", severity);
    let quick = || {
        web.waits("/api/v1/health", Duration::ZERO);
        Ok(())
    };
    morning.fault(
        health("high"),
        || {
            web.waits("/api/v1/health", Duration::from_millis(2_300));
            Ok(())
        },
        quick,
    )?;
    morning.fault(
        health("critical"),
        || {
            web.waits("/api/v1/health", Duration::from_millis(5_300));
            Ok(())
        },
        quick,
    )?;
    let says = |path: &'static str, status, body: &'static str| {
        let web = web.clone();
        move || -> anyhow::Result<()> {
            web.says(path, status, body);
            nothing()
        }
    };
    let detailed = "/api/v1/health/detailed";
    morning.fault(
        ("check", "calejo health detailed", "high"),
        says(detailed, 200, r#"{"database": {"status": "down"}}"#),
        says(detailed, 200, r#"{"status": "healthy"}"#),
    )?;
    let metrics = "/api/v1/metrics";
    morning.fault(
        ("check", "calejo metrics", "high"),
        says(metrics, 200, "<html></html>"),
        says(metrics, 200, "# HELP up x\n"),
    )?;
    let hourly = |hours: u32| {
        let root = root.clone();
        move || -> anyhow::Result<()> {
            (0..24).try_for_each(|hour| {
                aged(&root.join(format!("backup/database/{hour}.sql")), "x", HOUR * (hour + hours))
            })
        }
    };
    morning.fault(("check", "backup database", "medium"), hourly(2), hourly(0))?;
    morning.fault(("check", "backup database", "high"), hourly(4), hourly(0))?;
    let oldest = root.join("backup/full-6.tar");
    morning.fault(
        ("check", "backup full", "medium"),
        || Ok(fs::remove_file(&oldest)?),
        || aged(&oldest, "x", DAY * 6),
    )?;
    let renew = |days| {
        authority.issue("server", days)?;
        fs::rename(root.join("certs/server.crt"), root.join("certs/server.pem"))?;
        nothing()
    };
    for (days, severity) in [(20, "medium"), (5, "high")] {
        morning.fault(("certificate-ends", "calejo certificate", severity), || renew(days), || renew(200))?;
    }
    let rejected = "INFO started\n2026-11-28 CRITICAL setpoint rejected\n";
    morning.event(("calejo errors", "medium"), || Ok(fs::write(root.join("log/adapter.log"), rejected)?))?;
    Ok(())
}
