//! Which system a person means by a word: its SystemId, or its host's name.
//!
//! A host calls itself as it likes, so a SystemId names its system before any name of a host does. Two customers may have a
//! SystemId or a name in common; then the customer is to be named too, and nothing is guessed.

use anyhow::{Context as _, bail};
use mailbeat_shared::wire::id::SystemId;

use super::super::people::customer_named;
use super::all;
use crate::cli::Named;
use crate::store::{System, Tx};

/// Most systems that are told apart in one sentence.
const TOLD: usize = 5;

/// The system that is meant.
pub(in super::super) fn named(tx: &Tx<'_>, which: &Named) -> anyhow::Result<System> {
    called(tx, &which.system, which.customer.as_deref())
}

/// The system with this SystemId, or the only one with this host name; of one customer, where that is said.
pub(in super::super) fn called(tx: &Tx<'_>, name: &str, customer: Option<&str>) -> anyhow::Result<System> {
    let systems = customer.map_or_else(|| all(tx), |customer| of_customer(tx, customer))?;
    let mut meant = meant(systems, name);
    match (meant.pop(), meant.is_empty()) {
        (Some(system), true) => Ok(system),
        (Some(system), false) => {
            meant.push(system);
            bail!(several(tx, name, &meant)?)
        }
        (None, _) => {
            let of = customer.map_or_else(String::new, |customer| format!(" of {customer:?}"));
            bail!("there is no system {name:?}{of}; `systems list` shows them")
        }
    }
}

/// Every system of a customer.
pub(in super::super) fn of_customer(tx: &Tx<'_>, customer: &str) -> anyhow::Result<Vec<System>> {
    let whose = customer_named(tx, customer)?;
    let mut systems = all(tx)?;
    systems.retain(|system| system.customer == whose);
    Ok(systems)
}

/// Those with this SystemId; where nobody has it, those with this host name.
fn meant(systems: Vec<System>, name: &str) -> Vec<System> {
    let id = name.parse::<SystemId>().ok();
    let (by_id, others): (Vec<System>, Vec<System>) =
        systems.into_iter().partition(|system| Some(system.system_id) == id);
    if by_id.is_empty() { others.into_iter().filter(|system| system.host == name).collect() } else { by_id }
}

/// Which are called so, and how one of them is named.
fn several(tx: &Tx<'_>, name: &str, meant: &[System]) -> anyhow::Result<String> {
    let told = meant.iter().take(TOLD).map(|system| {
        let customer = tx.customer(system.customer)?.context("a system without a customer")?;
        anyhow::Ok(format!("{} ({}) of {:?}", system.host, system.system_id, customer.name))
    });
    let mut told = told.collect::<anyhow::Result<Vec<String>>>()?;
    if meant.len() > TOLD {
        told.push(format!("{} more", meant.len() - TOLD));
    }
    let of_one_customer = meant.windows(2).all(|pair| pair[0].customer == pair[1].customer);
    let how = if of_one_customer {
        "name the SystemId"
    } else {
        "name the customer too, with --customer NAME, or the SystemId where only one has it"
    };
    Ok(format!("several systems are called {name:?}: {}; {how}", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use mailbeat_shared::wire::contract::{EnrollmentSecret, SealedContract};
    use mailbeat_shared::wire::signature::SigningKey;

    use super::*;
    use crate::issuing::{IssueRequest, Terms, issue};
    use crate::store::{AdmittedBy, EnrollmentMode, NewSystem, Store};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn id(byte: u8) -> SystemId {
        SystemId::from_random([byte; 16])
    }

    /// Registers systems, each with its customer, SystemId and host name.
    fn known(systems: &[(&str, SystemId, &str)]) -> Store {
        let (mut store, vendor) = (Store::in_memory().unwrap(), SigningKey::from_seed(&[7; 32], "vendor"));
        let terms = Terms::new("Example GmbH", "reports@vendor.example");
        for (n, (customer, system_id, host)) in (0_u8..).zip(systems) {
            let number = Some(format!("NO-{n}").parse().unwrap());
            let request =
                IssueRequest { number, customer: (*customer).to_owned(), ..IssueRequest::default() };
            let secret = EnrollmentSecret::from_random([9; 32]);
            let contract = issue(request, &terms, &[], &vendor.public(), secret, NOW).unwrap();
            let sealed = SealedContract { file: contract.seal(&vendor), contract };
            store.write(|tx| tx.put_contract(&sealed, EnrollmentMode::Auto, NOW).map(drop)).unwrap();
            let registered = store.write(|tx| {
                let terms = tx.contract(&sealed.contract.number)?.unwrap().terms;
                tx.register_system(&NewSystem {
                    system_id: *system_id,
                    contract: &terms,
                    host,
                    key: [n; 32],
                    by: AdmittedBy::Proof,
                    received_at: NOW,
                })
            });
            registered.unwrap();
        }
        store
    }

    fn host(store: &mut Store, name: &str, customer: Option<&str>) -> Result<String, String> {
        let found = store.read(|tx| called(tx, name, customer));
        found.map(|system| system.host).map_err(|error| error.to_string())
    }

    #[test]
    fn a_systemid_names_its_system_whatever_other_hosts_call_themselves() {
        let name = id(1).to_string();
        let mut store = known(&[("ACME", id(1), "scada-01"), ("ACME", id(2), name.as_str())]);
        assert_eq!(host(&mut store, &name, None), Ok("scada-01".to_owned()));
        assert_eq!(host(&mut store, "scada-01", None), Ok("scada-01".to_owned()));
        assert_eq!(
            host(&mut store, "scada-02", None),
            Err("there is no system \"scada-02\"; `systems list` shows them".to_owned())
        );
    }

    #[test]
    fn where_two_customers_share_a_systemid_the_customer_is_named_too() {
        let mut store = known(&[("ACME", id(1), "scada-01"), ("Beta", id(1), "pump-01")]);
        let name = id(1).to_string();
        let refused = host(&mut store, &name, None).unwrap_err();
        for words in ["scada-01", "of \"ACME\"", "pump-01", "of \"Beta\"", "--customer NAME"] {
            assert!(refused.contains(words), "{words}: {refused}");
        }
        assert_eq!(host(&mut store, &name, Some("Beta")), Ok("pump-01".to_owned()));
        assert_eq!(host(&mut store, "pump-01", None), Ok("pump-01".to_owned()));
        let elsewhere = host(&mut store, "pump-01", Some("ACME")).unwrap_err();
        assert_eq!(elsewhere, "there is no system \"pump-01\" of \"ACME\"; `systems list` shows them");
        let nobody = host(&mut store, &name, Some("Gamma")).unwrap_err();
        assert!(nobody.contains("there is no customer \"Gamma\""), "{nobody}");
    }

    #[test]
    fn of_one_customers_hosts_with_the_same_name_the_systemid_is_asked_for() {
        let hosts: Vec<_> = (1..=7).map(|byte| ("ACME", id(byte), "localhost")).collect();
        let mut store = known(&hosts);
        let refused = host(&mut store, "localhost", None).unwrap_err();
        assert!(refused.ends_with("2 more; name the SystemId"), "{refused}");
        assert_eq!(host(&mut store, &id(7).to_string(), None), Ok("localhost".to_owned()));
    }
}
