fn main() -> anyhow::Result<()> {
    let office = mailbeat_tests::office::Office::open(mailbeat_tests::office::RULES)?;
    office
        .vendor
        .receiver
        .run(&["contacts", "add", "Carla Kundin <customer@example.test>", "--customer", "ACME Wasserwerke"])
        .ok();
    println!("{:?}\n{:?}\nca {:?}", office.dir(), office.lab.ports(), office.lab.ca());
    let host =
        office.host("scada-01", &office.route("office", mailbeat_tests::office::Way::Starttls, "agent1"))?;
    let contract = office.vendor.issue("ACME Wasserwerke", 3600, 86_400)?;
    office.vendor.receiver.run(&[
        "contacts",
        "add",
        "Carla Kundin <customer@example.test>",
        "--customer",
        "ACME Wasserwerke",
    ])?;
    host.activate(&office.vendor, &contract)?;
    println!("host {:?} contract {contract:?}", host.dir);
    std::fs::write("/tmp/mb/steps-office", format!("{}\n", office.dir().display()))?;
    while std::path::Path::new("/tmp/mb/steps-office").exists() {
        std::thread::sleep(std::time::Duration::from_millis(300));
    }
    Ok(())
}
