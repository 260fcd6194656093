//! Reports: a head and sections of tables, worked out once and written in every format.
//!
//! A view makes a [`Report`] of typed cells; [`screen()`], [`figures()`], [`xlsx()`] and [`page()`]
//! write it. How a number is rounded and written is decided by [`Cell`] alone, so that the formats
//! cannot disagree.

mod cell;
mod chart;
mod figures;
mod page;
mod points;
mod screen;
mod table;
mod xlsx;

pub use cell::Cell;
pub use chart::{Bars, Chart, ChartKind, Interval, Tint};
pub use figures::figures;
pub use page::page;
pub use screen::screen;
pub use table::{Column, Item, Row, Table, TableOf};
pub use xlsx::xlsx;

use crate::domain::day::Day;

/// A report on one day.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What it is called.
    pub title: &'static str,
    /// Which day, and which customers.
    pub head: Head,
    /// The few numbers that come before everything else: one row each, the number in the first
    /// column.
    pub summary: Option<Table>,
    /// What it says.
    pub sections: Vec<Section>,
}

impl Report {
    /// All tables, in order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.summary.iter().chain(self.sections.iter().flat_map(|section| &section.tables))
    }
}

/// What every report says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The as-of date.
    pub as_of: Day,
    /// Which customers are meant, in words.
    pub filter: String,
}

/// A question, its answer in a sentence, and the tables behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// What is asked, or what it is about.
    pub title: &'static str,
    /// The answer, in plain words.
    pub answer: String,
    /// The numbers.
    pub tables: Vec<Table>,
}
