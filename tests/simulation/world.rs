//! The world: hosts of two customers, the mail between, one receiver, and true time. Everything runs in this thread, minute by
//! minute; the same ops on the same seed make the same world.

use std::cell::RefCell;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use mailbeat_receiver::store::{StoreError, SystemState};
use mailbeat_receiver::ticket::{TicketEvent, What};
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret, Interval, SealedContract};
use mailbeat_shared::wire::signature::SigningKey;

use crate::forger::forge;
use crate::host::Host;
use crate::invariants::{self, Memory};
use crate::mail::MailSystem;
use crate::model::{Act, Op};
use crate::vendor::Vendor;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// How long the receiver's clock may be wrong before somebody corrects it.
const CORRECTED_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// Longer than the daily report's interval and its grace, than a stale subject stays, and than a restored state is shown.
const CALM: SignedDuration = SignedDuration::from_hours(36);
/// Most hosts, copies included.
const HOSTS: usize = 6;

/// Everything there is.
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) hosts: Vec<Host>,
    pub(crate) mail: Rc<RefCell<MailSystem>>,
    pub(crate) vendor: Vendor,
    pub(crate) memory: Memory,
    clock_corrected_at: Option<Timestamp>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let now: Timestamp = "2026-06-01T06:00:00Z".parse().expect("a time");
        let contracts = [contract("ACME", 1, now), contract("BETA", 2, now)];
        let mail = Rc::new(RefCell::new(MailSystem::new(now)));
        let host = |n: usize| Host::new(n, seed, &contracts[n / 2], &mail, now);
        let hosts = (0..3).map(host).collect();
        let vendor = Vendor::new(&contracts, now);
        Self { now, hosts, mail, vendor, memory: Memory::new(), clock_corrected_at: None }
    }

    /// Lets one thing happen, and looks whether everything that always holds still does.
    pub(crate) fn apply(&mut self, op: Op) -> Result<(), String> {
        match op {
            Op::Advance { minutes } => self.advance(MINUTE * i32::try_from(minutes).unwrap_or(i32::MAX))?,
            Op::Settle => self.settle()?,
            _ => self.happen(op).map_err(|error| format!("the database refuses: {error}"))?,
        }
        invariants::always(self)
    }

    fn happen(&mut self, op: Op) -> Result<(), StoreError> {
        let now = self.now;
        match op {
            Op::Advance { .. } | Op::Settle => {}
            Op::ChangeFile { host, file, content } => self.host(host).change_file(file, content),
            Op::Disk { host, percent } => self.host(host).body.borrow_mut().disk = percent,
            Op::Mails { host, fate, count } => {
                let number = self.host(host).number;
                self.mail.borrow_mut().line(number, Some(fate), None, count);
            }
            Op::Smtp { host, answer, count } => {
                let number = self.host(host).number;
                self.mail.borrow_mut().line(number, None, Some(answer), count);
            }
            Op::Forge { host, how } => forge(self, usize::from(host), how),
            Op::Mailbox { up } => self.mail.borrow_mut().reachable = up,
            Op::Uidvalidity => self.mail.borrow_mut().renumber(),
            Op::ReceiverCrash { at } => self.vendor.crash_at = Some(at),
            Op::Receiver { on } => {
                self.vendor.on = on;
                self.vendor.restart();
            }
            Op::ReceiverBackup => self.vendor.back_up(),
            Op::ReceiverRestore => {
                if self.vendor.restore(&self.mail.borrow())? {
                    self.memory.forget_the_receiver();
                }
            }
            Op::ReceiverClock { minutes } => {
                self.vendor.clock.set(now + MINUTE * minutes);
                self.clock_corrected_at = Some(now + CORRECTED_AFTER);
                self.vendor.clock_is_wrong = true;
            }
            Op::AgentCrash { host, after_sending: false } => self.host(host).crash(now),
            Op::AgentCrash { host, after_sending: true } => {
                let number = self.host(host).number;
                self.mail.borrow_mut().crash_after_sending(number);
            }
            Op::AgentBackup { host } => self.host(host).back_up(),
            Op::AgentRestore { host } => self.host(host).restore(now),
            Op::AgentClone { host } => {
                let number = self.hosts.len();
                if number < HOSTS {
                    let copy = self.host(host).cloned(number, now);
                    self.hosts.push(copy);
                }
            }
            Op::HostClock { host, minutes } => self.host(host).set_clock(MINUTE * minutes, now),
            Op::Suspend { host, minutes } => {
                let until = now + MINUTE * i32::try_from(minutes).unwrap_or(i32::MAX);
                self.host(host).suspend(until);
            }
            Op::Power { host, on } => self.host(host).power(on, now),
            Op::Deactivate { host } => self.host(host).deactivate(now),
            Op::Activate { host } => self.host(host).activate(now),
            Op::Pause { host, on } => self.pause(usize::from(host), on)?,
            Op::Operator { act, ticket } => self.operate(act, ticket)?,
        }
        Ok(())
    }

    /// What became of this world, in one paragraph: tickets by rule, mails by verdict.
    pub(crate) fn chronicle(&mut self) -> String {
        let mut counts = std::collections::BTreeMap::<String, usize>::new();
        for row in self
            .vendor
            .store
            .read(|tx| tx.tickets(false, i64::MAX, 100_000))
            .unwrap_or_else(|_: StoreError| vec![])
        {
            *counts.entry(format!("ticket {}", row.ticket.rule)).or_default() += 1;
        }
        for look in &self.vendor.judged {
            *counts.entry(format!("mail {}", look.verdict.as_str())).or_default() += 1;
        }
        *counts.entry("told".into()).or_default() += self.vendor.told.len();
        format!("{} hosts until {}: {counts:?}", self.hosts.len(), self.now)
    }

    fn host(&mut self, host: u8) -> &mut Host {
        let count = self.hosts.len();
        &mut self.hosts[usize::from(host) % count]
    }

    /// True time goes on, a minute at a time.
    fn advance(&mut self, by: SignedDuration) -> Result<(), String> {
        let until = self.now + by;
        while self.now < until {
            self.now += MINUTE;
            let now = self.now;
            self.vendor.clock.advance(MINUTE);
            if self.clock_corrected_at.is_some_and(|at| at <= now) {
                self.correct_the_clock();
            }
            self.mail.borrow_mut().now = now;
            for host in &mut self.hosts {
                host.pass(MINUTE);
                host.step(now);
            }
            let mut mail = self.mail.borrow_mut();
            mail.deliver();
            let looked =
                self.vendor.step(&mut mail).map_err(|error| format!("the database refuses: {error}"))?;
            drop(mail);
            if looked {
                invariants::after_each_look(self)?;
            }
        }
        Ok(())
    }

    fn correct_the_clock(&mut self) {
        self.vendor.clock.set(self.now);
        (self.clock_corrected_at, self.vendor.clock_is_wrong) = (None, false);
    }

    /// The disturbances end, and enough time passes for everything to be said, heard and judged. What is switched off stays
    /// off, and clocks of hosts stay wrong.
    fn settle(&mut self) -> Result<(), String> {
        self.mail.borrow_mut().mend();
        self.vendor.crash_at = None;
        if !self.vendor.on {
            self.vendor.on = true;
            self.vendor.restart();
        }
        self.correct_the_clock();
        self.hosts.iter_mut().for_each(Host::wake);
        while !self.mail.borrow().is_quiet() {
            self.advance(MINUTE * 10)?;
        }
        self.advance(CALM)?;
        invariants::at_rest(self)
    }

    fn pause(&mut self, host: usize, on: bool) -> Result<(), StoreError> {
        let key = self.hosts[host % self.hosts.len()].identity().key.public().bytes();
        let (now, state) =
            (self.vendor.clock.now(), if on { SystemState::Paused } else { SystemState::Active });
        self.vendor.store.write(|tx| match tx.registered(&key)? {
            Some(registered) => tx.set_system_state(&registered.system, state, now),
            None => Ok(()),
        })
    }

    fn operate(&mut self, act: Act, ticket: u8) -> Result<(), StoreError> {
        let now = self.vendor.clock.now();
        let what = match act {
            Act::Acknowledge => What::Acknowledged,
            Act::Resolve => What::Resolved,
            Act::Comment => What::Commented,
        };
        self.vendor.store.write(|tx| {
            let unresolved = tx.tickets(true, i64::MAX, 100)?;
            if unresolved.is_empty() {
                return Ok(());
            }
            let row = &unresolved[usize::from(ticket) % unresolved.len()];
            let event = TicketEvent { at: now, what, reason: "a person said so".into(), by: "olivia".into() };
            tx.add_ticket_event(row.ticket.number, &event, now).map(drop)
        })
    }
}

/// The vendor's key.
pub(crate) fn vendor_key() -> SigningKey {
    SigningKey::from_seed(&[7; 32], "vendor")
}

fn contract(customer: &str, secret: u8, now: Timestamp) -> SealedContract {
    let contract = Contract {
        number: format!("{customer}-2026-001").parse().expect("a contract number"),
        revision: 1,
        customer: customer.into(),
        vendor: "Example GmbH".into(),
        vendor_key: vendor_key().public(),
        vendor_succession: vec![],
        issued_at: now,
        valid_from: now,
        valid_until: None,
        grace_days: 14,
        report_addresses: vec!["reports@vendor.example".into()],
        systems: 5,
        maintenance_max_h: 72,
        heartbeat_interval_s: Interval { default: 3600, min: 60, max: 86_400 },
        system_interval_s: Interval { default: 86_400, min: 60, max: 604_800 },
        locale: None,
        enrollment_secret: Some(EnrollmentSecret::from_random([secret; 32])),
        relay: None,
    };
    SealedContract::open(contract.seal(&vendor_key()).as_bytes()).expect("sealed just now")
}
