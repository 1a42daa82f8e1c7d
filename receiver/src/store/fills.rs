//! How full mailboxes are, as their servers said last.

use std::collections::BTreeMap;

use rusqlite::params;

use super::sqlite::{StoreError, Tx, int, number, word};
use crate::evaluate::fill::Fill;

impl Tx<'_> {
    /// Notes how full a mailbox is by each limit its server tells of, in place of what it said before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put_fills(&self, mailbox: i64, fills: &[Fill]) -> Result<(), StoreError> {
        const FORGET: &str = "-- put_fills
            DELETE FROM mailbox_fills WHERE mailbox = ?1";
        const INSERT: &str = "-- put_fills
            INSERT INTO mailbox_fills (mailbox, resource, used, most) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT (mailbox, resource) DO NOTHING";
        self.run(FORGET, params![mailbox])?;
        fills.iter().try_for_each(|fill| {
            let row = params![mailbox, fill.resource.as_str(), int(fill.used), int(fill.limit)];
            self.run(INSERT, row).map(drop)
        })
    }

    /// How full every mailbox is that tells, by its name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn fills(&self) -> Result<BTreeMap<String, Vec<Fill>>, StoreError> {
        const SQL: &str = "-- fills
            SELECT m.name, f.resource, f.used, f.most FROM mailbox_fills f JOIN mailboxes m ON m.id = f.mailbox
            ORDER BY m.name, f.resource";
        let rows = self.all(SQL, [], |row| {
            let fill = Fill { resource: word(row, 1)?, used: number(row, 2)?, limit: number(row, 3)? };
            Ok((row.get::<_, String>(0)?, fill))
        })?;
        let mut all: BTreeMap<String, Vec<Fill>> = BTreeMap::new();
        for (mailbox, fill) in rows {
            all.entry(mailbox).or_default().push(fill);
        }
        Ok(all)
    }
}
