//! A report in a terminal: tables with small bars.

use unicode_width::UnicodeWidthStr;

use super::chart::{self, BarLayout, BarPart, ChartKind};
use super::{Report, ReportSection, Table, TableColumn, TableRow};
use crate::render::{Align, Look, Screen, TextTable, Tone, score_line};

/// The length of the longest bar, in characters.
const BAR: f64 = 20.0;

pub(crate) fn screen(report: &Report, look: Look) -> String {
    let mut screen = Screen::new(look);
    screen.heading(&report.heading());
    screen.wrapped("", &format!("{}, {}", report.head.days(), report.head.filter), Tone::Plain);
    if let Some(summary) = &report.summary {
        screen.gap();
        let pairs: Vec<_> =
            summary.rows.iter().map(|row| (row.item.label.text(), summary_text(row))).collect();
        screen.pairs(pairs.iter().map(|(name, text)| (name.as_ref(), text.clone())));
    }
    report.sections.iter().for_each(|section| write_section(&mut screen, report, section));
    screen.into_text()
}

fn summary_text(row: &TableRow) -> String {
    let texts: Vec<_> =
        row.cells.iter().map(|cell| cell.text()).filter(|text| !text.is_empty()).collect();
    texts.join("  ")
}

fn write_section(screen: &mut Screen, report: &Report, section: &ReportSection) {
    screen.heading(section.title);
    if !section.answer.is_empty() {
        screen.wrapped("", &section.answer, Tone::Plain);
    }
    for table in &section.tables {
        screen.gap();
        screen.line(table.title);
        if table.rows.is_empty() {
            screen.wrapped("  ", table.when_empty, Tone::Plain);
            continue;
        }
        screen.table(&text_table(report, table));
        if let Some(line) = below(table) {
            screen.wrapped("", &line, Tone::Plain);
        }
        if let Some(note) = table.note {
            screen.wrapped("", note, Tone::Faint);
        }
    }
}

fn text_table(report: &Report, table: &Table) -> TextTable {
    let bars = row_bars(table);
    let columns = std::iter::once(&table.label).chain(&table.columns);
    let bar = bars.is_some().then_some(("", Align::Left));
    let mut text = TextTable::new(columns.map(|column| (column.title, column.align)).chain(bar));
    for (place, row) in table.rows.iter().enumerate() {
        let cells =
            std::iter::once(&row.item.label).chain(&row.cells).map(|cell| cell.text().into_owned());
        text.row(cells.chain(bars.as_ref().map(|bars| bars[place].clone())));
        report.head.link_of(&row.item).into_iter().for_each(|link| text.link(0, link));
    }
    text
}

/// A bar for each row, if the table has a chart with one.
fn row_bars(table: &Table) -> Option<Vec<String>> {
    match &table.chart.as_ref()?.kind {
        ChartKind::Stacked { bars: BarLayout::Columns(columns), .. } => {
            Some(simple_bars(table, columns.first()?))
        }
        ChartKind::Stacked { bars, is_share } => {
            let bars = chart::bars(table, bars);
            let sums =
                || bars.iter().map(|(_, parts)| parts.iter().map(|part| part.amount).sum::<f64>());
            let most = sums().fold(0.0, f64::max);
            Some(
                bars.iter()
                    .zip(sums())
                    .map(|((_, parts), sum)| bar(parts, if *is_share { sum } else { most }))
                    .collect(),
            )
        }
        ChartKind::Months { column } => Some(simple_bars(table, column)),
        ChartKind::Line { .. } | ChartKind::Bubbles { .. } | ChartKind::Points { .. } => None,
    }
}

fn simple_bars(table: &Table, column: &str) -> Vec<String> {
    let amounts = || table.cells(column).map(|cell| cell.rounded().unwrap_or_default().max(0.0));
    let most = amounts().fold(0.0, f64::max);
    let long = |amount: f64| if most > 0.0 { (amount / most * BAR).round() as usize } else { 0 };
    amounts().map(|amount| "█".repeat(long(amount))).collect()
}

/// A bar. Its parts end where their cumulative shares end, so that rounding errors do not add up.
fn bar(parts: &[BarPart], whole: f64) -> String {
    let mut bar = String::new();
    let mut reached = 0.0;
    for part in parts {
        reached += part.amount;
        let end = if whole > 0.0 { (reached / whole * BAR).round() as usize } else { 0 };
        let missing = end.saturating_sub(bar.width());
        bar.extend(std::iter::repeat_n(part.tint.block(), missing));
    }
    bar
}

/// The text below a table: the legend of its bars, or its sparkline.
fn below(table: &Table) -> Option<String> {
    match &table.chart.as_ref()?.kind {
        ChartKind::Stacked { bars: BarLayout::Rows(parts), .. } if parts.len() > 1 => {
            let mut meanings: Vec<(char, Vec<&str>)> = Vec::new();
            for (column, tint) in parts {
                let (block, (_, TableColumn { title: name, .. })) =
                    (tint.block(), table.column(column)?);
                match meanings.last_mut().filter(|(last, _)| *last == block) {
                    Some((_, names)) => names.push(name),
                    None => meanings.push((block, vec![name])),
                }
            }
            let meanings =
                meanings.iter().map(|(block, names)| format!("{block} {}", names.join(", ")));
            Some(meanings.collect::<Vec<_>>().join("  "))
        }
        ChartKind::Line { column } => {
            let line = score_line(table.cells(column).map(super::Cell::rounded));
            Some(format!("{}: {line}", table.column(column)?.1.title))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::day::Day;
    use crate::render::report::{Cell, Letterhead, ReportHead, RowLabel};

    #[test]
    fn sentences_and_notes_wrap_at_a_narrow_terminal() {
        let rows = [("login", 5)];
        let table = Table::of("events", "Events", ("event", "event"), rows, |(name, _)| {
            RowLabel::new(name)
        })
        .number("count", "count", |(_, count)| Cell::Count(*count))
        .done()
        .noted("An event counts on the day on which it happened.");
        let answer = "Customers log in about as often as in the four weeks before that.".to_owned();
        let report = Report {
            title: "Usage".to_owned(),
            head: ReportHead {
                as_of: Day::from_number(0),
                entries: Day::from_number(1),
                filter: "customers: CSM ana".to_owned(),
                letter: Letterhead::default(),
                link: None,
            },
            summary: None,
            sections: vec![ReportSection {
                title: "How much is it used?",
                answer,
                tables: vec![table],
            }],
        };
        let text = screen(&report, Look { has_colour: false, width: Some(40) });
        assert!(text.lines().all(|line| line.width() <= 40), "{text}");
        assert!(
            text.contains("Customers log in about as often as in\nthe four weeks before that.\n"),
            "{text}"
        );
    }
}
