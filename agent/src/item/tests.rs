//! What is collected is disclosed: no field, no number and no key leaves the house that no item names.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::collect::host::HostProbe;
use crate::collect::{Collected, collect};
use crate::sense::{Senses as _, ThisHost};

/// Every field of `report.json`, two levels deep: what the report has, and what each kind of it has.
fn wire_fields() -> BTreeSet<String> {
    let schema: Value = serde_json::from_str(include_str!("../../../shared/schema/report.v1.json")).unwrap();
    let definition = |of: &Value| -> Option<Vec<String>> {
        let name = of["$ref"].as_str()?.rsplit('/').next()?;
        Some(schema["$defs"][name]["properties"].as_object()?.keys().cloned().collect())
    };
    let mut fields = BTreeSet::new();
    let kinds = schema["oneOf"].as_array().unwrap().iter();
    for properties in std::iter::once(&schema["properties"]).chain(kinds.map(|kind| &kind["properties"])) {
        for (name, of) in properties.as_object().unwrap() {
            match definition(of) {
                Some(inner) => fields.extend(inner.iter().map(|inner| format!("{name}.{inner}"))),
                None => drop(fields.insert(name.clone())),
            }
        }
    }
    fields
}

#[test]
fn every_field_of_the_wire_format_belongs_to_an_item_or_to_what_every_report_says() {
    let always = ALWAYS.iter().flat_map(|always| always.fields);
    let items = Item::ALL.iter().flat_map(|item| item.fields());
    let disclosed: BTreeSet<String> = always.chain(items).map(|field| (*field).to_owned()).collect();
    let wire = wire_fields();
    assert!(wire.len() > 30, "{wire:?}");
    let undisclosed: Vec<_> = wire.difference(&disclosed).collect();
    assert!(undisclosed.is_empty(), "in the wire format and in no data sheet: {undisclosed:?}");
    let stale: Vec<_> = disclosed.difference(&wire).collect();
    assert!(stale.is_empty(), "in the data sheet and not in the wire format: {stale:?}");
}

#[test]
fn every_number_that_can_be_measured_belongs_to_exactly_one_item() {
    for metric in names::ALL {
        let owners: Vec<_> = Item::ALL.iter().filter(|item| item.metrics().contains(metric)).collect();
        assert_eq!(owners.len(), 1, "{} belongs to {owners:?}", metric.name);
    }
}

#[test]
fn each_item_alone_measures_its_own_numbers_and_no_others() {
    let mut probe = HostProbe::new().unwrap();
    for item in Item::ALL {
        let collected = collect(&[item], &mut probe, Duration::from_millis(1));
        let own: Vec<&str> = item.metrics().iter().map(|metric| metric.name).collect();
        for observation in &collected.observations {
            assert!(own.contains(&observation.name.as_str()), "{item:?} measured {}", observation.name);
        }
        assert!(!collected.problems.iter().any(|problem| problem.contains("is none of")), "{collected:?}");
    }
    assert_eq!(collect(&[], &mut probe, Duration::ZERO), Collected::default());
}

#[test]
fn the_inventory_of_this_host_holds_no_key_that_is_not_disclosed() {
    let mut host = ThisHost::new(&Config::default());
    let all = Item::ALL.map(|item| item.name().to_owned());
    let facts = host.inventory(&all).value.facts;
    assert!(facts.contains_key("os.kernel") && facts.contains_key("host.cpu.logical.count"), "{facts:?}");
    let strays: Vec<_> = facts.keys().filter(|key| !Item::ALL.iter().any(|item| item.may_say(key))).collect();
    assert!(strays.is_empty(), "in the inventory and in no data sheet: {strays:?}");
    for item in [Item::Os, Item::Kernel, Item::Virtualization, Item::Hardware, Item::Reboot] {
        let alone = host.inventory(&[item.name().to_owned()]).value.facts;
        assert!(alone.keys().all(|key| item.may_say(key)), "{item:?} says {alone:?}");
    }
    assert!(Item::Hardware.may_say("host.disk.sda") && !Item::Os.may_say("os.kernel"));
    assert!(host.inventory(&all[..1]).value.facts.is_empty());
}

#[test]
fn what_is_on_and_was_never_agreed_to_is_withheld_and_named() {
    let mut config = Config::default();
    config.collect.swap = false;
    let agreed = ["cpu", "swap"].map(str::to_owned);
    assert_eq!(permitted(&config, &agreed), [Item::Cpu]);
    let withheld = withheld(&config, &agreed);
    assert!(withheld.contains(&Item::Memory), "{withheld:?}");
    assert!(
        [Item::Swap, Item::WatchedFiles, Item::Checks].iter().all(|item| !withheld.contains(item)),
        "off is not withheld"
    );
    let sentence = withheld_sentence(&[Item::Load, Item::WatchedFiles]).unwrap();
    assert!(
        sentence.contains("load, watched files") && sentence.contains("mailbeat-agent activate"),
        "{sentence}"
    );
    assert!(is_withheld_sentence(&sentence) && !is_withheld_sentence("disks: not sent"));
    assert_eq!(withheld_sentence(&[]), None);
}
