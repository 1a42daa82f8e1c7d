//! Customers, and the people responsible for them.
//!
//! What is recorded of them was typed by an operator. An address that refused mail is passed over until somebody changes it.

use jiff::Timestamp;
use mailbeat_shared::locale::Locale;
use rusqlite::{Row, params};
use serde::Serialize;

use super::sqlite::{StoreError, Tx, maybe_time, maybe_word, time, us};

/// Asked each second.
pub(super) const REFUSED: &str = "-- refused_contacts
    SELECT c.email, min(c.refused_at), coalesce((SELECT n.words FROM notifications n JOIN contacts o ON o.id = n.contact
        WHERE o.email = c.email AND n.state = 'refused' ORDER BY n.id DESC LIMIT 1),
        (SELECT m.words FROM mailings m JOIN contacts o ON o.id = m.contact
        WHERE o.email = c.email AND m.state = 'refused' ORDER BY m.id DESC LIMIT 1), '')
    FROM contacts c WHERE c.refused_at IS NOT NULL GROUP BY c.email ORDER BY c.email LIMIT 200";

/// A customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Customer {
    /// Row.
    pub id: i64,
    /// Name, unique.
    pub name: String,
    /// For the vendor's eyes.
    pub notes: String,
}

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contact {
    /// Row.
    pub id: i64,
    /// The customer, or `None` for the vendor's own people; told by name, not by this row.
    #[serde(skip)]
    pub customer: Option<i64>,
    /// Order of responsibility, lowest first.
    pub position: i64,
    /// Name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// The language of their mails; `None` takes the receiver's own.
    pub locale: Option<Locale>,
    /// Since when mail to the address comes back for good.
    pub refused_at: Option<Timestamp>,
}

fn customer(row: &Row<'_>) -> rusqlite::Result<Customer> {
    Ok(Customer { id: row.get(0)?, name: row.get(1)?, notes: row.get(2)? })
}

fn contact(row: &Row<'_>) -> rusqlite::Result<Contact> {
    Ok(Contact {
        id: row.get(0)?,
        customer: row.get(1)?,
        position: row.get(2)?,
        name: row.get(3)?,
        email: row.get(4)?,
        locale: maybe_word(row, 5)?,
        refused_at: maybe_time(row, 6)?,
    })
}

