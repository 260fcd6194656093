//! Rows that are not data: repeated headers, totals, and the footers of reports.

use super::amounts::is_number;
use super::cells::content;
use super::records::Row;
use super::spelling::folded;

/// First cells of total rows.
const TOTALS: &[&str] = &[
    "grand totals",
    "grand total",
    "totals",
    "total",
    "sub-total",
    "sub total",
    "subtotals",
    "subtotal",
    "overall total",
    "overall",
    "sum",
    "count",
    "record count",
    "average",
    "avg",
    "mean",
    "gesamtsumme",
    "gesamt",
    "summe",
];

/// Beginnings of footer lines.
const FOOTERS: &[&str] = &[
    "confidential",
    "copyright",
    "©",
    "(c)",
    "all rights reserved",
    "generated",
    "report generated",
    "this report",
    "end of report",
    "exported",
    "created by",
    "printed",
    "run by",
    "filtered by",
    "filters:",
    "source:",
    "powered by",
    "as of",
    "data as of",
    "page ",
    "note:",
    "notes:",
    "***",
];

/// Finds rows that are not data.
#[derive(Debug)]
pub(super) struct Furniture {
    /// The header, folded.
    header: Vec<String>,
    /// Whether the previous row was blank, as before the footer of a report.
    after_blank: bool,
}

impl Furniture {
    pub(super) fn of(header: &[String]) -> Self {
        let header = header.iter().map(|name| folded(name)).collect();
        Furniture { header, after_blank: false }
    }

    /// Why a row is not data. Must be called for every row, in order. Finds only what cannot be
    /// data: a label or a word for totals, with nothing but numbers and a blank beside it.
    pub(super) fn found(&mut self, row: &Row<'_>) -> Option<&'static str> {
        let first = content(row.field(0));
        let is_alone = row.fields().skip(1).all(|cell| content(cell).is_none());
        let is_after_blank = std::mem::replace(&mut self.after_blank, first.is_none() && is_alone);
        let first = first?;
        if self.is_header(row) {
            return Some(HEADER_AGAIN);
        }
        if is_alone && row.len() > 1 {
            let is_phrase = row.len() > 2 && first.contains(char::is_whitespace);
            let is_footer = begins_a_footer(first) || is_total(first);
            return (is_after_blank || is_phrase || is_footer).then_some(FOOTER);
        }
        let others = || row.fields().skip(1).map(content);
        let has_blank = || others().any(|cell| cell.is_none());
        let are_numbers = || others().flatten().all(is_number);
        (is_total(first) && has_blank() && are_numbers()).then_some(TOTAL)
    }

    /// The same for a row that cannot be read as data.
    pub(super) fn unreadable(&self, row: &Row<'_>) -> Option<&'static str> {
        if self.is_header(row) {
            return Some(HEADER_AGAIN);
        }
        let first = content(row.field(0))?;
        if is_total(first) {
            return Some(TOTAL);
        }
        begins_a_footer(first).then_some(FOOTER)
    }

    fn is_header(&self, row: &Row<'_>) -> bool {
        row.len() == self.header.len()
            && row.fields().zip(&self.header).all(|(cell, name)| folded(cell) == *name)
    }
}

const HEADER_AGAIN: &str = "the header again";
const FOOTER: &str = "a footer of the report, not data";
const TOTAL: &str = "a total of the report, not data";

/// `Total`, `Grand Total:`, `Totals (12 records)`, but not `Total Energies`.
fn is_total(cell: &str) -> bool {
    let cell = cell.to_lowercase();
    TOTALS
        .iter()
        .filter_map(|word| cell.strip_prefix(word))
        .map(str::trim_start)
        .any(|rest| rest.is_empty() || rest.starts_with([':', '(', '=', '*']) || is_number(rest))
}

fn begins_a_footer(cell: &str) -> bool {
    let cell = cell.to_lowercase();
    FOOTERS.iter().any(|start| {
        cell.strip_prefix(start).is_some_and(|rest| {
            !start.ends_with(char::is_alphanumeric) || !rest.starts_with(char::is_alphanumeric)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The results for each row of a table without quotes, and for the case that it cannot be read.
    fn found(table: &str) -> (Vec<Option<&'static str>>, Vec<Option<&'static str>>) {
        let mut lines = table.lines();
        let header: Vec<String> = lines.next().unwrap().split(',').map(str::to_owned).collect();
        let mut furniture = Furniture::of(&header);
        let mut told = (Vec::new(), Vec::new());
        for line in lines {
            let mut bounds = Vec::new();
            let mut from = 0;
            for field in line.split(',') {
                bounds.push((from, from + field.len()));
                from += field.len() + 1;
            }
            let row = Row::new(1, line, &bounds);
            told.0.push(furniture.found(&row));
            told.1.push(furniture.unreadable(&row));
        }
        told
    }

    #[test]
    fn totals_footers_and_headers_are_no_data() {
        for (row, reason) in [
            ("company_id,Name,MRR", HEADER_AGAIN),
            ("Total,,150", TOTAL),
            ("Grand Total:,,\t1200.50", TOTAL),
            ("Totals (2 records),,", FOOTER),
            ("Subtotal,,$5", TOTAL),
            ("Summe,,7", TOTAL),
            ("Confidential Information - Do Not Distribute,,", FOOTER),
            ("Copyright © 2026 Example,,", FOOTER),
            ("Generated By: Ann,,", FOOTER),
            ("My report,,", FOOTER),
        ] {
            assert_eq!(found(&format!("company_id,name,mrr\n{row}")).0, [Some(reason)], "{row}");
        }
        let rows = found("company_id,name,mrr\nacme,Acme,5\n,,\nreport\u{2d}7,,\nacme,,");
        assert_eq!(rows.0, [None, None, Some(FOOTER), None]);
    }

    #[test]
    fn companies_with_such_names_are_data() {
        for row in [
            "Total,TotalEnergies SE,150",
            "total,2,150",
            "Total Energies,,150",
            "Totalizator,,150",
            "Sumo,,5",
            "acme,,",
            "acme,,5",
            "Count Dracula,Castle,1",
            "Generatedata,,1",
            "company_id,name,5",
        ] {
            assert_eq!(found(&format!("company_id,name,mrr\n{row}")).0, [None], "{row}");
        }
        assert_eq!(found("company_id,mrr\nTotal,150").0, [None]);
        assert_eq!(found("company_id,name\nAcme Inc,").0, [None]);
        assert_eq!(found("company_id\nAcme Inc").0, [None]);
    }

    #[test]
    fn a_row_that_cannot_be_read_is_told_by_its_first_cell() {
        let rows = "company_id,event,timestamp\nTotal,x,y\nConfidential,x,y\nacme,x,y";
        assert_eq!(found(rows).1, [Some(TOTAL), Some(FOOTER), None]);
    }
}
