//! Stories over real mail servers: a private Dovecot and Postfix each.

mod lab_itself;
mod smtp;
