//! Reports: a head and sections of tables, worked out once and written in every format.
//!
//! A view makes a [`Report`] of typed cells; [`screen()`], [`figures()`], [`xlsx()`] and [`page()`]
//! write it. How a number is rounded and written is decided by [`Cell`] alone, so that the formats
//! cannot disagree.

mod cell;
mod chart;
mod figures;
mod page;
mod screen;
mod xlsx;

pub use cell::Cell;
pub use chart::{Across, Chart, ChartKind, Tint};
pub use figures::figures;
pub use page::page;
pub use screen::screen;
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

/// Rows of cells under headings, perhaps with a picture of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its name for other programs: stable, and unique within a report.
    pub name: &'static str,
    /// Its name for people: unique within a report, and short enough for a sheet.
    pub title: &'static str,
    /// What the rows are: the first column.
    pub label: Column,
    /// The other columns.
    pub columns: Vec<Column>,
    /// The rows.
    pub rows: Vec<Row>,
    /// How it is drawn.
    pub chart: Option<Chart>,
    /// Whether a page shows it only when asked, because its picture says the same at a glance.
    pub is_folded: bool,
    /// What has to be known to read it right.
    pub note: Option<&'static str>,
    /// What to say when there are no rows.
    pub when_empty: &'static str,
}

impl Table {
    /// A table without rows yet.
    pub fn new(
        name: &'static str,
        title: &'static str,
        label: Column,
        columns: Vec<Column>,
    ) -> Self {
        Table {
            name,
            title,
            label,
            columns,
            rows: Vec::new(),
            chart: None,
            is_folded: false,
            note: None,
            when_empty: "none",
        }
    }

    /// Draws it so.
    pub fn drawn(mut self, chart: Chart) -> Self {
        self.chart = Some(chart);
        self
    }

    /// Leaves it to its picture until somebody asks.
    pub fn folded(mut self) -> Self {
        self.is_folded = true;
        self
    }

    /// Says how to read it.
    pub fn noted(mut self, note: &'static str) -> Self {
        self.note = Some(note);
        self
    }

    /// Says this when there are no rows.
    pub fn or_say(mut self, when_empty: &'static str) -> Self {
        self.when_empty = when_empty;
        self
    }

    /// Adds a row, of as many cells as there are columns besides the first.
    pub fn row(&mut self, item: impl ToString, cells: Vec<Cell>) {
        let item = item.to_string();
        self.add(Row { label: Cell::Text(item.clone()), item, cells });
    }

    /// Adds a row about a day.
    pub fn day_row(&mut self, day: Day, cells: Vec<Cell>) {
        self.add(Row { item: day.to_string(), label: Cell::Day(day), cells });
    }

    /// Adds a row that people call otherwise than other programs do.
    pub fn named_row(&mut self, item: impl ToString, label: impl ToString, cells: Vec<Cell>) {
        self.add(Row { item: item.to_string(), label: Cell::Text(label.to_string()), cells });
    }

    fn add(&mut self, row: Row) {
        debug_assert_eq!(row.cells.len(), self.columns.len(), "{}", self.name);
        self.rows.push(row);
    }
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name for other programs, stable; empty where they have the same elsewhere.
    pub name: &'static str,
    /// Its heading.
    pub title: &'static str,
}

impl Column {
    /// A column with this name and heading.
    pub const fn new(name: &'static str, title: &'static str) -> Self {
        Column { name, title }
    }

    /// A column that is no figure of its own.
    pub const fn for_people(title: &'static str) -> Self {
        Column { name: "", title }
    }
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What it is about, for other programs.
    pub item: String,
    /// What it is about, for people.
    pub label: Cell,
    /// The cells of the other columns.
    pub cells: Vec<Cell>,
}
