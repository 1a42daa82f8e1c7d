//! A web server: a real nginx before an application, with its certificates, its way in without TLS and its error log.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use mailbeat_tests::lab::nginx::Nginx;
use mailbeat_tests::site::{Authority, Web};
use mailbeat_tests::stage::Stage;

use super::morning::Morning;

#[test]
fn each_fault_of_a_web_server_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let stage = Stage::set(&home.path().join("stage"))?;
    let live = home.path().join("live/www.example.test");
    let authority = Authority::new(&live)?;
    let (application, nginx) = (Web::start()?, Nginx::new()?);
    application.says("/", 200, "<h1>Welcome</h1>");
    let renewed = |days| -> anyhow::Result<()> {
        authority.issue("site", days)?;
        Ok(fs::copy(live.join("site.crt"), live.join("cert.pem")).map(drop)?)
    };
    renewed(200)?;
    let servers = |plain: &str| {
        format!(
            "server {{ listen 127.0.0.1:{}; {plain} }}\n\
             server {{ listen 127.0.0.1:{}; root {3}/none; }}\n\
             server {{ listen 127.0.0.1:{} ssl; ssl_certificate {3}/site.crt; ssl_certificate_key {3}/site.key;\n\
             location = / {{ proxy_pass http://127.0.0.1:{4}; }} }}",
            nginx.port(0),
            nginx.port(1),
            nginx.port(2),
            live.display(),
            application.port()
        )
    };
    let leads_on = servers("return 301 https://$host/;");
    nginx.start(&leads_on)?;
    stage.unit("nginx.service", &nginx.pid_file())?;
    let (plain, tls) = (nginx.port(0), nginx.port(2));
    let places = |_: &_| {
        let site = format!("url = \"https://localhost:{tls}/\"\ntls = {{ ca = {:?} }}", authority.ca());
        Ok(vec![
            ("url = \"https://localhost/\"", site),
            ("http://localhost/", format!("http://127.0.0.1:{plain}/")),
            ("/etc/letsencrypt/live", home.path().join("live").display().to_string()),
            ("port = 443", format!("port = {tls}")),
            ("/var/log/nginx/error.log", nginx.error_log().display().to_string()),
            // A busy test machine is slow by itself.
            ("warning = { time = 1 }", "warning = { time = 2 }".into()),
            ("critical = { time = 5 }", "critical = { time = 4 }".into()),
        ])
    };
    let morning = Morning::begin_on(Some(&stage), None, "web-server", "web-01", places, &[])?;

    let site = |severity| ("check", "web site", severity);
    for (wait, severity) in [(2_300, "medium"), (4_300, "high")] {
        morning.fault(
            site(severity),
            || application.waits("/", Duration::from_millis(wait)),
            || application.waits("/", Duration::ZERO),
        )?;
    }
    // nginx says 502.
    morning.fault(site("high"), || application.is_down(true), || application.is_down(false))?;
    let all = [
        site("high"),
        ("check", "web redirect", "high"),
        ("check", "web port", "high"),
        ("check", "web service", "high"),
    ];
    morning.faults(&all, || nginx.stop(), || nginx.start(&leads_on))?;
    morning.fault(
        ("check", "web redirect", "high"),
        || nginx.reload(&servers("return 200 'in clear';")),
        || nginx.reload(&leads_on),
    )?;
    for (days, severity) in [(25, "low"), (20, "medium"), (5, "high"), (1, "critical")] {
        let ends = |check| ("certificate-ends", check, severity);
        // Renewed and not loaded would leave the first of them open.
        morning.faults(
            &[ends("web certificates"), ends("web site")],
            || renewed(days).and_then(|()| nginx.reload(&leads_on)),
            || renewed(200).and_then(|()| nginx.reload(&leads_on)),
        )?;
    }
    morning.fault(("certificate-ends", "web certificates", "medium"), || renewed(20), || renewed(200))?;
    morning.event(("web errors", "medium"), || visits(nginx.port(1), 60))?;
    morning.event(("web errors", "high"), || visits(nginx.port(1), 1_100))
}

/// Visitors who ask for pages that are not there, each of which nginx notes as an error.
fn visits(port: u16, count: usize) -> anyhow::Result<()> {
    for number in 0..count {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        write!(stream, "GET /missing-{number} HTTP/1.0\r\n\r\n")?;
        stream.read_to_end(&mut vec![])?;
    }
    Ok(())
}
