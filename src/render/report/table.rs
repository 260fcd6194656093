//! Tables of a report. A table is declared column by column over its records: the name, heading,
//! alignment and cell of a column together. Each row has its own colour.

use super::{Cell, Chart, Tint};
use crate::domain::day::Day;
use crate::render::Align;

/// A name for programs or a title for people, which no data changes.
type Literal = &'static str;

/// Rows of cells under headings, with an optional chart.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// Its name for programs: stable, and unique within a report.
    pub name: &'static str,
    /// Its name for people: unique within a report, and short enough for a sheet.
    pub title: &'static str,
    /// The first column: what the rows are about.
    pub label: TableColumn,
    pub columns: Vec<TableColumn>,
    pub rows: Vec<TableRow>,
    pub chart: Option<Chart>,
    /// Whether a page shows it only on request, because its chart says the same at a glance.
    pub is_folded: bool,
    /// How to interpret it.
    pub note: Option<&'static str>,
    /// The text for a table without rows.
    pub when_empty: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableColumn {
    /// Its name for programs, stable; empty if they get the value elsewhere.
    pub name: &'static str,
    pub title: &'static str,
    pub align: Align,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TableRow {
    pub item: RowLabel,
    /// The cells of the columns after the first.
    pub cells: Vec<Cell>,
    /// Its colour in a chart.
    pub tint: Tint,
}

/// What a row is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RowLabel {
    /// Its name for programs.
    pub name: String,
    /// Its label for people.
    pub label: Cell,
    /// The id of its company, for a link.
    pub company: Option<String>,
}

impl RowLabel {
    /// An item with the same name for people and programs.
    pub(crate) fn new(name: impl ToString) -> Self {
        RowLabel::called(name.to_string(), name)
    }

    /// An item with a different name for people.
    pub(crate) fn called(name: impl ToString, label: impl ToString) -> Self {
        RowLabel { name: name.to_string(), label: Cell::Text(label.to_string()), company: None }
    }

    pub(crate) fn day(day: Day) -> Self {
        RowLabel { name: day.to_string(), label: Cell::Day(day), company: None }
    }

    /// A company, with its name for people.
    pub(crate) fn company(id: &str, title: &str) -> Self {
        RowLabel { company: Some(id.to_owned()), ..RowLabel::called(id, title) }
    }
}

impl Table {
    /// A table with a row for each record; `label` is the name and heading of the first column,
    /// `item` what a row is about.
    pub(crate) fn of<T>(
        name: Literal,
        title: Literal,
        label: (Literal, Literal),
        records: impl IntoIterator<Item = T>,
        item: impl Fn(&T) -> RowLabel,
    ) -> TableOf<T> {
        let records: Vec<T> = records.into_iter().collect();
        let row = |record| TableRow { item: item(record), cells: Vec::new(), tint: Tint::Plain };
        let table = Table {
            name,
            title,
            label: TableColumn { name: label.0, title: label.1, align: Align::Left },
            columns: Vec::new(),
            rows: records.iter().map(row).collect(),
            chart: None,
            is_folded: false,
            note: None,
            when_empty: "none",
        };
        TableOf { table, records }
    }

    pub(crate) fn drawn(self, chart: Chart) -> Self {
        Table { chart: Some(chart), ..self }
    }

    /// Shows only the chart until somebody asks for the table.
    pub(crate) fn folded(self) -> Self {
        Table { is_folded: true, ..self }
    }

    pub(crate) fn noted(self, note: &'static str) -> Self {
        Table { note: Some(note), ..self }
    }

    pub(crate) fn or_say(self, when_empty: &'static str) -> Self {
        Table { when_empty, ..self }
    }

    /// The column with this name, and its index among the columns after the first.
    pub(crate) fn column(&self, name: &str) -> Option<(usize, &TableColumn)> {
        self.columns.iter().enumerate().find(|(_, column)| column.name == name)
    }

    /// The cells of the column with this name; empty if there is none.
    pub(crate) fn cells(&self, name: &str) -> impl Iterator<Item = &Cell> {
        let place = self.column(name).map(|(place, _)| place);
        debug_assert!(place.is_some(), "{} has no column {name}", self.name);
        place.into_iter().flat_map(|place| self.rows.iter().map(move |row| &row.cells[place]))
    }
}

/// A table whose columns are being declared, with the records of its rows.
#[derive(Debug)]
pub(crate) struct TableOf<T> {
    table: Table,
    records: Vec<T>,
}

impl<T> TableOf<T> {
    /// A column of text or days.
    pub(crate) fn text(self, name: Literal, title: Literal, cell: impl Fn(&T) -> Cell) -> Self {
        self.column(TableColumn { name, title, align: Align::Left }, cell)
    }

    pub(crate) fn number(self, name: Literal, title: Literal, cell: impl Fn(&T) -> Cell) -> Self {
        self.column(TableColumn { name, title, align: Align::Right }, cell)
    }

    /// A column of text that is not exported as a value.
    pub(crate) fn for_people(self, title: Literal, cell: impl Fn(&T) -> Cell) -> Self {
        self.text("", title, cell)
    }

    fn column(mut self, column: TableColumn, cell: impl Fn(&T) -> Cell) -> Self {
        self.table.columns.push(column);
        for (row, record) in self.table.rows.iter_mut().zip(&self.records) {
            row.cells.push(cell(record));
        }
        self
    }

    pub(crate) fn tinted(mut self, tint: impl Fn(&T) -> Tint) -> Self {
        for (row, record) in self.table.rows.iter_mut().zip(&self.records) {
            row.tint = tint(record);
        }
        self
    }

    pub(crate) fn done(self) -> Table {
        self.table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_declared_once_for_all_rows() {
        let table = Table::of("t", "T", ("n", "number"), [2_u64, 3], |n| RowLabel::new(n))
            .number("square", "square", |n| Cell::Count(n * n))
            .for_people("word", |n| Cell::Text("x".repeat(*n as usize)))
            .tinted(|n| if *n > 2 { Tint::Poor } else { Tint::Good })
            .done();
        let rows: Vec<_> = table
            .rows
            .iter()
            .map(|row| (row.item.name.as_str(), row.cells[1].text(), row.tint))
            .collect();
        assert_eq!(rows, [("2", "xx".into(), Tint::Good), ("3", "xxx".into(), Tint::Poor)]);
        let squares: Vec<_> = table.cells("square").collect();
        assert_eq!(squares, [&Cell::Count(4), &Cell::Count(9)]);
        assert_eq!(table.columns[0].align, Align::Right);
    }
}
