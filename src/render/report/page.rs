//! A report as one HTML page that opens from disk, without scripts or requests.
//!
//! All data passes through the template, which escapes it. The page's policy allows only its own
//! style sheet, by hash: even markup injected by a bug could neither run nor load anything.

use anyhow::Result;
use minijinja::{Environment, context};
use serde::Serialize;

use super::chart::{Drawing, NARROW, WIDE, draw};
use super::{Cell, Head, Logo, Report, Section, Table};
use crate::render::Align;

/// The hash of the style sheet in the page's policy. A test recomputes it.
const STYLE_HASH: &str = "sha256-X+TehK4CdiNOJ210l77QITD2Q4qYJge9p8yZmVruHLY=";

/// Shorter text stays on one line on paper too.
const BRIEF: usize = 12;

/// Shorter text stays on one line.
const SHORT: usize = 25;

/// Longer text needs a wide column.
const LONG: usize = 40;

/// Tables with more columns besides the first are printed in small type.
const BROAD: usize = 9;

#[derive(Serialize)]
struct Page<'r> {
    title: &'r str,
    owner: Option<&'r str>,
    logo: Option<String>,
    as_of: String,
    days: String,
    filter: &'r str,
    style_hash: &'static str,
    tiles: Vec<Tile>,
    has_long_tile: bool,
    sections: Vec<PageSection<'r>>,
}

#[derive(Serialize)]
struct Tile {
    name: String,
    value: String,
    /// Whether the value is too long for large type.
    is_long: bool,
    more: Vec<String>,
}

#[derive(Serialize)]
struct PageSection<'r> {
    title: &'r str,
    answer: String,
    tables: Vec<PageTable<'r>>,
}

#[derive(Serialize)]
struct PageTable<'r> {
    name: &'r str,
    title: &'r str,
    is_folded: bool,
    is_broad: bool,
    note: Option<&'r str>,
    when_empty: &'r str,
    headings: Vec<Shown<'r>>,
    rows: Vec<PageRow>,
    chart: Option<PageChart<'r>>,
}

#[derive(Serialize)]
struct Shown<'r> {
    text: &'r str,
    class: &'static str,
}

#[derive(Serialize)]
struct PageRow {
    /// The link to its company in another product.
    link: Option<String>,
    cells: Vec<PageCell>,
}

#[derive(Serialize)]
struct PageCell {
    text: String,
    class: &'static str,
}

#[derive(Serialize)]
struct PageChart<'r> {
    title: &'r str,
    /// The drawings for wide screens and for phones.
    drawings: [(&'static str, Drawing); 2],
}

pub(crate) fn page(report: &Report) -> Result<Vec<u8>> {
    let mut environment = Environment::new();
    environment.add_template("report.html", include_str!("page.html"))?;
    environment.add_template("style.css", include_str!("page.css"))?;
    let tiles: Vec<Tile> = report.summary.iter().flat_map(tiles).collect();
    let page = Page {
        title: &report.title,
        owner: report.head.letter.title.as_deref(),
        logo: report.head.letter.logo.as_ref().map(Logo::data_url),
        as_of: report.head.as_of.to_string(),
        days: report.head.days(),
        filter: &report.head.filter,
        style_hash: STYLE_HASH,
        has_long_tile: tiles.iter().any(|tile| tile.value.chars().count() > LONGEST_NARROW),
        tiles,
        sections: report.sections.iter().map(|part| section(&report.head, part)).collect(),
    };
    let page = minijinja::value::Serde(&page);
    Ok(environment.get_template("report.html")?.render(context! { page })?.into_bytes())
}

/// Longer values do not fit a tile of a phone in large type.
const LONGEST_LARGE: usize = 8;

/// Longer values do not fit the narrowest tile: amounts in the millions, and names of people.
const LONGEST_NARROW: usize = 10;

fn tiles(table: &Table) -> Vec<Tile> {
    let tile = |row: &super::Row| {
        let mut texts =
            row.cells.iter().map(|cell| cell.text().into_owned()).filter(|text| !text.is_empty());
        let value = texts.next().unwrap_or_default();
        Tile {
            name: row.item.label.text().into_owned(),
            is_long: value.chars().count() > LONGEST_LARGE,
            value,
            more: texts.collect(),
        }
    };
    table.rows.iter().map(tile).collect()
}

fn section<'r>(head: &Head, section: &'r Section) -> PageSection<'r> {
    // Keeps a number and its percent sign together.
    let answer = section.answer.replace(" %", "\u{a0}%");
    let tables = section.tables.iter().map(|part| table(head, part)).collect();
    PageSection { title: section.title, answer, tables }
}

