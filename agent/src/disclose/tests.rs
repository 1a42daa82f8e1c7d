//! Both pages in both languages.

use super::*;
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
            system: Some(SystemId::from_random([1; 16])),
            host: &HostFacts {
                name: "scada-01".into(),
                uptime_s: 7,
                boot_id: "b".into(),
                machine_id: None,
                ..HostFacts::default()
            },
            observations: &[Observation::new(metric, 4096.0)],
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
fn before_the_activation_it_says_what_would_be_sent_and_that_nothing_is() {
    let sheet = sheet(Locale::En, &Config::default(), None);
    let text = sheet.text(Locale::En).unwrap();
    assert!(text.contains("nobody: not activated") && !text.contains("WITHHELD"), "{text}");
    assert!(sheet.annex(Locale::De).unwrap().contains("____________________ (Auftragsverarbeiter)"));
}
