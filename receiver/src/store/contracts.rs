//! Contracts as they were issued: taken up, renewed and revoked. What they promise is in `terms`.
//!
//! A file that comes here was sealed or verified before. A revision that is not newer, a number of another customer's, and a
//! renewal of what nobody knows are refused, and nothing is written.

use jiff::Timestamp;
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret, SealedContract};
use mailbeat_shared::wire::id::ContractNumber;
use rusqlite::{Row, params};

use super::sqlite::{StoreError, Tx, maybe_time, time, us, word};
use super::terms::{EnrollmentMode, Terms, terms};
use crate::evaluate::ending::{Ending, Renewed};

/// A contract as it is listed.
#[derive(Clone, Debug)]
pub struct ContractRow {
    /// The terms.
    pub terms: Terms,
    /// The customer's name.
    pub customer_name: String,
    /// The newest revision.
    pub revision: u32,
    /// From when it holds.
    pub valid_from: Timestamp,
    /// Systems that count against it.
    pub enrolled: u32,
    /// How many of them report under an older revision.
    pub behind: u32,
    /// The sealed file.
    pub file: String,
}

/// Why a contract was not taken up.
#[derive(Debug, thiserror::Error)]
pub enum ContractRefused {
    /// The newest known revision is not older.
    #[error("contract {number} is held in revision {held} already; this file is revision {offered}")]
    NotNewer {
        /// Number.
        number: ContractNumber,
        /// Held.
        held: u32,
        /// Offered.
        offered: u32,
    },
    /// The number belongs to another customer.
    #[error("contract {0} belongs to another customer")]
    OtherCustomer(ContractNumber),
    /// The first revision must carry the enrollment secret.
    #[error(
        "contract {0} is not known here, and a renewal carries no enrollment secret; import the first file"
    )]
    NoSecret(ContractNumber),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

macro_rules! select_contracts {
    () => {
        "SELECT c.id, c.number, c.customer, c.valid_until, c.grace_days, c.systems, c.heartbeat_default, c.heartbeat_min,
            c.heartbeat_max, c.system_default, c.system_min, c.system_max, c.maintenance_max_h, c.enrollment,
            c.revoked_at, k.name, c.revision, c.valid_from, c.file,
            (SELECT count(*) FROM systems s WHERE s.contract = c.id AND s.state <> 'retired'),
            (SELECT count(*) FROM systems s
                WHERE s.contract = c.id AND s.state <> 'retired' AND s.contract_revision < c.revision)
        FROM contracts c JOIN customers k ON k.id = c.customer"
    };
}

/// What a contract did not promise any more when it was renewed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lapsed {
    /// It had not ended.
    No,
    /// System reports: it was in its grace days.
    InGrace,
    /// Anything.
    Over,
}

impl Lapsed {
    fn of(terms: &Terms, now: Timestamp) -> Self {
        match terms.valid_until {
            _ if terms.is_over(now) => Self::Over,
            Some(until) if until <= now => Self::InGrace,
            _ => Self::No,
        }
    }
}

/// Whether a file may be taken up, where this is held of its number and its customer has this row.
fn goes_on_from(
    held: Option<&ContractRow>,
    contract: &Contract,
    customer: i64,
) -> Result<(), ContractRefused> {
    let number = || contract.number.clone();
    match held {
        Some(held) if held.terms.customer != customer => Err(ContractRefused::OtherCustomer(number())),
        Some(held) if held.revision >= contract.revision => {
            let (held, offered) = (held.revision, contract.revision);
            Err(ContractRefused::NotNewer { number: number(), held, offered })
        }
        None if contract.enrollment_secret.is_none() => Err(ContractRefused::NoSecret(number())),
        _ => Ok(()),
    }
}