fn table<'r>(head: &Head, table: &'r Table) -> PageTable<'r> {
    let columns = || std::iter::once(&table.label).chain(&table.columns);
    let headings =
        columns().map(|column| Shown { text: column.title, class: class(column.align) }).collect();
    let row = |row: &super::Row| {
        let cells = std::iter::once(&row.item.label).chain(&row.cells);
        let cells = cells.zip(columns()).map(|(cell, column)| page_cell(cell, column.align));
        PageRow { link: head.link_of(&row.item), cells: cells.collect() }
    };
    let rows = table.rows.iter().map(row).collect();
    let chart = chart(table);
    PageTable {
        name: table.name,
        title: table.title,
        is_folded: table.is_folded && chart.is_some(),
        is_broad: table.columns.len() >= BROAD,
        note: table.note,
        when_empty: table.when_empty,
        headings,
        rows,
        chart,
    }
}

fn class(align: Align) -> &'static str {
    match align {
        Align::Left => "text",
        Align::Right => "number",
    }
}

fn page_cell(cell: &Cell, align: Align) -> PageCell {
    let text = cell.text().into_owned();
    let class = match text.chars().count() {
        _ if align == Align::Right => "number",
        _ if matches!(cell, Cell::Day(_)) => "text date",
        0..BRIEF => "text brief",
        BRIEF..SHORT => "text short",
        SHORT..LONG => "text",
        _ => "text long",
    };
    PageCell { text, class }
}

fn chart(table: &Table) -> Option<PageChart<'_>> {
    let chart = table.chart.as_ref()?;
    let drawings = [("wide", draw(table, chart, WIDE)?), ("narrow", draw(table, chart, NARROW)?)];
    Some(PageChart { title: chart.title, drawings })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use sha2::{Digest, Sha256};

    use super::super::Item;
    use super::*;
    use crate::domain::day::Day;

    fn report(name: &str) -> Report {
        let table =
            Table::of("t", "T", ("name", "customer"), [name], |name| Item::company("C-1", name))
                .text("why", "why", |name| Cell::Text((*name).to_owned()))
                .done();
        Report {
            title: "Test".to_owned(),
            head: Head {
                as_of: Day::from_number(0),
                entries: Day::from_number(0),
                filter: name.to_owned(),
                letter: Default::default(),
                link: None,
            },
            summary: None,
            sections: vec![Section {
                title: "Question",
                answer: name.to_owned(),
                tables: vec![table],
            }],
        }
    }

    #[test]
    fn the_policy_names_the_style_sheet_that_is_there() {
        let page = String::from_utf8(page(&report("Acme")).unwrap()).unwrap();
        let (_, rest) = page.split_once("<style>").unwrap();
        let (style, _) = rest.split_once("</style>").unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
        assert_eq!(STYLE_HASH, format!("sha256-{hash}"));
    }

    #[test]
    fn text_of_data_is_text() {
        let hostile = "</td><script>alert(1)</script>\"'><img src=x onerror=y>&amp;";
        let page = String::from_utf8(page(&report(hostile)).unwrap()).unwrap();
        let shown = scraper::Html::parse_document(&page);
        let all = |selector: &str| -> Vec<String> {
            let selector = scraper::Selector::parse(selector).unwrap();
            shown.select(&selector).map(|element| element.text().collect()).collect()
        };
        assert_eq!((all("script").len(), all("img").len()), (0, 0));
        assert_eq!(all("tbody th"), [hostile]);
        assert_eq!(all(".answer"), [hostile]);
        assert_eq!(all(".head"), [format!("as of 1970-01-01 · {hostile}")]);
    }
}
