//! A report for other programs: one row a figure.

use anyhow::Result;

use super::{Cell, Report, Table};
use crate::render::{Format, RecordWriter, Value};

/// The columns, which are stable.
const FIELDS: [&str; 6] = ["as_of", "filter", "section", "item", "measure", "value"];

/// A report as CSV, JSON or JSON lines.
pub fn figures(report: &Report, format: Format) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut writer = RecordWriter::new(format, &FIELDS);
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

/// Item, measure and value of each figure. A row that people call by another name has that name as
/// a figure too.
fn of_table(table: &Table) -> impl Iterator<Item = (&str, &'static str, &Cell)> {
    table.rows.iter().flat_map(|row| {
        let is_named = row.label.text() != row.item.as_str();
        let named = is_named.then_some((row.item.as_str(), table.label.name, &row.label));
        let cells =
            table.columns.iter().zip(&row.cells).filter(|(column, _)| !column.name.is_empty());
        named.into_iter().chain(cells.map(|(column, cell)| (row.item.as_str(), column.name, cell)))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Column, Head, Section};
    use super::*;
    use crate::domain::day::Day;

    #[test]
    fn a_row_is_a_figure() {
        let columns = vec![
            Column::for_people("id"),
            Column::new("mrr", "MRR"),
            Column::new("score", "score"),
        ];
        let mut table = Table::new("talk", "Talk", Column::new("name", "customer"), columns);
        table.named_row(
            "C-1",
            "=Acme",
            vec![Cell::Text("C-1".into()), Cell::Money(10.0), Cell::Unknown],
        );
        let report = Report {
            title: "Test",
            head: Head { as_of: Day::from_number(0), filter: "all customers".to_owned() },
            summary: None,
            sections: vec![Section { title: "", answer: String::new(), tables: vec![table] }],
        };
        let csv = String::from_utf8(figures(&report, Format::Csv).unwrap()).unwrap();
        let before = "1970-01-01,all customers,talk,C-1";
        let expected = format!(
            "as_of,filter,section,item,measure,value\n{before},name,'=Acme\n{before},mrr,10.0\n{before},score,\n"
        );
        assert_eq!(csv, expected);
    }
}
