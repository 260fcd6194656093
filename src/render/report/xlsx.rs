//! A report as a workbook: the answers on the first sheet, then one sheet per table, with real
//! numbers.

use anyhow::Result;
use rust_xlsxwriter::{
    Chart, ChartAxisCrossing, ChartDataLabel, ChartFormat, ChartMarker, ChartMarkerType,
    ChartPoint, ChartSeries, ChartSolidFill, ChartType, Color, Format, Url, Workbook, Worksheet,
};

use super::chart::{BarLayout, ChartKind, Tint};
use super::{Cell, Report, Table, TableRow};
use crate::render::workbook::{CellFormats, workbook, write_day, write_text};

/// The widest column, in characters.
const WIDEST: usize = 60;

/// A report as a workbook.
///
/// # Errors
/// More rows than a sheet can have.
pub(crate) fn xlsx(report: &Report) -> Result<Vec<u8>> {
    let mut book = workbook(&report.title, report.head.as_of);
    let formats = CellFormats::new();
    write_head(&mut book, report, &formats)?;
    for table in report.tables() {
        write_table(&mut book, report, table, &formats)?;
    }
    Ok(book.save_to_buffer()?)
}

/// The first sheet: day, filter, and the answer of each section.
fn write_head(book: &mut Workbook, report: &Report, formats: &CellFormats) -> Result<()> {
    let sheet = book.add_worksheet();
    sheet.set_name("Report")?;
    sheet.set_column_width(0, 44)?;
    sheet.set_column_width(1, 110)?;
    sheet.write_string_with_format(0, 0, report.heading(), &formats.title)?;
    let head = &report.head;
    sheet.write_string(1, 0, "as of")?;
    write_day(sheet, (1, 1), head.as_of, formats)?;
    sheet.write_string(2, 0, "customers")?;
    write_text(sheet, (2, 1), &head.filter, formats)?;
    if head.entries != head.as_of {
        sheet.write_string(3, 0, "signals, tasks and pulse to")?;
        write_day(sheet, (3, 1), head.entries, formats)?;
    }
    let answered = report.sections.iter().filter(|section| !section.answer.is_empty());
    for (row, section) in (5..).zip(answered) {
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
    // In print headers, & begins a code.
    sheet.set_header(format!("&L{}&Ras of {}", report.title.replace('&', "&&"), report.head.as_of));
    sheet.set_landscape().set_print_fit_to_pages(1, 0).set_repeat_rows(0, 0)?;
    let headings = std::iter::once(&table.label).chain(&table.columns);
    for (column, heading) in (0..).zip(headings) {
        sheet.write_string_with_format(0, column, heading.title, &formats.header)?;
        sheet.set_column_width(column, width(table, usize::from(column)) as f64)?;
    }
    for (place, row) in (1..).zip(&table.rows) {
        for (column, cell) in (0..).zip(std::iter::once(&row.item.label).chain(&row.cells)) {
            write_cell(sheet, (place, column), cell, formats)?;
        }
        if let Some(link) = report.head.link_of(&row.item) {
            // Excel rejects longer URLs; the name is then written without a link.
            let url = Url::new(link).set_text(row.item.label.text());
            let _ = sheet.write_url(place, 0, url);
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
    let cell = |row: &TableRow| match column {
        0 => row.item.label.text().chars().count(),
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
        Cell::Ratio(_) => &formats.ratio,
    };
    let number = cell.rounded().unwrap_or_default();
    sheet.write_number_with_format(place.0, place.1, number, format)?;
    Ok(())
}

/// The chart of a table, drawn from the cells of its sheet.
fn chart(table: &Table) -> Option<Chart> {
    let picture = table.chart.as_ref()?;
    let mut chart = match &picture.kind {
        ChartKind::Stacked { bars: BarLayout::Rows(parts), is_share } => {
            stacked_rows(table, parts, *is_share)?
        }
        ChartKind::Stacked { bars: BarLayout::Columns(columns), .. } => {
            let mut chart = Chart::new(ChartType::Column);
            add_series(&mut chart, table, columns.first()?)?.set_points(&points(table));
            chart
        }
        ChartKind::Line { column } => single(table, ChartType::Line, column)?,
        ChartKind::Months { column } => single(table, ChartType::Column, column)?,
        // Workbooks have no bubbles: the size is in the table.
        ChartKind::Bubbles { days, score, .. } => {
            let mut chart = Chart::new(ChartType::Scatter);
            add_series(&mut chart, table, score)?
                .set_categories(column_range(table, days)?)
                .set_points(&points(table));
            chart.x_axis().set_name(table.column(days)?.1.title);
            chart.y_axis().set_name(table.column(score)?.1.title).set_min(0).set_max(100);
            chart.legend().set_hidden();
            chart
        }
        ChartKind::Points { x, y, low, high } => points_chart(table, [x, y, low, high])?,
    };
    chart.title().set_name(picture.title);
    chart.set_width(720).set_height(380);
    chart.set_alt_text(picture.title);
    Some(chart)
}

/// Sheet, first row and column, last row and column.
type CellRange = (&'static str, u32, u16, u32, u16);

/// The cells of a column, below its heading.
fn column_range(table: &Table, name: &str) -> Option<CellRange> {
    let column = table.column(name)?.0 as u16 + 1;
    Some((table.title, 1, column, table.rows.len() as u32, column))
}

/// Adds a column as a series over the first column.
fn add_series<'c>(chart: &'c mut Chart, table: &Table, name: &str) -> Option<&'c mut ChartSeries> {
    let labels = (table.title, 1, 0, table.rows.len() as u32, 0);
    let series = chart.add_series().set_categories(labels);
    Some(series.set_values(column_range(table, name)?).set_name(table.column(name)?.1.title))
}

fn single(table: &Table, kind: ChartType, column: &str) -> Option<Chart> {
    let mut chart = Chart::new(kind);
    add_series(&mut chart, table, column)?;
    chart.legend().set_hidden();
    Some(chart)
}

fn stacked_rows(table: &Table, parts: &[(&'static str, Tint)], is_share: bool) -> Option<Chart> {
    let kind = if is_share { ChartType::BarPercentStacked } else { ChartType::BarStacked };
    let mut chart = Chart::new(kind);
    for (column, tint) in parts {
        add_series(&mut chart, table, column)?.set_format(&mut format(*tint));
    }
    chart.y_axis().set_reverse();
    Some(chart)
}

/// Points with their names, and the ends of their intervals as dashes above and below.
fn points_chart(table: &Table, [x, y, low, high]: [&str; 4]) -> Option<Chart> {
    let mut chart = Chart::new(ChartType::Scatter);
    for (column, marker) in [
        (y, ChartMarkerType::Circle),
        (low, ChartMarkerType::LongDash),
        (high, ChartMarkerType::LongDash),
    ] {
        let mut format = format(Tint::Plain);
        let series = add_series(&mut chart, table, column)?;
        series
            .set_categories(column_range(table, x)?)
            .set_marker(ChartMarker::new().set_type(marker).set_size(7).set_format(&mut format));
        if column == y {
            let name =
                |row| ChartDataLabel::new().set_value((table.title, row, 0, row, 0)).to_custom();
            let names: Vec<_> = (1..=table.rows.len() as u32).map(name).collect();
            series.set_custom_data_labels(&names);
        }
    }
    chart.x_axis().set_name(table.column(x)?.1.title).set_min(0).set_max(100);
    chart
        .y_axis()
        .set_name(table.column(y)?.1.title)
        .set_log_base(10)
        .set_crossing(ChartAxisCrossing::AxisValue(1.0));
    Some(chart)
}

/// The colours of the rows.
fn points(table: &Table) -> Vec<ChartPoint> {
    let point = |row: &TableRow| ChartPoint::new().set_format(&mut format(row.tint));
    table.rows.iter().map(point).collect()
}

fn format(tint: Tint) -> ChartFormat {
    let mut fill = ChartSolidFill::new();
    fill.set_color(Color::RGB(tint.rgb()));
    ChartFormat::new().set_solid_fill(&fill).clone()
}
