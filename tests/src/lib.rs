//! What the stories need: private mail servers, the shipped programs, a vendor and its customers.

pub mod accounts;
pub mod bare_host;
pub mod books;
pub mod disk;
pub mod lab;
pub mod maildirs;
pub mod office;
pub mod programs;
pub mod screen;
pub mod site;
pub mod stage;
pub mod world;
