//! Reports: a head and sections of tables, worked out once and written in every format.
//!
//! A view makes a [`Report`] of typed cells; [`screen()`], [`figures()`], [`xlsx()`] and [`page()`]
//! write it. How a number is rounded and written is decided by [`Cell`] alone, so that the formats
//! cannot disagree.

mod cell;
mod chart;
mod figures;
mod letterhead;
mod page;
mod points;
mod screen;
mod table;
mod xlsx;

pub(crate) use cell::Cell;
pub(crate) use chart::{Bars, Chart, ChartKind, Interval, Tint};
pub(crate) use figures::figures;
pub(crate) use letterhead::{Letterhead, Logo};
pub(crate) use page::page;
pub(crate) use screen::screen;
pub(crate) use table::{Column, Item, Row, Table};
pub(crate) use xlsx::xlsx;

use crate::domain::company_link::CompanyLink;
use crate::domain::day::Day;

/// A report on one day.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    /// What it is called.
    pub title: String,
    /// Which day, and which customers.
    pub head: Head,
    /// The few numbers that come before everything else: one row each, the number in the first
    /// column.
    pub summary: Option<Table>,
    /// What it says.
    pub sections: Vec<Section>,
}

impl Report {
    /// What it is called, after whose it is.
    fn heading(&self) -> String {
        let owner = self.head.letter.title.as_ref();
        owner.map_or_else(|| self.title.clone(), |owner| format!("{owner}: {}", self.title))
    }

    /// All tables, in order.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.summary.iter().chain(self.sections.iter().flat_map(|section| &section.tables))
    }
}

/// What every report says first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The as-of date, to which usage and other imported facts reach.
    pub as_of: Day,
    /// The day to which signals, tasks and the pulse reach.
    pub entries: Day,
    /// Which customers are meant, in words.
    pub filter: String,
    /// Whose report it is.
    pub letter: Letterhead,
    /// Where companies are found in another product.
    pub link: Option<CompanyLink>,
}

impl Head {
    /// The day, or both where they differ.
    pub(crate) fn days(&self) -> String {
        if self.as_of == self.entries {
            return format!("as of {}", self.as_of);
        }
        format!("usage to {}; signals, tasks and pulse to {}", self.as_of, self.entries)
    }

    /// The address of what a row is about, if it has one.
    fn link_of(&self, item: &Item) -> Option<String> {
        Some(self.link.as_ref()?.of(item.company.as_deref()?))
    }

    /// The last day of which anything counts.
    pub(crate) fn last_day(&self) -> Day {
        self.as_of.max(self.entries)
    }
}

/// A question, its answer in a sentence, and the tables behind it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    /// What is asked, or what it is about.
    pub title: &'static str,
    /// The answer, in plain words.
    pub answer: String,
    /// The numbers.
    pub tables: Vec<Table>,
}

impl Section {
    /// A section about which nothing is known: one line says why, and what to do.
    pub(crate) fn without_data(title: &'static str, line: &str) -> Self {
        Section { title, answer: line.to_owned(), tables: Vec::new() }
    }
}
