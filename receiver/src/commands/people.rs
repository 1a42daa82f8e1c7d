//! `customers` and `contacts`.

use anyhow::{Context as _, ensure};
use serde::Serialize;

use super::{Desk, init};
use crate::cli::{Contacts, Customers};
use crate::render;
use crate::store::{Contact, Tx};

/// `customers`.
pub(super) fn customers(desk: &Desk, command: &Customers) -> anyhow::Result<()> {
    match command {
        Customers::List => {
            let customers = desk.reader()?.read(|tx| tx.customers())?;
            desk.list(&customers, &["customer", "notes"], |customer| {
                vec![customer.name.clone(), customer.notes.clone()]
            })
        }
        Customers::Add { name } => {
            ensure!(!name.trim().is_empty(), "the name is empty");
            let id = desk.write(|tx| tx.put_customer(name.trim(), desk.now))?;
            desk.show(
                &serde_json::json!({ "id": id, "name": name.trim() }),
                &format!("{} is a customer", name.trim()),
            )
        }
    }
}

#[derive(Serialize)]
struct Row {
    customer: Option<String>,
    #[serde(flatten)]
    contact: Contact,
}

/// `contacts`.
pub(super) fn contacts(desk: &Desk, command: &Contacts) -> anyhow::Result<()> {
    match command {
        Contacts::List => list(desk),
        Contacts::Add { contact, customer, position, locale } => {
            let (name, email) = init::contact(contact)?;
            let id = desk.write(|tx| {
                let untold = tx.told_to_nobody()?;
                let customer = customer.as_ref().map(|name| customer_named(tx, name)).transpose()?;
                let id = tx.add_contact(customer, &name, &email)?;
                position.map_or(Ok(true), |position| tx.place_contact(id, position))?;
                locale.map_or(Ok(()), |locale| tx.set_contact_locale(id, locale))?;
                tx.tell(&untold, desk.now)?;
                anyhow::Ok(id)
            })?;
            desk.show(&serde_json::json!({ "id": id }), &format!("{email} is contact {id}"))
        }
        Contacts::Edit { id, contact, position, locale } => {
            let (name, email) = init::contact(contact)?;
            let changed = desk.write(|tx| {
                let (untold, held) = (tx.told_to_nobody()?, tx.contact(*id)?);
                let placed = position.map(|position| tx.place_contact(*id, position)).transpose()?;
                locale.map_or(Ok(()), |locale| tx.set_contact_locale(*id, locale))?;
                // Who only gets another place is not thought to have another mail server.
                let is_as_it_was =
                    held.is_some_and(|held| (held.name, held.email) == (name.clone(), email.clone()));
                let changed = match placed {
                    Some(placed) if is_as_it_was => placed,
                    _ => tx.change_contact(*id, &name, &email)?,
                };
                tx.tell(&untold, desk.now)?;
                anyhow::Ok(changed)
            })?;
            ensure!(changed, "there is no contact {id}; `contacts list` shows them");
            desk.show(&serde_json::json!({ "id": id }), &format!("contact {id} is {email}"))
        }
        Contacts::Remove { id } => {
            let removed = desk.write(|tx| tx.remove_contact(*id, desk.now))?;
            ensure!(removed, "there is no contact {id}; `contacts list` shows them");
            desk.show(&serde_json::json!({ "id": id }), &format!("contact {id} is removed"))
        }
    }
}

/// The customer with this name.
pub(super) fn customer_named(tx: &Tx<'_>, name: &str) -> anyhow::Result<i64> {
    let customers = tx.customers()?;
    let found = customers.iter().find(|customer| customer.name == name);
    found
        .map(|customer| customer.id)
        .with_context(|| format!("there is no customer {name:?}; `customers list` shows them"))
}

fn list(desk: &Desk) -> anyhow::Result<()> {
    let rows = desk.reader()?.read(|tx| {
        let mut rows: Vec<Row> = Vec::new();
        for customer in tx.customers()? {
            let contacts = tx.contacts(Some(customer.id))?;
            rows.extend(
                contacts.into_iter().map(|contact| Row { customer: Some(customer.name.clone()), contact }),
            );
        }
        rows.extend(tx.contacts(None)?.into_iter().map(|contact| Row { customer: None, contact }));
        anyhow::Ok(rows)
    })?;
    desk.list(&rows, &["id", "customer", "order", "name", "address", "language", "mail refused"], |row| {
        vec![
            row.contact.id.to_string(),
            row.customer.clone().unwrap_or_else(|| "(default)".into()),
            row.contact.position.to_string(),
            row.contact.name.clone(),
            row.contact.email.clone(),
            row.contact.locale.map_or_else(|| "(default)".into(), |locale| locale.to_string()),
            row.contact.refused_at.map_or_else(String::new, |at| render::ago(at, desk.now)),
        ]
    })
}
