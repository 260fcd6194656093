//! Reports: a head and sections of tables, computed once and written in every format.
//!
//! A view creates a [`Report`] of typed cells; [`screen()`], [`figures()`], [`xlsx()`] and
//! [`page()`] write it. Only [`Cell`] decides how a number is rounded and written, so the formats
//! cannot disagree.

mod bubbles;
mod cell;
mod chart;
mod draw;
mod drawing;
mod figures;
mod letterhead;
mod page;
mod points;
mod screen;
mod table;
mod xlsx;

pub(crate) use cell::Cell;
pub(crate) use chart::{BarLayout, Chart, ChartKind, Tint};
pub(crate) use figures::figures;
pub(crate) use letterhead::{Letterhead, Logo};
pub(crate) use page::page;
pub(crate) use screen::screen;
pub(crate) use table::{RowLabel, Table, TableColumn, TableRow};
pub(crate) use xlsx::xlsx;

use crate::domain::company_link::CompanyLink;
use crate::domain::day::Day;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    pub title: String,
    /// The day, and which customers are included.
    pub head: ReportHead,
    /// The key numbers before everything else: one row each, with the number in the first column.
    pub summary: Option<Table>,
    pub sections: Vec<ReportSection>,
}

impl Report {
    /// The title, preceded by that of the letterhead.
    fn heading(&self) -> String {
        let owner = self.head.letter.title.as_ref();
        owner.map_or_else(|| self.title.clone(), |owner| format!("{owner}: {}", self.title))
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.summary.iter().chain(self.sections.iter().flat_map(|section| &section.tables))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReportHead {
    /// The as-of date, the last day of usage and other imported facts.
    pub as_of: Day,
    /// The last day of signals, tasks and pulses.
    pub entries: Day,
    /// Which customers are included, in words.
    pub filter: String,
    pub letter: Letterhead,
    /// The template of links to companies in another product.
    pub link: Option<CompanyLink>,
}

impl ReportHead {
    /// The day, or both days if they differ.
    pub(crate) fn days(&self) -> String {
        if self.as_of == self.entries {
            return format!("as of {}", self.as_of);
        }
        format!("usage to {}; signals, tasks and pulse to {}", self.as_of, self.entries)
    }

    fn link_of(&self, item: &RowLabel) -> Option<String> {
        Some(self.link.as_ref()?.of(item.company.as_deref()?))
    }

    /// The last day of any fact.
    pub(crate) fn last_day(&self) -> Day {
        self.as_of.max(self.entries)
    }
}

/// A question, its answer in a sentence, and tables.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ReportSection {
    /// The question or the subject.
    pub title: &'static str,
    /// The answer, in plain words.
    pub answer: String,
    pub tables: Vec<Table>,
}

impl ReportSection {
    /// A section without data: one line says why, and what to do.
    pub(crate) fn without_data(title: &'static str, line: &str) -> Self {
        ReportSection { title, answer: line.to_owned(), tables: Vec::new() }
    }
}
