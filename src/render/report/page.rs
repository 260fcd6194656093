//! A report as one HTML page that opens from disk, without scripts or requests.
//!
//! All data passes through the template, which escapes it. The page's policy allows only its own
//! style sheet, by hash: even markup injected by a bug could neither run nor load anything.

use anyhow::Result;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};
use serde::Serialize;

use super::draw::draw;
use super::drawing::{NARROW, WIDE};
use super::{Cell, Logo, Report, ReportHead, ReportSection, Table, TableColumn, TableRow};
use crate::render::Align;

/// The hash of the style sheet in the page's policy. A test recomputes it.
const STYLE_HASH: &str = "sha256-GFa87BDOvYVj1rX642NQTa9H/kGmE3IbrRfaw8mk+QY=";

/// Shorter text stays on one line on paper too.
const BRIEF: usize = 12;

/// Shorter text stays on one line.
const SHORT: usize = 25;

/// Longer text needs a wide column.
const LONG: usize = 40;

/// Tables with at least as many columns besides the first are printed in small type.
const BROAD: usize = 9;

/// Tables with more rows and only one column besides the first are printed in several columns.
const TALL: usize = 16;

/// The length of a day: `2026-03-31`.
const DAY: usize = 10;

/// A part of a text: a day, which stays on one line, or what lies between days.
#[derive(Debug, PartialEq, Serialize)]
struct TextPart {
    text: String,
    is_day: bool,
}

pub(crate) fn page(report: &Report) -> Result<Vec<u8>> {
    let mut environment = Environment::new();
    environment.add_template("report.html", include_str!("page.html"))?;
    environment.add_template("style.css", include_str!("page.css"))?;
    let Report { title, head, summary, sections } = report;
    let tiles = || summary.iter().flat_map(|table| &table.rows);
    let is_long = |text: String| text.chars().count() > LONGEST_NARROW;
    let page = context! {
        title,
        owner => &head.letter.title,
        logo => head.letter.logo.as_ref().map(Logo::data_url),
        as_of => head.as_of.to_string(),
        days => head.days(),
        filter => &head.filter,
        style_hash => STYLE_HASH,
        has_long_tile => tiles().any(|row| tile_texts(row).next().is_some_and(is_long)),
        tiles => tiles().map(tile).collect::<Vec<_>>(),
        sections => sections.iter().map(|part| section(head, part)).collect::<Vec<_>>(),
    };
    Ok(environment.get_template("report.html")?.render(context! { page })?.into_bytes())
}

/// Longer values do not fit a tile of a phone in large type.
const LONGEST_LARGE: usize = 8;

/// Longer values do not fit a tile of a phone in small type: amounts in the billions.
const LONGEST_SMALL: usize = 14;

/// Longer values do not fit the narrowest tile: amounts in the millions, and names of people.
const LONGEST_NARROW: usize = 10;

/// The texts of a key number: the number, and what explains it.
fn tile_texts(row: &TableRow) -> impl Iterator<Item = String> {
    row.cells.iter().map(|cell| cell.text().into_owned()).filter(|text| !text.is_empty())
}

fn tile(row: &TableRow) -> Value {
    let mut texts = tile_texts(row);
    let value = texts.next().unwrap_or_default();
    // The class of the type, the smaller the longer.
    let class = match value.chars().count() {
        length if length <= LONGEST_LARGE => "",
        length if length <= LONGEST_SMALL => "small",
        _ => "tiny",
    };
    let more: Vec<String> = texts.collect();
    context! { name => row.item.label.text(), value, class, more }
}

fn section(head: &ReportHead, section: &ReportSection) -> Value {
    // Keeps a number and its percent sign together.
    let answer = parts(&section.answer.replace(" %", "\u{a0}%"));
    let tables: Vec<Value> = section.tables.iter().map(|part| table(head, part)).collect();
    context! { title => section.title, answer => Serde(answer), tables }
}

