//! End-to-end tests of the specification, through the binary.
//!
//! One test binary with a module per area. [`support`] runs the program in a sealed environment.
//! [`naive`] is a second implementation of detection, written from the specification alone, that
//! shares no code with the program; the program is compared with it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, unreachable_pub)]

mod acknowledging;
mod adoption;
mod attributes;
mod backtest;
mod browser;
mod config;
mod counts;
mod crowds;
mod demo;
mod detection;
mod documentation;
mod expressions;
mod failing_calls;
mod faults;
mod fuzzed;
mod ground;
mod health;
mod holds;
mod imports;
mod kinds;
mod late;
mod layers;
mod licences;
mod lookback;
mod model;
mod naive;
mod notify;
mod openstack;
mod parquet;
mod power_cuts;
mod presets;
mod previews;
mod property;
mod pull;
mod pulse;
mod reasons;
mod reports;
mod runs;
mod schema;
mod screens;
mod servers;
mod support;
mod trends;
mod triage;
mod undo;
mod work;
mod working_day;
