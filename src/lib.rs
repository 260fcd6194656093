//! `signals`: an early-warning system for customer success teams, in one binary over one SQLite file.
//!
//! Read it in this order: [`domain`] decides, [`import`] turns files into facts, [`store`] keeps them, [`run`] applies the
//! rules to one day, [`views`] gather the rows of a screen, [`render`] turns them into bytes, [`commands`] connect these,
//! [`cli`] names the commands, and [`context`], [`ui`] and [`error`] hold what every command needs.
//! `docs/architecture.md` is the map.

pub mod domain;
pub mod error;
pub mod import;
