//! A collector of logs: buffers, records, certificates, hourly files.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use mailbeat_tests::disk::Disk;
use mailbeat_tests::office::Office;
use mailbeat_tests::site::{Authority, Listener, Web, aged, free_port};

use super::morning::Morning;
use super::{DAY, HOUR};

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
    let home = tempfile::tempdir()?;
    let disk = Disk::image(&home.path().join("logs"), 16)?;
    let (web, collector) = (Web::start()?, Listener::start()?);
    let shows = |text: String| web.says("/metrics", 200, &text);
    shows(fluentd(1_000_000, 0, 1_000, 1_000));
    web.says("/api/plugins.json", 200, r#"{"plugins": [{"plugin_id": "in_http", "retry_count": null}]}"#);
    let mut made: Option<(Authority, PathBuf)> = None;
    let (tls_port, tls) = (free_port()?, RefCell::new(None));
    let place = |office: &Office| {
        let root = office.dir().join("site");
        let certs = root.join("opt/certs");
        let authority = Authority::new(&certs)?;
        for name in ["server", "client"] {
            authority.issue(name, 200)?;
        }
        *tls.borrow_mut() = Some(authority.serve_at("server", tls_port)?);
        aged(&root.join("var/acme/nginx/www.acme.example/2026/11/28/10.log.gz"), "x", HOUR)?;
        made = Some((authority, root.clone()));
        let http = format!("http://127.0.0.1:{}", web.port());
        Ok(vec![
            ("/var/log/mrwebdefence", root.join("var").display().to_string()),
            ("/opt/mrwebdefence-logserver", root.join("opt").display().to_string()),
            ("http://localhost:24231", http.clone()),
            ("http://localhost:24220", http),
            ("port = 8888", format!("port = {}", collector.port())),
            ("port = 8889", format!("port = {tls_port}")),
        ])
    };
    let at = home.path().join("logs");
    let morning = Morning::begin_on(None, Some(&at), "mrwebdefence-logserver", "log-01", place, &[])?;
    let at = at.display().to_string();
    for (percent, severity) in [(80, "medium"), (90, "high")] {
        morning.fault(("log-disk-full", &at, severity), || disk.fill_to(percent), || disk.clear())?;
    }
    morning.fault(("log-disk-full", &at, "critical"), || disk.fill(), || disk.clear())?;
    let collecting = ("check", "collector", "high");
    morning.fault(collecting, || collector.is_down(true), || collector.is_down(false))?;
    let (authority, root) = made.context("the places")?;
    morning.fault(
        ("check", "collector tls", "high"),
        || drop(tls.borrow_mut().take()),
        || authority.serve_at("server", tls_port).map(|server| drop(tls.replace(Some(server)))),
    )?;
    let (high, medium) = (("check", "fluentd", "high"), ("check", "fluentd", "medium"));
    let well = || shows(fluentd(1_000_000, 0, 1_000, 1_000));
    morning.fault(high, || shows(fluentd(1_500_000_000, 0, 1_000, 1_000)), well)?;
    morning.fault(medium, || shows(fluentd(600_000_000, 0, 1_000, 1_000)), well)?;
    let down = [high, ("check", "fluentd monitor", "high")];
    morning.faults(&down, || web.is_down(true), || web.is_down(false))?;
    // What rises or diverges is true of one look; what was worse between two heartbeats counts.
    morning.event(("fluentd", "high"), || shows(fluentd(1_000_000, 0, 900_000, 1_000)))?;
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
