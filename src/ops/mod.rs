//! What commands do to the database, apart from how they are asked and what they print: used by
//! commands, files and the configuration alike.

pub mod acknowledge;
pub mod agenda;
pub mod explain;
pub mod undo;
pub mod work;