fn table(head: &ReportHead, table: &Table) -> Value {
    let &Table { name, title, note, when_empty, .. } = table;
    let columns = || std::iter::once(&table.label).chain(&table.columns);
    let heading =
        |column: &TableColumn| context! { text => column.title, class => class(column.align) };
    let row = |row: &TableRow| {
        let cells = std::iter::once(&row.item.label).chain(&row.cells);
        let cells = cells.zip(columns()).map(|(cell, column)| page_cell(cell, column.align));
        context! { link => head.link_of(&row.item), cells => cells.collect::<Vec<_>>() }
    };
    let chart = chart(table);
    context! {
        name,
        title,
        is_folded => table.is_folded && chart.is_some(),
        class => match table.columns.len() {
            BROAD.. => "broad",
            1 if table.rows.len() > TALL => "slim",
            _ => "",
        },
        note,
        when_empty,
        headings => columns().map(heading).collect::<Vec<_>>(),
        rows => table.rows.iter().map(row).collect::<Vec<_>>(),
        chart,
    }
}

fn class(align: Align) -> &'static str {
    match align {
        Align::Left => "text",
        Align::Right => "number",
    }
}

fn page_cell(cell: &Cell, align: Align) -> Value {
    let text = cell.text().into_owned();
    let class = match text.chars().count() {
        _ if align == Align::Right => "number",
        _ if matches!(cell, Cell::Day(_)) => "text date",
        0..BRIEF => "text brief",
        BRIEF..SHORT => "text short",
        SHORT..LONG => "text medium",
        _ => "text long",
    };
    context! { parts => Serde(parts(&text)), text, class }
}

/// Splits a text at its days.
fn parts(text: &str) -> Vec<TextPart> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.as_bytes().windows(DAY).position(is_day) {
        let (before, after) = rest.split_at(at);
        let (day, after) = after.split_at(DAY);
        parts.push(TextPart { text: before.to_owned(), is_day: false });
        parts.push(TextPart { text: day.to_owned(), is_day: true });
        rest = after;
    }
    parts.push(TextPart { text: rest.to_owned(), is_day: false });
    parts.retain(|part| !part.text.is_empty());
    parts
}

fn is_day(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(place, byte)| match place {
        4 | 7 => *byte == b'-',
        _ => byte.is_ascii_digit(),
    })
}

/// The drawings for wide screens and for phones.
fn chart(table: &Table) -> Option<Value> {
    let chart = table.chart.as_ref()?;
    let drawings = [("wide", draw(table, chart, WIDE)?), ("narrow", draw(table, chart, NARROW)?)];
    Some(context! { title => chart.title, drawings => Serde(drawings) })
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use sha2::{Digest, Sha256};

    use super::super::RowLabel;
    use super::*;
    use crate::domain::day::Day;

    fn report(name: &str) -> Report {
        let table = Table::of("t", "T", ("name", "customer"), [name], |name| {
            RowLabel::company("C-1", name)
        })
        .text("why", "why", |name| Cell::Text((*name).to_owned()))
        .done();
        Report {
            title: "Test".to_owned(),
            head: ReportHead {
                as_of: Day::from_number(0),
                entries: Day::from_number(0),
                filter: name.to_owned(),
                letter: Default::default(),
                link: None,
            },
            summary: None,
            sections: vec![ReportSection {
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
    fn days_are_parts_of_their_own() {
        let split =
            |text| parts(text).into_iter().map(|part| (part.text, part.is_day)).collect::<Vec<_>>();
        let owned = |text: &str, is_day| (text.to_owned(), is_day);
        assert_eq!(split("no day, 1.5 %"), [owned("no day, 1.5 %", false)]);
        assert_eq!(split("2026-03-31"), [owned("2026-03-31", true)]);
        assert_eq!(
            split("Zoë, since 2026-02-01, and 2026-03-1"),
            [
                owned("Zoë, since ", false),
                owned("2026-02-01", true),
                owned(", and 2026-03-1", false)
            ]
        );
        assert!(split("").is_empty());
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