impl Tx<'_> {
    /// Takes up an issued contract or a renewal of one.
    ///
    /// # Errors
    /// [`ContractRefused`].
    pub fn put_contract(
        &self,
        sealed: &SealedContract,
        enrollment: EnrollmentMode,
        now: Timestamp,
    ) -> Result<i64, ContractRefused> {
        const INSERT: &str = "-- put_contract
            INSERT INTO contracts (number, customer, revision, file, secret, issued_at, valid_from, valid_until,
                grace_days, systems, heartbeat_default, heartbeat_min, heartbeat_max, system_default, system_min,
                system_max, maintenance_max_h, enrollment, holds_secret)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
            ON CONFLICT (number) DO UPDATE SET revision = ?3, file = ?4, issued_at = ?6, valid_from = ?7,
                secret = CASE ?5 WHEN '' THEN secret ELSE ?5 END,
                valid_until = ?8, grace_days = ?9, systems = ?10, heartbeat_default = ?11, heartbeat_min = ?12,
                heartbeat_max = ?13, system_default = ?14, system_min = ?15, system_max = ?16,
                maintenance_max_h = ?17, enrollment = ?18, holds_secret = ?19
            RETURNING id";
        let contract = &sealed.contract;
        let customer = self.put_customer(&contract.customer, now)?;
        let held = self.contract(&contract.number)?;
        goes_on_from(held.as_ref(), contract, customer)?;
        let lapsed = held.map_or(Lapsed::No, |held| Lapsed::of(&held.terms, now));
        let (heartbeat, system) = (contract.heartbeat_interval_s, contract.system_interval_s);
        let id = self.only(
            INSERT,
            params![
                contract.number.as_str(),
                customer,
                contract.revision,
                sealed.file,
                contract.enrollment_secret.as_ref().map_or_else(String::new, secret_text),
                us(contract.issued_at),
                us(contract.valid_from),
                contract.valid_until.map(us),
                contract.grace_days,
                contract.systems,
                heartbeat.default,
                heartbeat.min,
                heartbeat.max,
                system.default,
                system.min,
                system.max,
                contract.maintenance_max_h,
                enrollment.as_str(),
                contract.holds_secret(),
            ],
            |row| row.get(0),
        )?;
        self.put_revision(id, contract)?;
        self.look_at_systems(id, lapsed, now)?;
        Ok(id)
    }

    /// Writes down when this revision ends.
    fn put_revision(&self, id: i64, contract: &Contract) -> Result<(), StoreError> {
        const SQL: &str = "-- put_revision
            INSERT INTO contract_revisions (contract, revision, valid_until) VALUES (?1, ?2, ?3)";
        self.run(SQL, params![id, contract.revision, contract.valid_until.map(us)]).map(drop)
    }

    /// A contract by its number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contract(&self, number: &ContractNumber) -> Result<Option<ContractRow>, StoreError> {
        const SQL: &str = concat!("-- contract\n", select_contracts!(), " WHERE c.number = ?1");
        self.one(SQL, params![number.as_str()], contract_row)
    }

    /// All contracts by number.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contracts(&self) -> Result<Vec<ContractRow>, StoreError> {
        const SQL: &str = concat!("-- contracts\n", select_contracts!(), " ORDER BY c.number");
        self.all(SQL, [], contract_row)
    }

    /// The ends of contracts that nobody revoked, at which systems fall silent by then; the first first. What no system reports under is
    /// missed by nobody. A system goes by its own revision, and by the newest where that ends sooner; a revision whose file is not held is
    /// taken for the one before it.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contracts_ending_by(&self, horizon: Timestamp) -> Result<Vec<Ending>, StoreError> {
        const SQL: &str = "-- contracts_ending_by
            WITH ends AS (
                SELECT r.contract, r.revision,
                    (SELECT min(n.revision) FROM contract_revisions n WHERE n.contract = r.contract AND n.revision > r.revision) AS next,
                    min(coalesce(r.valid_until, c.valid_until), coalesce(c.valid_until, r.valid_until)) AS at
                FROM contract_revisions r JOIN contracts c ON c.id = r.contract AND c.revoked_at IS NULL
            ), told AS (
                SELECT e.contract, e.at, count(*) AS systems, group_concat(s.host, ', ' ORDER BY s.host) AS hosts
                FROM ends e JOIN systems s ON s.contract = e.contract AND s.contract_revision >= e.revision
                    AND s.contract_revision < coalesce(e.next, 1 << 32) AND s.state <> 'retired' AND s.deactivated_at IS NULL
                WHERE e.at <= ?1 GROUP BY e.contract, e.at
            )
            SELECT c.number, k.name, t.at, c.grace_days, t.systems, t.hosts,
                coalesce(c.valid_until > t.at, 1), c.revision, c.valid_until, c.holds_secret,
                (SELECT count(*) FROM contacts p WHERE p.customer = c.customer AND p.refused_at IS NULL)
            FROM told t JOIN contracts c ON c.id = t.contract JOIN customers k ON k.id = c.customer
            ORDER BY t.at, t.contract LIMIT 500";
        self.all(SQL, params![us(horizon)], |row| {
            let newest = Renewed {
                revision: row.get(7)?,
                valid_until: maybe_time(row, 8)?,
                holds_secret: row.get(9)?,
            };
            Ok(Ending {
                number: word(row, 0)?,
                customer: row.get(1)?,
                ends_at: time(row, 2)?,
                grace_days: row.get(3)?,
                systems: row.get(4)?,
                hosts: row.get(5)?,
                renewed: row.get::<_, bool>(6)?.then_some(newest),
                contacts: row.get(10)?,
            })
        })
    }

    /// The secret a proof is checked with.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn enrollment_secret(&self, contract: i64) -> Result<Option<EnrollmentSecret>, StoreError> {
        const SQL: &str = "-- enrollment_secret
            SELECT secret FROM contracts WHERE id = ?1";
        let text: Option<String> = self.one(SQL, params![contract], |row| row.get(0))?;
        Ok(text.and_then(|text| serde_json::from_value(serde_json::Value::String(text)).ok()))
    }

    /// The systems of a contract whose term changed are looked at next. What nobody promised meanwhile begins anew: each gets its
    /// full time for its next system report, and where the contract was over to show life, as after maintenance.
    fn look_at_systems(&self, contract: i64, lapsed: Lapsed, now: Timestamp) -> Result<(), StoreError> {
        const SQL: &str = "-- look_at_systems
            UPDATE systems SET due_at = ?2, version = version + 1,
                system_reports_from = CASE WHEN ?3 THEN ?2 ELSE system_reports_from END,
                maintenance_until = CASE WHEN ?4 THEN max(coalesce(maintenance_until, ?2), ?2) ELSE maintenance_until END
            WHERE contract = ?1";
        let (no_system_reports, nothing) = (lapsed != Lapsed::No, lapsed == Lapsed::Over);
        self.run(SQL, params![contract, us(now), no_system_reports, nothing]).map(drop)
    }

    /// Ends a contract from `at` on, whatever its term. `false`: it is ended already, and not later than that.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn revoke_contract(&self, number: &ContractNumber, at: Timestamp) -> Result<bool, StoreError> {
        const SQL: &str = "-- revoke_contract
            UPDATE contracts SET revoked_at = ?2 WHERE number = ?1 AND (revoked_at IS NULL OR revoked_at > ?2) RETURNING id";
        let Some(id) = self.one(SQL, params![number.as_str(), us(at)], |row| row.get(0))? else {
            return Ok(false);
        };
        self.look_at_systems(id, Lapsed::No, at)?;
        Ok(true)
    }
}

fn contract_row(row: &Row<'_>) -> rusqlite::Result<ContractRow> {
    Ok(ContractRow {
        terms: terms(row, 0)?,
        customer_name: row.get(15)?,
        revision: row.get(16)?,
        valid_from: time(row, 17)?,
        file: row.get(18)?,
        enrolled: row.get(19)?,
        behind: row.get(20)?,
    })
}

/// The secret in the form contracts write it.
fn secret_text(secret: &EnrollmentSecret) -> String {
    match serde_json::to_value(secret) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
