//! From what an agent measured, or no longer says, to a mail in the mailbox of the person responsible.

use mailbeat_tests::office::{Office, RULES, Way, attachment};
use mailbeat_tests::programs::{PATIENCE, wait_for};
use serde_json::Value;

/// The default rule for filesystems with its limit wherever the story wants it.
fn rules(limit: f64) -> String {
    format!(
        "{RULES}\n[[threshold]]\nid = \"filesystem-full\"\nmetric = \"system.filesystem.utilization\"\n\
         subject = \"system.filesystem.mountpoint\"\nwhere = {{ \"system.filesystem.mountpoint\" = \"/\" }}\n\
         above = {{ high = {limit:?} }}\ntitle = \"filesystem {{subject}} is {{value}} full\"\n"
    )
}

/// A header field's value, unfolded.
fn field(mail: &str, name: &str) -> Option<String> {
    let head = mail.split("\r\n\r\n").next().unwrap_or_default().replace("\r\n\t", " ").replace("\r\n ", " ");
    let start = format!("{name}: ");
    head.lines().find_map(|line| line.strip_prefix(&start).map(|value| value.trim().to_owned()))
}

#[test]
fn a_full_disk_becomes_a_ticket_and_a_thread_of_mails_to_the_customers_contact() -> anyhow::Result<()> {
    let office = Office::open(&rules(2.0))?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 1, 3600)?;
    let contact =
        ["contacts", "add", "Cora Contact <customer@example.test>", "--customer", "ACME Wasserwerke"];
    vendor.receiver.run(&contact)?;
    let _receiver = vendor.start()?;
    let _host = office.running("scada-01", &contract)?;
    assert_eq!(vendor.tickets()?, Vec::<Value>::new());

    vendor.rule(&rules(0.000_001))?;
    let ticket = vendor.await_ticket("filesystem-full", "scada-01", "open")?;
    assert_eq!((&ticket["number"], &ticket["severity"]), (&"MB-1001".into(), &"high".into()));
    let opened = office.await_mail("customer", &["MB-1001"])?;
    let subject = field(&opened, "Subject").unwrap_or_default();
    assert!(
        subject.starts_with("[Mailbeat MB-1001] High: scada-01 (ACME Wasserwerke): filesystem / is"),
        "{subject}"
    );
    assert_eq!(field(&opened, "Auto-Submitted").as_deref(), Some("auto-generated"));
    assert!(field(&opened, "To").is_some_and(|to| to.contains("customer@example.test")), "{opened}");

    // A script that does not know whether it was heard says it again, under the same key.
    for _ in 0..2 {
        vendor.receiver.run(&["tickets", "comment", "MB-1001", "a pager was sent", "--key", "pager-7"])?;
        vendor.receiver.run(&["tickets", "ack", "MB-1001", "--key", "pager-7"])?;
    }
    let shown = vendor.receiver.json(&["tickets", "show", "MB-1001"])?;
    let events: Vec<_> =
        shown["events"].as_array().into_iter().flatten().map(|event| &event["event"]).collect();
    assert_eq!(events, ["opened", "commented", "acknowledged"]);
    let history = ["systems", "history", "scada-01", "--metric", "system.filesystem.utilization"];
    let days = vendor.receiver.json(&history)?;
    let root = |day: &&Value| day["attributes"]["system.filesystem.mountpoint"] == "/";
    let day = days.as_array().into_iter().flatten().find(root).expect("a day of /");
    assert!(day["count"].as_u64() >= Some(1) && day["min"].as_f64() <= day["max"].as_f64(), "{day:#}");

    vendor.rule(&rules(2.0))?;
    vendor.await_ticket("filesystem-full", "scada-01", "resolved")?;
    let resolved = office.await_mail("customer", &["MB-1001] Resolved:"])?;
    let thread = field(&opened, "Message-ID").expect("a Message-ID");
    assert!(field(&resolved, "References").is_some_and(|ids| ids.contains(&thread)), "{resolved}");
    assert_eq!(field(&resolved, "Auto-Submitted").as_deref(), Some("auto-generated"));
    assert_eq!(office.lab.mails("customer", "INBOX")?.len(), 2, "one mail an event");
    assert_eq!(
        office.lab.mails("operator", "INBOX")?.len(),
        0,
        "who has contacts of its own needs no default"
    );
    Ok(())
}

