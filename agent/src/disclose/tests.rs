//! Both pages in both languages.

use super::*;
use mailbeat_shared::wire::check::CheckState;

use crate::testing;

fn sheet(locale: Locale, config: &Config, consented: Option<&[&str]>) -> Sheet {
    let contract = testing::contract();
    let consent = consented.map(|items| Consent {
        contract: contract.number.clone(),
        activated_at: contract.issued_at,
        activated_by: "anna".into(),
        consented: items.iter().map(|item| (*item).to_owned()).collect(),
        added: vec![],
        withdrawn_at: None,
    });
    let metric = &mailbeat_shared::wire::observation::names::SWAP_LIMIT;
    Sheet::new(
        locale,
        &Facts {
            config,
            activation: consent.as_ref().map(|consent| (&contract, consent)),
            config_digest: Some(config.digest(&[1; 32])),
            system: Some(SystemId::from_random([1; 16])),
            host: &HostFacts {
                name: "scada-01".into(),
                uptime_s: 7,
                boot_id: "b".into(),
                machine_id: None,
                ..HostFacts::default()
            },
            observations: &[Observation::new(metric, 4096.0)],
            checks: &[CheckResult {
                output: "fine\nmore".into(),
                observations: vec![Observation::new(metric, 7.0)],
                ..CheckResult::new("backup", CheckState::Ok, contract.issued_at)
            }],
            inventory: &BTreeMap::from([("os.name".into(), "Debian".into())]),
            now: contract.issued_at,
        },
    )
}

#[test]
fn both_pages_in_both_languages_name_every_item_recipient_and_real_value() {
    let mut config = Config::default();
    config.collect.load = false;
    config.cc.system = vec!["admin@acme.example".into()];
    for (locale, words) in [(Locale::En, "WITHHELD"), (Locale::De, "ZURÜCKGEHALTEN")] {
        let sheet = sheet(locale, &config, Some(&["cpu", "swap", "load"]));
        let (text, annex) = (sheet.text(locale).unwrap(), sheet.annex(locale).unwrap());
        for line in
            sheet.items.iter().map(|item| &item.words).chain(sheet.always.iter().map(|line| &line.words))
        {
            assert!(
                text.contains(&line.title) && annex.contains(&format!("| {} |", line.title)),
                "{}",
                line.title
            );
        }
        for needed in
            ["scada-01", "Example GmbH", "reports@vendor.example", "admin@acme.example", "ACME-2026-001"]
        {
            assert!(text.contains(needed), "{needed} is not in\n{text}");
        }
        assert!(
            text.contains("system.paging.limit = 4096 By") && text.contains("agent.host = scada-01"),
            "{text}"
        );
        assert!(text.contains(words), "{text}");
        let now = |name: &str| {
            sheet.items.iter().find(|item| item.name == name).map(|item| (item.sent, item.withheld))
        };
        assert_eq!(now("cpu"), Some((true, false)));
        assert_eq!(now("memory"), Some((false, true)));
        assert_eq!(now("load"), Some((false, false)), "off");
    }
}

#[test]
fn each_check_is_named_with_what_it_sees_now_however_many_there_are() {
    let check = |n: usize| format!("[[check]]\nname = 'check {n}'\ntype = 'process'\nprocess = 'x'\n");
    let checks: String = (0..20).map(check).collect();
    let more =
        "[[check]]\nname = 'backup'\ntype = 'file'\nfiles = '/b'\n[[check]]\nname = 'off'\nenabled = false\n";
    let config: Config = toml::from_str(&format!("{checks}{more}")).unwrap();
    let text = sheet(Locale::De, &config, Some(&["checks"])).text(Locale::De).unwrap();
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("backup (file, every 300 s): Ok: fine; system.paging.limit = 7 By"), "{text}");
    assert!((0..20).all(|n| flat.contains(&format!("check {n} (process, every 300 s)"))), "{text}");
    assert!(!flat.contains("off (off"), "{text}");
}

#[test]
fn before_the_activation_it_says_what_would_be_sent_and_that_nothing_is() {
    let sheet = sheet(Locale::En, &Config::default(), None);
    let text = sheet.text(Locale::En).unwrap();
    assert!(text.contains("nobody: not activated") && !text.contains("WITHHELD"), "{text}");
    assert!(sheet.annex(Locale::De).unwrap().contains("____________________ (Auftragsverarbeiter)"));
}
