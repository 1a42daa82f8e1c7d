//! What is planned for a host, from the packaged units themselves.

use super::*;

const AGENT: Service = Service {
    name: "mailbeat-agent",
    config: "/etc/mailbeat/agent.toml",
    unit: include_str!("../../../../packaging/systemd/mailbeat-agent.service"),
    sysusers: include_str!("../../../../packaging/sysusers/mailbeat-agent.conf"),
    check: &["test", "--no-delivery"],
};
const RECEIVER: Service = Service {
    name: "mailbeat-receiver",
    config: "/etc/mailbeat/receiver.toml",
    unit: include_str!("../../../../packaging/systemd/mailbeat-receiver.service"),
    sysusers: include_str!("../../../../packaging/sysusers/mailbeat-receiver.conf"),
    check: &["test"],
};

fn open(path: &str) -> Place {
    Place { path: path.into(), closed: None }
}

fn closed(path: &str, at: &str) -> Place {
    Place { path: path.into(), closed: Some(at.into()) }
}

/// A host as the wizard leaves it: configuration and state are root's alone.
fn host(service: &Service, program: &str) -> Found {
    let state = format!("/var/lib/{}", service.name);
    Found {
        program: open(program),
        config: closed(service.config, service.config),
        state: closed(&state, &state),
        state_is_given: false,
        secrets: vec![],
        has_user: false,
        has_sysusers: true,
    }
}

fn commands(plan: &Plan) -> Vec<String> {
    plan.deeds
        .iter()
        .map(|deed| match deed {
            Deed::Run(command) => typed(command),
            Deed::Write(path, _) => format!("write {}", path.display()),
        })
        .collect()
}

fn unit_of(plan: &Plan) -> &str {
    let written = plan.deeds.iter().find_map(|deed| match deed {
        Deed::Write(_, text) => Some(text.as_str()),
        Deed::Run(_) => None,
    });
    written.unwrap()
}

/// The lines of a unit that the packaged one does not have, and those of the packaged one that are gone.
fn differences(unit: &str, packaged: &str) -> (Vec<String>, Vec<String>) {
    let missing = |from: &str, of: &str| {
        of.lines().filter(|line| !from.lines().any(|other| other == *line)).map(str::to_owned).collect()
    };
    (missing(packaged, unit), missing(unit, packaged))
}

#[test]
fn a_program_copied_to_a_host_gets_its_user_its_files_and_the_packaged_unit_with_its_own_place() {
    let mut found = host(&AGENT, "/usr/local/bin/mailbeat-agent");
    found.secrets = vec!["/etc/mailbeat/smtp-password".into()];
    let plan = AGENT.plan(&found).unwrap();
    assert_eq!(
        commands(&plan),
        [
            "systemd-sysusers --inline 'u mailbeat - \"Mailbeat agent\" /var/lib/mailbeat-agent'",
            "chown root:mailbeat /etc/mailbeat/agent.toml",
            "chmod 640 /etc/mailbeat/agent.toml",
            "chown mailbeat:mailbeat /etc/mailbeat/smtp-password",
            "install -d -m 700 -o mailbeat -g mailbeat /var/lib/mailbeat-agent",
            "chown -R mailbeat:mailbeat /var/lib/mailbeat-agent",
            "write /etc/systemd/system/mailbeat-agent.service",
            "systemctl daemon-reload",
        ]
    );
    assert_eq!(typed(&plan.start), "systemctl enable --now mailbeat-agent");
    let (more, less) = differences(unit_of(&plan), AGENT.unit);
    assert_eq!(more[1..], ["ExecStart=/usr/local/bin/mailbeat-agent run"]);
    assert!(
        more[0].starts_with('#') && less == ["ExecStart=/usr/bin/mailbeat-agent run"],
        "{more:?} {less:?}"
    );
    // A person reads every line of it, and what is run as the service's user between.
    let shown = plan.shown("runuser -u mailbeat -- mailbeat-agent test");
    assert!(unit_of(&plan).lines().all(|line| shown.contains(line)), "{shown}");
    assert!(shown.ends_with("mailbeat-agent test\n  systemctl enable --now mailbeat-agent\n"), "{shown}");
}

#[test]
fn where_sysusers_is_missing_useradd_makes_the_user_and_a_user_who_is_there_stays() {
    let found = Found { has_sysusers: false, ..host(&RECEIVER, "/usr/bin/mailbeat-receiver") };
    assert_eq!(
        commands(&RECEIVER.plan(&found).unwrap())[0],
        "useradd --system --user-group --no-create-home --home-dir /var/lib/mailbeat-receiver --shell \
         /usr/sbin/nologin --comment 'Mailbeat receiver' mailbeat-receiver"
    );
    let found = Found { has_user: true, ..found };
    assert!(commands(&RECEIVER.plan(&found).unwrap())[0].starts_with("chown root:"));
}

