//! Changes to the database, independent of options and output: shared by commands, imported files
//! and configuration.

pub(crate) mod acknowledge;
pub(crate) mod agenda;
pub(crate) mod explain;
pub(crate) mod undo;
pub(crate) mod work;
