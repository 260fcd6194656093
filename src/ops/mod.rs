//! What commands do to the database, apart from how they are asked and what they print: used by
//! commands, files and the configuration alike.

pub(crate) mod acknowledge;
pub(crate) mod agenda;
pub(crate) mod explain;
pub(crate) mod undo;
pub(crate) mod work;