#[test]
fn other_places_are_said_in_the_unit_and_the_fences_stay() {
    let mut found = host(&AGENT, "/opt/mailbeat/mailbeat-agent-x86_64");
    found.config = closed("/opt/mailbeat/agent.toml", "/opt/mailbeat/agent.toml");
    found.state = closed("/srv/mailbeat/state", "/srv/mailbeat/state");
    found.state_is_given = true;
    let plan = AGENT.plan(&found).unwrap();
    let (more, less) = differences(unit_of(&plan), AGENT.unit);
    assert_eq!(
        more[1..],
        [
            "ConditionPathExists=/srv/mailbeat/state/activation.toml",
            "ExecStart=/opt/mailbeat/mailbeat-agent-x86_64 run --config /opt/mailbeat/agent.toml",
            "Environment=MAILBEAT_STATE_DIR=/srv/mailbeat/state",
            "ReadWritePaths=/srv/mailbeat/state",
        ]
    );
    let gone: Vec<&str> = less.iter().filter_map(|line| line.split('=').next()).collect();
    assert_eq!(gone, ["ConditionPathExists", "ExecStart", "StateDirectory", "StateDirectoryMode"]);
    let below = Found { state: closed("/var/lib/a/b", "/var/lib/a/b"), ..found };
    assert!(
        unit_of(&AGENT.plan(&below).unwrap()).contains("\nStateDirectory=a/b\nStateDirectoryMode=0700\n")
    );
}

#[test]
fn a_program_the_services_user_cannot_start_is_copied_to_where_it_can() {
    let copied = |service: &Service, program: Place| {
        let plan = service.plan(&Found { program, ..host(service, "/x") }).unwrap();
        (commands(&plan)[1].clone(), plan.program.display().to_string())
    };
    let to = "/usr/local/bin/mailbeat-agent".to_owned();
    let root = copied(&AGENT, closed("/root/mailbeat-agent-musl", "/root"));
    assert_eq!(root, (format!("install -D -m 755 /root/mailbeat-agent-musl {to}"), to.clone()));
    // Open to all, and yet out of a service's sight.
    assert_eq!(copied(&AGENT, open("/tmp/mailbeat-agent")).1, to);
    assert_eq!(
        copied(&RECEIVER, open("/home/anna/target/mailbeat-receiver")).1,
        "/usr/local/bin/mailbeat-receiver"
    );
    let in_place = copied(&AGENT, closed(&to, &to));
    assert_eq!(in_place, (format!("chmod 755 {to}"), to));
}

#[test]
fn what_could_not_work_behind_the_fences_is_refused_with_its_reason() {
    let refused = |service: &Service, change: &dyn Fn(&mut Found)| {
        let mut found = host(service, "/usr/local/bin/x");
        change(&mut found);
        service.plan(&found).unwrap_err()
    };
    for (why, words) in [
        (refused(&AGENT, &|found| found.config = closed("/root/agent.toml", "/root")), "/root is closed"),
        (refused(&AGENT, &|found| found.config = open("/tmp/agent.toml")), "kept away from /tmp"),
        (refused(&RECEIVER, &|found| found.state = open("/home/anna/state")), "kept away from /home"),
        (refused(&RECEIVER, &|found| found.state = closed("/srv/a/state", "/srv/a")), "/srv/a is closed"),
        (refused(&AGENT, &|found| found.state = open("/var/lib")), "state directory of its own"),
        (refused(&AGENT, &|found| found.state = open("/srv")), "state directory of its own"),
        (refused(&AGENT, &|found| found.state = open("/etc/mailbeat")), "state directory of its own"),
        (refused(&AGENT, &|found| found.config = open("/etc/a b.toml")), "cannot stand in a unit"),
        (refused(&AGENT, &|found| found.state = open("/srv/100%/x")), "cannot stand in a unit"),
    ] {
        assert!(why.contains(words), "{why}");
    }
    // The directory of configurations, closed by a strict umask, is opened.
    let mut found = host(&AGENT, "/usr/bin/mailbeat-agent");
    found.config.closed = Some("/etc/mailbeat".into());
    assert_eq!(commands(&AGENT.plan(&found).unwrap())[1], "chmod 755 /etc/mailbeat");
}

#[test]
fn a_unit_made_for_other_places_is_made_anew_and_a_packaged_or_foreign_one_is_left_alone() {
    let plan = AGENT.plan(&host(&AGENT, "/usr/local/bin/mailbeat-agent")).unwrap();
    let elsewhere = AGENT.plan(&host(&AGENT, "/opt/mailbeat-agent")).unwrap();
    assert!(!unit::is_outdated(unit_of(&plan), &plan));
    assert!(unit::is_outdated(unit_of(&elsewhere), &plan));
    assert!(!unit::is_outdated(AGENT.unit, &plan) && !unit::is_outdated("", &plan));
}
