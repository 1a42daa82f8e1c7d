//! What people at the vendor do: by the same transactions as the receiver's commands.

use jiff::SignedDuration;
use mailbeat_receiver::intake::{ApproveError, Source, approve, reprocess};
use mailbeat_receiver::store::{ContractRefused, EnrollmentMode, StoreError, SystemState};
use mailbeat_receiver::ticket::{TicketEvent, What};
use mailbeat_shared::wire::contract::SealedContract;

use crate::model::{Act, Change, Return};
use crate::papers::Term;
use crate::vendor::context;
use crate::world::{World, vendor_key};

/// Addresses of people: few, so that somebody is responsible for several customers, or twice for one.
const PEOPLE: [&str; 3] = ["anna@vendor.example", "bert@vendor.example", "carla@vendor.example"];

impl World {
    pub(crate) fn pause(&mut self, host: u8, on: bool) -> Result<(), StoreError> {
        let key = self.host(host).identity().key.public().bytes();
        let (now, state) =
            (self.vendor.clock.now(), if on { SystemState::Paused } else { SystemState::Active });
        self.vendor.store.write(|tx| match tx.registered(&key)? {
            Some(registered) => tx.set_system_state(&registered.system, state, now),
            None => Ok(()),
        })
    }

    pub(crate) fn operate(&mut self, act: Act, ticket: u8) -> Result<(), StoreError> {
        let now = self.vendor.clock.now();
        let what = match act {
            Act::Acknowledge => What::Acknowledged,
            Act::Resolve => What::Resolved,
            Act::Comment => What::Commented,
        };
        let settled = self.vendor.store.write(|tx| {
            let unresolved = tx.tickets(true, i64::MAX, 100)?;
            if unresolved.is_empty() {
                return Ok(None);
            }
            let row = &unresolved[usize::from(ticket) % unresolved.len()];
            let event = TicketEvent { at: now, what, reason: "a person said so".into(), by: "olivia".into() };
            tx.add_ticket_event(row.ticket.number, &event, now)?;
            let lost = act == Act::Resolve && row.ticket.rule.as_str() == "reports-lost";
            Ok::<_, StoreError>(row.system.filter(|_| lost))
        })?;
        self.memory.settled.extend(settled);
        Ok(())
    }

    /// The next revision, without the secret; it is in force at the vendor at once.
    pub(crate) fn renew(
        &mut self,
        customer: u8,
        days: u8,
        grace: u8,
        by_hand: bool,
    ) -> Result<(), StoreError> {
        let (customer, now) = (usize::from(customer) % 2, self.vendor.clock.now());
        let mut contract = self.files[customer].last().expect("there is a first").contract.clone();
        contract.revision += 1;
        contract.issued_at = now;
        contract.valid_until = (days > 0).then(|| now + SignedDuration::from_hours(24 * i64::from(days)));
        contract.grace_days = u32::from(grace);
        contract.enrollment_secret = None;
        let sealed = SealedContract::open(contract.seal(&vendor_key()).as_bytes()).expect("sealed just now");
        let mode = if by_hand { EnrollmentMode::Approve } else { EnrollmentMode::Auto };
        match self.vendor.store.write(|tx| tx.put_contract(&sealed, mode, now)) {
            Ok(_) => {}
            Err(ContractRefused::Store(error)) => return Err(error),
            Err(refused) => panic!("a renewal is refused: {refused}"),
        }
        self.vendor.decisions.terms[customer] = Term::of(&sealed.contract);
        self.vendor.decisions.approve[customer] = by_hand;
        self.files[customer].push(sealed);
        Ok(())
    }

    pub(crate) fn revoke_contract(&mut self, customer: u8) -> Result<(), StoreError> {
        let (customer, now) = (usize::from(customer) % 2, self.vendor.clock.now());
        let number = self.files[customer][0].contract.number.clone();
        if self.vendor.store.write(|tx| tx.revoke_contract(&number, now))? {
            self.vendor.decisions.revoked[customer] = Some(now);
        }
        Ok(())
    }

    pub(crate) fn revoke_key(&mut self, host: u8) -> Result<(), StoreError> {
        let (now, key) = (self.vendor.clock.now(), self.host(host).identity().key.public().bytes());
        if self.vendor.store.write(|tx| tx.revoke_key(&key, now))? {
            let at = self.vendor.decisions.revoked_keys.entry(key).or_insert(now);
            *at = now.min(*at);
        }
        Ok(())
    }

    /// Admits the host's key, if reports of it wait.
    pub(crate) fn approve(&mut self, host: u8) -> Result<(), StoreError> {
        let (now, identity) = (self.vendor.clock.now(), self.host(host).identity());
        let (key, rules) = (identity.key.public().bytes(), self.vendor.rules.clone());
        self.vendor.store.write(|tx| {
            // Somebody may have used the key to speak for another's system.
            for row in tx.waiting_of_signer(&key, 10_000)? {
                if row.claimed.system != Some(identity.system) {
                    tx.discard_quarantined(row.id, "the customer did not mean that")?;
                }
            }
            match approve(tx, context(&rules), &key, false, now) {
                Ok(_) => {}
                Err(ApproveError::NothingWaits) => return Ok(()),
                Err(ApproveError::Store(error)) => return Err(error),
                Err(refused) => panic!("a key is not admitted: {refused}"),
            }
            // Of very many the rest is released by hand.
            for row in tx.waiting_of_signer(&key, 10_000)? {
                reprocess(tx, context(&rules), Source::Quarantine(row.id), now)?;
            }
            Ok(())
        })
    }

    pub(crate) fn bounce(&mut self, told: u8, how: Return) {
        if let Some(mail) = self.vendor.returned(told, how) {
            self.mail.borrow_mut().slip_in(&mail, None, how == Return::Failed);
        }
    }

    pub(crate) fn change_contacts(&mut self, customer: u8, change: Change) -> Result<(), StoreError> {
        let whose = usize::from(customer) % 3;
        let name = self.files.get(whose).map(|files| files[0].contract.customer.clone());
        let now = self.vendor.clock.now();
        self.vendor.store.write(|tx| {
            let customer = name.map(|name| tx.put_customer(&name, now)).transpose()?;
            let contacts = tx.contacts(customer)?;
            match change {
                Change::Added => {
                    let email = PEOPLE[(contacts.len() + whose) % PEOPLE.len()];
                    tx.add_contact(customer, "Somebody", email)?;
                }
                Change::Removed => {
                    contacts.first().map(|contact| tx.remove_contact(contact.id, now)).transpose()?;
                }
                Change::Mended => {
                    for is in contacts.iter().filter(|contact| contact.refused_at.is_some()) {
                        tx.change_contact(is.id, &is.name, &is.email)?;
                    }
                }
            }
            Ok(())
        })
    }
}
