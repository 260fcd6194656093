//! The commands, one file each: arguments on top, one thin function below that connects the store,
//! the views and the screen.

pub mod ack;
pub mod agenda;
pub mod attribute;
pub mod backup;
pub mod check;
pub mod company;
pub mod completions;
pub mod config;
pub mod daily;
pub mod demo;
pub mod event;
pub mod export;
pub mod health;
pub mod home;
pub mod import;
pub mod inbox;
pub mod init;
pub mod list;
pub mod man;
pub mod metric;
pub mod notify;
mod options;
mod output;
pub mod playbook;
pub mod pulse;
pub mod reason;
mod reason_options;
pub mod reopen;
pub mod report;
pub mod rule;
pub mod run;
pub mod segment;
pub mod show;
pub mod status;
pub mod task;