impl Tx<'_> {
    /// The customer with this name, made if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_customer(&self, name: &str, now: Timestamp) -> Result<i64, StoreError> {
        const INSERT: &str = "-- put_customer
            INSERT INTO customers (name, created_at) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING";
        const SELECT: &str = "-- put_customer
            SELECT id FROM customers WHERE name = ?1";
        self.run(INSERT, params![name, us(now)])?;
        self.only(SELECT, params![name], |row| row.get(0))
    }

    /// One customer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn customer(&self, id: i64) -> Result<Option<Customer>, StoreError> {
        const SQL: &str = "-- customer
            SELECT id, name, notes FROM customers WHERE id = ?1";
        self.one(SQL, params![id], customer)
    }

    /// All customers by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn customers(&self) -> Result<Vec<Customer>, StoreError> {
        const SQL: &str = "-- customers
            SELECT id, name, notes FROM customers ORDER BY name";
        self.all(SQL, [], customer)
    }

    /// One contact.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contact(&self, id: i64) -> Result<Option<Contact>, StoreError> {
        const SQL: &str = "-- contact
            SELECT id, customer, position, name, email, locale, refused_at FROM contacts WHERE id = ?1";
        self.one(SQL, params![id], contact)
    }

    /// Another person responsible, after those there are. `None`: one of the vendor's own people.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn add_contact(&self, customer: Option<i64>, name: &str, email: &str) -> Result<i64, StoreError> {
        const SQL: &str = "-- add_contact
            INSERT INTO contacts (customer, position, name, email)
            VALUES (?1, (SELECT 1 + coalesce(max(position), 0) FROM contacts WHERE customer IS ?1), ?2, ?3)";
        self.insert(SQL, params![customer, name, email])
    }

    /// Changes a contact; its address is tried again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn change_contact(&self, id: i64, name: &str, email: &str) -> Result<bool, StoreError> {
        const SQL: &str = "-- change_contact
            UPDATE contacts SET name = ?2, email = ?3, refused_at = NULL WHERE id = ?1";
        Ok(self.run(SQL, params![id, name, email])? > 0)
    }

    /// Puts a contact at a place in the order of responsibility: who stands there and after it goes one further. `false`: there is no
    /// such contact.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn place_contact(&self, id: i64, position: i64) -> Result<bool, StoreError> {
        const OTHERS: &str = "-- place_contact
            UPDATE contacts SET position = position + 1
            WHERE customer IS (SELECT customer FROM contacts WHERE id = ?1) AND id <> ?1 AND position >= ?2";
        const SQL: &str = "-- place_contact
            UPDATE contacts SET position = ?2 WHERE id = ?1";
        self.run(OTHERS, params![id, position])?;
        Ok(self.run(SQL, params![id, position])? > 0)
    }

    /// Sets the language of a contact's mails.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_contact_locale(&self, id: i64, locale: Locale) -> Result<(), StoreError> {
        const SQL: &str = "-- set_contact_locale
            UPDATE contacts SET locale = ?2 WHERE id = ?1";
        self.run(SQL, params![id, locale.as_str()]).map(drop)
    }

    /// Removes a contact; what it was still to be told is told to the next one responsible. `false`: there is no such contact.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_contact(&self, id: i64, now: Timestamp) -> Result<bool, StoreError> {
        const WAITING: &str = "-- remove_contact
            SELECT n.event, t.customer FROM notifications n JOIN ticket_events e ON e.id = n.event
                JOIN tickets t ON t.number = e.ticket
            WHERE n.contact = ?1 AND n.state = 'waiting' ORDER BY n.id";
        const FORGET: &str = "-- remove_contact
            DELETE FROM notifications WHERE contact = ?1";
        const MAILINGS: &str = "-- remove_contact
            DELETE FROM mailings WHERE contact = ?1";
        const SQL: &str = "-- remove_contact
            DELETE FROM contacts WHERE id = ?1";
        let waiting = self.all(WAITING, params![id], |row| Ok((row.get(0)?, row.get(1)?)))?;
        self.run(FORGET, params![id])?;
        self.run(MAILINGS, params![id])?;
        let removed = self.run(SQL, params![id])? == 1;
        waiting.into_iter().try_for_each(|(event, customer)| self.notify(event, customer, now).map(drop))?;
        Ok(removed)
    }

    /// The people responsible for a customer, first the first. `None`: the vendor's own people.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contacts(&self, customer: Option<i64>) -> Result<Vec<Contact>, StoreError> {
        const SQL: &str = "-- contacts
            SELECT id, customer, position, name, email, locale, refused_at FROM contacts WHERE customer IS ?1
            ORDER BY position, id";
        self.all(SQL, params![customer], contact)
    }

    /// A customer's people who are mailed about no ticket: the first five whose address works.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contacts_to_write_to(&self, customer: i64) -> Result<Vec<Contact>, StoreError> {
        const SQL: &str = "-- contacts_to_write_to
            SELECT id, customer, position, name, email, locale, refused_at FROM contacts
            WHERE customer = ?1 AND refused_at IS NULL ORDER BY position, id LIMIT 5";
        self.all(SQL, params![customer], contact)
    }

    /// The address of a contact that something was sent to does not work; one that the contact has instead by now is left alone.
    pub(super) fn address_refused(
        &self,
        contact: i64,
        sent_to: Option<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        const SQL: &str = "-- address_refused
            UPDATE contacts SET refused_at = coalesce(refused_at, ?3) WHERE id = ?1 AND email = coalesce(?2, email)";
        self.run(SQL, params![contact, sent_to, us(now)]).map(drop)
    }

    /// The people whose mail server refuses mail: address, since when, and its words.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn refused_contacts(&self) -> Result<Vec<(String, Timestamp, String)>, StoreError> {
        self.all(REFUSED, [], |row| Ok((row.get(0)?, time(row, 1)?, row.get(2)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Store;

    #[test]
    fn who_is_put_at_a_place_stands_before_those_who_were_there_and_after() {
        let mut store = Store::in_memory().unwrap();
        let put = |store: &mut Store, name: &str, position: Option<i64>| {
            let place = |tx: &super::Tx<'_>| {
                let id = tx.add_contact(None, name, "x@vendor.example")?;
                position.map_or(Ok(true), |position| tx.place_contact(id, position))
            };
            store.write::<_, super::StoreError>(place).unwrap()
        };
        let names = |store: &mut Store| -> Vec<String> {
            let contacts = store.read(|tx| tx.contacts(None)).unwrap();
            contacts.into_iter().map(|contact| contact.name).collect()
        };
        for (name, position) in [("Anna", None), ("Bert", None), ("Carla", Some(1)), ("Dora", Some(3))] {
            put(&mut store, name, position);
        }
        assert_eq!(names(&mut store), ["Carla", "Anna", "Dora", "Bert"]);
    }
}
