//! A host of containers: its units and its containers are programs that do nothing (a Docker of the story's own would need more of the
//! machine than a test may take), its log is one of the story's. What the agent asks is real: processes by name, units, lines of a log.

use std::fs;
use std::time::Duration;

use mailbeat_tests::site::aged;
use mailbeat_tests::stage::{Idler, Stage};

use super::morning::Morning;

#[test]
fn each_fault_of_a_host_of_containers_becomes_its_ticket_and_resolves() -> anyhow::Result<()> {
    let home = tempfile::tempdir()?;
    let stage = Stage::set(&home.path().join("stage"))?;
    let docker = stage.idle_unit("docker.service")?;
    let containerd = stage.idle_unit("containerd.service")?;
    // Another Docker may run beside the story, and another story.
    let shim = format!("containerd-shim-{}", std::process::id());
    let containers =
        [Idler::new(&home.path().join("a").join(&shim))?, Idler::new(&home.path().join("b").join(&shim))?];
    let log = home.path().join("log/syslog");
    aged(&log, "dockerd[1]: level=info msg=started\n", Duration::ZERO)?;
    let places = |_: &_| {
        Ok(vec![
            ("containerd-shim-runc-v2", shim.clone()),
            ("/var/log", home.path().join("log").display().to_string()),
        ])
    };
    let morning = Morning::begin_on(Some(&stage), None, "docker-host", "docker-01", places, &[])?;

    morning.fault(("check", "docker service", "critical"), || docker.stop(), || docker.start())?;
    morning.fault(("check", "containerd service", "high"), || containerd.stop(), || containerd.start())?;
    morning.fault(
        ("check", "running containers", "high"),
        || containers.iter().for_each(Idler::stop),
        || containers.iter().try_for_each(Idler::start),
    )?;
    let lines = |line: &str| -> anyhow::Result<()> {
        Ok(fs::write(&log, fs::read_to_string(&log)? + &line.repeat(15))?)
    };
    morning.event(("docker errors", "medium"), || {
        lines("dockerd[1]: time=07:00 level=error msg=\"no space left on device\"\n")?;
        lines("containerd[1]: time=07:00 level=fatal msg=\"no space left on device\"\n")
    })
}
