//! The world: hosts of two customers, the mail between, one receiver, and true time. Everything runs in this thread, minute by
//! minute; the same ops on the same seed make the same world. What people at the vendor do is in `operator`.

use std::cell::RefCell;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};
use mailbeat_receiver::store::StoreError;
use mailbeat_shared::wire::contract::{Contract, EnrollmentSecret, Interval, SealedContract};
use mailbeat_shared::wire::signature::SigningKey;

use crate::forger::forge;
use crate::host::Host;
use crate::invariants::{self, Memory};
use crate::mail::{MailSystem, Mailbox};
use crate::model::Op;
use crate::vendor::Vendor;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
/// How long the receiver's clock may be wrong before somebody corrects it.
const CORRECTED_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// Longer than the daily report's interval and its grace, than a stale subject stays, and than a restored state is shown.
pub(crate) const CALM: SignedDuration = SignedDuration::from_hours(36);
/// Most hosts, copies included.
const HOSTS: usize = 6;

/// Everything there is.
pub(crate) struct World {
    pub(crate) now: Timestamp,
    pub(crate) hosts: Vec<Host>,
    pub(crate) mail: Rc<RefCell<MailSystem>>,
    pub(crate) vendor: Vendor,
    pub(crate) memory: Memory,
    /// Every revision of each customer's contract: the vendor keeps them, and the customer gets them.
    pub(crate) files: [Vec<SealedContract>; 2],
    clock_corrected_at: Option<Timestamp>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let now: Timestamp = "2026-06-01T06:00:00Z".parse().expect("a time");
        let contracts = [contract("ACME", 1, now), contract("BETA", 2, now)];
        let mail = Rc::new(RefCell::new(MailSystem::new(now)));
        let host = |n: usize| Host::new(n, n / 2, seed, &contracts[n / 2], &mail, now);
        let hosts = (0..3).map(host).collect();
        let vendor = Vendor::new(&contracts, now);
        let files = contracts.map(|contract| vec![contract]);
        Self { now, hosts, mail, vendor, memory: Memory::new(), files, clock_corrected_at: None }
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
            Op::ChangeFile { host, file, content } => {
                self.host(host).body.borrow_mut().change_file(file, content)
            }
            Op::Disk { host, percent } => self.host(host).body.borrow_mut().disk = percent,
            Op::Check { host, says } => self.host(host).check(says, now),
            Op::Blip { host, says } => self.host(host).body.borrow_mut().blip = Some(says),
            Op::Mails { host, fate, count } => {
                let number = self.host(host).number;
                self.mail.borrow_mut().line(number, Some(fate), None, count);
            }
            Op::Smtp { host, answer, count } => {
                let number = self.host(host).number;
                self.mail.borrow_mut().line(number, None, Some(answer), count);
            }
            Op::Forge { host, how } => forge(self, usize::from(host), how),
            Op::Mailbox { up } => self.mail.borrow_mut().mailboxes[0].reachable = up,
            Op::SecondMailbox { up } => self.mail.borrow_mut().mailboxes[1].reachable = up,
            Op::Redirect { host, second } => {
                let number = self.host(host).number;
                self.mail.borrow_mut().redirect(number, second);
            }
            Op::Uidvalidity => self.mail.borrow_mut().mailboxes.iter_mut().for_each(Mailbox::renumber),
            Op::ReceiverCrash { at } => self.vendor.crash_at = Some(at),
            Op::Receiver { on } => {
                self.vendor.on = on;
                self.vendor.restart();
            }
            Op::ReceiverBackup => self.vendor.back_up(),
            Op::ReceiverRestore => {
                if self.vendor.restore(&self.mail.borrow())? {
                    let open = self.vendor.store.read(|tx| tx.tickets(true, i64::MAX, 100_000))?;
                    self.memory.forget_the_receiver(&open);
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
            Op::Activate { host } => self.with_newest_file(host, |host, file| host.activate(file, now)),
            Op::TakeUp { host } => self.with_newest_file(host, |host, file| host.take_up(file, now)),
            Op::NewKey { host, vouched } => self.host(host).new_key(vouched, now),
            Op::SetUpAnew { host, same_system } => {
                self.with_newest_file(host, |host, file| host.set_up_anew(same_system, file, now));
            }
            Op::Pause { host, on } => self.pause(host, on)?,
            Op::Operator { act, ticket } => self.operate(act, ticket)?,
            Op::Renew { customer, days, grace, approve } => self.renew(customer, days, grace, approve)?,
            Op::RevokeContract { customer } => self.revoke_contract(customer)?,
            Op::RevokeKey { host } => self.revoke_key(host)?,
            Op::Approve { host } => self.approve(host)?,
            Op::Notifications { answer, count } => {
                self.vendor.answers.extend(std::iter::repeat_n(answer, usize::from(count)));
            }
            Op::Bounce { told, how } => self.bounce(told, how),
            Op::Contact { customer, change } => self.change_contacts(customer, change)?,
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

    fn with_newest_file(&mut self, host: u8, act: impl FnOnce(&mut Host, &SealedContract)) {
        let count = self.hosts.len();
        let host = &mut self.hosts[usize::from(host) % count];
        act(host, self.files[host.customer].last().expect("there is a first"));
    }

    pub(crate) fn host(&mut self, host: u8) -> &mut Host {
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
        self.vendor.answers.clear();
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
        encryption_key: None,
        enrollment_secret: Some(EnrollmentSecret::from_random([secret; 32])),
        relay: None,
    };
    SealedContract::open(contract.seal(&vendor_key()).as_bytes()).expect("sealed just now")
}
