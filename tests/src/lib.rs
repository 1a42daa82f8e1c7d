//! What the stories need: private mail servers, the shipped programs, a clock to move.

pub mod lab;
