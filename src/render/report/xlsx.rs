//! A report as a workbook: what it says on the first sheet, then one sheet a table, with numbers
//! that can be calculated with.

use anyhow::Result;
use rust_xlsxwriter::{Chart, ChartType, Color, Format, Workbook, Worksheet};

use super::chart::{Across, ChartKind, Tint};
use super::{Cell, Report, Table};
use crate::render::workbook::{CellFormats, workbook, write_day, write_text};

/// The widest column, in characters.
const WIDEST: usize = 60;

/// A report as a workbook.
///
/// # Errors
/// More rows than a sheet has.
pub fn xlsx(report: &Report) -> Result<Vec<u8>> {
    let mut book = workbook(report.title, report.head.as_of);
    let formats = CellFormats::new();
    write_head(&mut book, report, &formats)?;
    for table in report.tables() {
        write_table(&mut book, report, table, &formats)?;
    }
    Ok(book.save_to_buffer()?)
}

/// The first sheet: day, filter, and each section's answer.
fn write_head(book: &mut Workbook, report: &Report, formats: &CellFormats) -> Result<()> {
    let sheet = book.add_worksheet();
    sheet.set_name("Report")?;
    sheet.set_column_width(0, 44)?;
    sheet.set_column_width(1, 110)?;
    sheet.write_string_with_format(0, 0, report.title, &formats.title)?;
    sheet.write_string(1, 0, "as of")?;
    write_day(sheet, (1, 1), report.head.as_of, formats)?;
    sheet.write_string(2, 0, "customers")?;
    write_text(sheet, (2, 1), &report.head.filter, formats)?;
    let answered = report.sections.iter().filter(|section| !section.answer.is_empty());
    for (row, section) in (4..).zip(answered) {
        sheet.write_string_with_format(row, 0, section.title, &formats.wrapped)?;
        write_text(sheet, (row, 1), &section.answer, formats)?;
        sheet.set_cell_format(row, 1, &formats.wrapped)?;
    }
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    Ok(())
}

fn write_table(
    book: &mut Workbook,
    report: &Report,
    table: &Table,
    formats: &CellFormats,
) -> Result<()> {
    let sheet = book.add_worksheet();
    sheet.set_name(table.title)?;
    sheet.set_freeze_panes(1, 0)?;
    // The print header, where & begins a code.
    sheet.set_header(format!("&L{}&Ras of {}", report.title.replace('&', "&&"), report.head.as_of));
    sheet.set_landscape().set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    let headings = std::iter::once(&table.label).chain(&table.columns);
    for (column, heading) in (0..).zip(headings) {
        sheet.write_string_with_format(0, column, heading.title, &formats.header)?;
        sheet.set_column_width(column, width(table, usize::from(column)) as f64)?;
    }
    for (place, row) in (1..).zip(&table.rows) {
        for (column, cell) in (0..).zip(std::iter::once(&row.label).chain(&row.cells)) {
            write_cell(sheet, (place, column), cell, formats)?;
        }
    }
    if !table.rows.is_empty() {
        let (rows, columns) = (table.rows.len() as u32, table.columns.len() as u16);
        sheet.autofilter(0, 0, rows, columns)?;
        if let Some(chart) = chart(table) {
            sheet.insert_chart(1, columns + 2, &chart)?;
        }
    }
    Ok(())
}

fn width(table: &Table, column: usize) -> usize {
    let heading = if column == 0 { table.label.title } else { table.columns[column - 1].title };
    let cell = |row: &super::Row| match column {
        0 => row.label.text().chars().count(),
        _ => row.cells[column - 1].text().chars().count() + 2,
    };
    let widest = table.rows.iter().map(cell).chain([heading.chars().count()]).max();
    (widest.unwrap_or_default() + 2).clamp(10, WIDEST)
}

fn write_cell(
    sheet: &mut Worksheet,
    place: (u32, u16),
    cell: &Cell,
    formats: &CellFormats,
) -> Result<()> {
    let format: &Format = match cell {
        Cell::Unknown => return Ok(()),
        Cell::Text(text) => return write_text(sheet, place, text, formats),
        Cell::Day(day) => return write_day(sheet, place, *day, formats),
        Cell::Count(_) | Cell::Whole(_) => &formats.count,
        Cell::Difference(_) => &formats.difference,
        Cell::Number(_) => &formats.number,
        Cell::Change(_) => &formats.change,
        Cell::Percent(_) => &formats.percent,
        Cell::Money(_) => &formats.money,
    };
    let (row, column) = place;
    sheet.write_number_with_format(row, column, cell.rounded().unwrap_or_default(), format)?;
    Ok(())
}

/// The picture of a table, of the cells of its own sheet.
fn chart(table: &Table) -> Option<Chart> {
    let rows = table.rows.len() as u32;
    let picture = table.chart.as_ref()?;
    let sheet = table.title;
    let labels = (sheet, 1, 0, rows, 0);
    let cells = |column: usize| (sheet, 1, column as u16 + 1, rows, column as u16 + 1);
    let mut chart = match &picture.kind {
        ChartKind::Stacked { bars: Across::Rows, columns, tints, is_share } => {
            let mut chart = Chart::new(if *is_share {
                ChartType::BarPercentStacked
            } else {
                ChartType::BarStacked
            });
            for (column, tint) in columns.iter().zip(tints) {
                let series = chart.add_series().set_categories(labels).set_values(cells(*column));
                series
                    .set_name(table.columns[*column].title)
                    .set_format(rust_xlsxwriter::ChartFormat::new().set_solid_fill(&fill(*tint)));
            }
            chart.y_axis().set_reverse();
            chart
        }
        ChartKind::Stacked { bars: Across::Columns, columns, tints, .. } => {
            let column = *columns.first()?;
            let mut chart = Chart::new(ChartType::Column);
            let points: Vec<_> = tints.iter().map(|tint| point(*tint)).collect();
            let series = chart.add_series().set_categories(labels).set_values(cells(column));
            series.set_name(table.columns[column].title).set_points(&points);
            chart
        }
        ChartKind::Line { column } | ChartKind::Months { column } => {
            let is_line = matches!(picture.kind, ChartKind::Line { .. });
            let mut chart = Chart::new(if is_line { ChartType::Line } else { ChartType::Column });
            let series = chart.add_series().set_categories(labels).set_values(cells(*column));
            series.set_name(table.columns[*column].title);
            chart.legend().set_hidden();
            chart
        }
        // There are no bubbles here: the size is in the table.
        ChartKind::Bubbles { days, score, tints, .. } => {
            let mut chart = Chart::new(ChartType::Scatter);
            let points: Vec<_> = tints.iter().map(|tint| point(*tint)).collect();
            let series = chart.add_series().set_categories(cells(*days)).set_values(cells(*score));
            series.set_name(table.columns[*score].title).set_points(&points);
            chart.x_axis().set_name(table.columns[*days].title);
            chart.y_axis().set_name(table.columns[*score].title).set_min(0).set_max(100);
            chart.legend().set_hidden();
            chart
        }
    };
    chart.title().set_name(picture.title);
    chart.set_width(720).set_height(380);
    chart.set_alt_text(picture.title);
    Some(chart)
}

fn fill(tint: Tint) -> rust_xlsxwriter::ChartSolidFill {
    rust_xlsxwriter::ChartSolidFill::new().set_color(Color::RGB(tint.rgb())).clone()
}

fn point(tint: Tint) -> rust_xlsxwriter::ChartPoint {
    rust_xlsxwriter::ChartPoint::new()
        .set_format(rust_xlsxwriter::ChartFormat::new().set_solid_fill(&fill(tint)))
}
