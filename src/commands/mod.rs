//! The commands, one file each: arguments on top, one thin function below that connects the store, the views and the screen.

pub mod ack;
pub mod backup;
pub mod check;
pub mod company;
pub mod completions;
pub mod daily;
pub mod demo;
pub mod event;
pub mod export;
pub mod home;
pub mod import;
pub mod inbox;
pub mod init;
pub mod list;
pub mod man;
pub mod notify;
mod options;
mod output;
pub mod reopen;
pub mod rule;
pub mod run;
pub mod show;
pub mod status;
mod triage;
