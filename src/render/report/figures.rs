//! A report for programs: one row per number.

use anyhow::Result;

use super::{Cell, Report, RowLabel, Table};
use crate::render::{Format, RecordWriter, Value};

/// The columns, which are stable.
const FIELDS: [&str; 6] = ["as_of", "filter", "section", "item", "measure", "value"];

pub(crate) fn figures(report: &Report, format: Format, is_on_terminal: bool) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut writer = RecordWriter::new(format, &FIELDS).on_terminal(is_on_terminal);
    writer.start(&mut bytes)?;
    for table in report.tables() {
        for (item, measure, cell) in of_table(table) {
            let values: [Value<'_>; 6] = [
                report.head.as_of.into(),
                (&report.head.filter).into(),
                table.name.into(),
                item.into(),
                measure.into(),
                cell.value(),
            ];
            writer.record(&mut bytes, &values)?;
        }
    }
    writer.finish(&mut bytes);
    Ok(bytes)
}

/// Item, measure and value of each number. A row with a different name for people has that name as
/// a value too.
fn of_table(table: &Table) -> impl Iterator<Item = (&str, &'static str, &Cell)> {
    table.rows.iter().flat_map(|row| {
        let RowLabel { name, label, .. } = &row.item;
        let named =
            (label.text() != name.as_str()).then_some((name.as_str(), table.label.name, label));
        let cells = table.columns.iter().zip(&row.cells);
        let cells = cells.filter(|(column, _)| !column.name.is_empty());
        let figures = cells.map(|(column, cell)| (name.as_str(), column.name, cell));
        named.into_iter().chain(figures)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{ReportHead, ReportSection};
    use super::*;
    use crate::domain::day::Day;

    #[test]
    fn a_row_is_a_figure() {
        let table = Table::of("talk", "Talk", ("name", "customer"), [()], |()| {
            RowLabel::company("C-1", "=Acme")
        })
        .for_people("id", |()| Cell::Text("C-1".into()))
        .number("mrr", "MRR", |()| Cell::Money(10.0))
        .number("score", "score", |()| Cell::Unknown)
        .done();
        let report = Report {
            title: "Test".to_owned(),
            head: ReportHead {
                as_of: Day::from_number(0),
                entries: Day::from_number(0),
                filter: "all customers".to_owned(),
                letter: Default::default(),
                link: None,
            },
            summary: None,
            sections: vec![ReportSection { title: "", answer: String::new(), tables: vec![table] }],
        };
        let csv = String::from_utf8(figures(&report, Format::Csv, false).unwrap()).unwrap();
        let before = "1970-01-01,all customers,talk,C-1";
        let expected = format!(
            "as_of,filter,section,item,measure,value\n{before},name,'=Acme\n{before},mrr,10.0\n{before},score,\n"
        );
        assert_eq!(csv, expected);
    }
}