#[test]
fn an_edited_file_arrives_as_a_diff_and_no_secret_of_it_travels() -> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let contract = vendor.issue("ACME Wasserwerke", 86_400, 604_800)?;
    let _receiver = vendor.start()?;
    let host = office.host("scada-01", &office.route("office", Way::Starttls, "agent1"))?;
    let key = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        "MIGHAgEAMBMGByqGSM49".repeat(4)
    );
    host.write("tls.conf", &key)?;
    host.activate(vendor, &contract)?;
    host.write("app.conf", "listen = 0.0.0.0:502\npassword = Tr0ub4dor&3\nworkers = 8\n")?;
    assert!(host.send("system")?);

    let diff = wait_for("the change to be received", PATIENCE, || {
        let changes = vendor.receiver.json(&["systems", "changes", "scada-01"])?;
        Ok(changes[0]["diff"].as_str().map(str::to_owned))
    })?;
    assert!(diff.contains("-workers = 4\n") && diff.contains("+workers = 8\n"), "{diff}");
    assert!(diff.contains("-password = <redacted:") && diff.contains("+password = <redacted:"), "{diff}");

    let mails = office.lab.mails("reports", "Mailbeat/Processed")?;
    let mut said = String::new();
    for mail in &mails {
        let mail = String::from_utf8_lossy(mail);
        said += &mail.replace("=\r\n", "");
        said += &String::from_utf8_lossy(&attachment(&mail, "report.json")?);
    }
    assert!(said.contains("workers = 8"), "the change is in what is searched: {} mails", mails.len());
    for secret in ["battery", "Tr0ub4dor", "MIGHAgEAMBMGByqGSM49"] {
        assert!(!said.contains(secret), "{secret} left the house");
    }
    Ok(())
}

#[test]
fn the_silent_hosts_of_two_customers_are_told_to_each_ones_people_alone_until_they_are_back()
-> anyhow::Result<()> {
    let office = Office::open(RULES)?;
    let vendor = &office.vendor;
    let _receiver = vendor.start()?;
    let customers = [("ACME Wasserwerke", "scada-01", "customer"), ("Globex Pumps", "pump-07", "manager")];
    let mut hosts = vec![];
    for (customer, name, person) in customers {
        let contract = vendor.issue(customer, 1, 3600)?;
        let contact = format!("{person} <{person}@example.test>");
        vendor.receiver.run(&["contacts", "add", &contact, "--customer", customer])?;
        let host = office.host(name, &office.route("office", Way::Implicit, "agent1"))?;
        host.activate(vendor, &contract)?;
        let agent = host.start()?;
        assert_eq!(vendor.await_system(name, "alive")?["customer"], customer);
        hosts.push((host, agent));
    }
    let hosts = hosts.into_iter().map(|(host, agent)| {
        agent.kill();
        host
    });
    let hosts: Vec<_> = hosts.collect();
    for (customer, name, person) in customers {
        let ticket = vendor.await_ticket("heartbeat-missing", name, "open")?;
        assert_eq!(ticket["customer"], customer);
        office.await_mail(person, &[ticket["number"].as_str().unwrap(), name])?;
    }
    let agents = hosts.iter().map(|host| host.start()).collect::<anyhow::Result<Vec<_>>>()?;
    for (_, name, person) in customers {
        vendor.await_ticket("heartbeat-missing", name, "resolved")?;
        vendor.await_system(name, "alive")?;
        office.await_mail(person, &["Resolved:", name])?;
    }
    drop(agents);
    for (mine, theirs) in [(customers[0], customers[1]), (customers[1], customers[0])] {
        for mail in office.lab.mails(mine.2, "INBOX")? {
            let mail = String::from_utf8_lossy(&mail);
            assert!(mail.contains(mine.1) && !mail.contains(theirs.1) && !mail.contains(theirs.0), "{mail}");
        }
    }
    assert_eq!(office.lab.mails("operator", "INBOX")?.len(), 0);
    Ok(())
}
