//! Screens for people: headings, pairs, tables and paragraphs, with or without colour.

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, TableStyle, presets};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::escape;

/// How a screen is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether colours and bold may be used.
    pub has_colour: bool,
    /// The width of the terminal in columns; `None` when there is none, and nothing is ever cut.
    pub width: Option<u16>,
}

impl Look {
    /// No colours, no width.
    pub const PLAIN: Look = Look { has_colour: false, width: None };
}

/// What a cell says apart from its text. Never the only way in which it says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing.
    Plain,
    /// Something is wrong.
    Bad,
    /// Something is well.
    Good,
    /// Of less interest.
    Faint,
}

/// On which side the cells of a column line up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// Rows under headings.
#[derive(Debug, Clone)]
pub struct TextTable {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<(String, Tone)>>,
}

impl TextTable {
    /// A table with these headings.
    pub fn new<T: Into<String>>(columns: impl IntoIterator<Item = (T, Align)>) -> Self {
        let columns = columns.into_iter().map(|(title, align)| (title.into(), align));
        TextTable { columns: columns.collect(), rows: Vec::new() }
    }

    /// Adds a row of plain cells.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.toned_row(cells.into_iter().map(|cell| (cell, Tone::Plain)));
    }

    /// Adds a row.
    pub fn toned_row(&mut self, cells: impl IntoIterator<Item = (String, Tone)>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    fn draw(&self, look: Look) -> String {
        let mut table = Table::new();
        // Left alone, the library would ask the terminal for its width and write resets even without colours.
        table.force_no_tty().load_style(style());
        if look.has_colour {
            table.enforce_styling();
        }
        if let Some(width) = look.width {
            table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.set_header(self.columns.iter().map(|(title, _)| Cell::new(title)));
        let widths = self.widths(look.width);
        for row in &self.rows {
            let cells = row.iter().zip(&widths).map(|((text, tone), width)| cell(&cut(text, *width), *tone, look));
            table.add_row(cells);
        }
        for (column, (_, align)) in table.column_iter_mut().zip(&self.columns) {
            column.set_padding((0, 1));
            column.set_cell_alignment(if *align == Align::Right { CellAlignment::Right } else { CellAlignment::Left });
        }
        if look.width.is_some() {
            self.keep_short_columns_whole(&mut table);
        }
        table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

impl TextTable {
    /// How wide each column may be: as wide as it is, but for names and texts where the terminal is too narrow.
    fn widths(&self, terminal: Option<u16>) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(title, _)| title.width()).collect();
        for row in &self.rows {
            for (width, (text, _)) in widths.iter_mut().zip(row) {
                *width = (*width).max(text.width());
            }
        }
        let Some(terminal) = terminal.map(usize::from) else { return widths };
        let gaps = GAP * widths.len();
        while widths.iter().sum::<usize>() + gaps > terminal {
            match widths.iter_mut().filter(|width| **width > usize::from(SHORT)).max() {
                Some(widest) => *widest -= 1,
                None => break,
            }
        }
        widths
    }

    /// Keeps dates, numbers and other short cells on one line where a terminal is too narrow: names and texts wrap instead.
    fn keep_short_columns_whole(&self, table: &mut Table) {
        let widest = table.column_max_content_widths();
        for (column, width) in table.column_iter_mut().zip(widest) {
            if width <= SHORT {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
}

/// The space between two columns.
const GAP: usize = 2;

/// A text of at most so many columns, with … where something is left out.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        if short.width() + character.width().unwrap_or(0) >= width {
            break;
        }
        short.push(character);
    }
    short.push('…');
    short
}

/// Cells of up to so many columns are never broken: a date has ten.
const SHORT: u16 = 10;

fn style() -> TableStyle {
    presets::NOTHING.header_separator(comfy_table::LineStyle::none().fill('─').junction('─'))
}

fn cell(text: &str, tone: Tone, look: Look) -> Cell {
    let cell = Cell::new(escape::for_terminal(text));
    match tone {
        _ if !look.has_colour => cell,
        Tone::Plain => cell,
        Tone::Bad => cell.fg(comfy_table::Color::Red),
        Tone::Good => cell.fg(comfy_table::Color::Green),
        Tone::Faint => cell.add_attribute(comfy_table::Attribute::Dim),
    }
}

/// A screen, part by part.
#[derive(Debug, Clone)]
pub struct Screen {
    look: Look,
    text: String,
}

impl Screen {
    /// An empty screen.
    pub fn new(look: Look) -> Self {
        Screen { look, text: String::new() }
    }

    /// A heading, with an empty line before it unless it is the first thing.
    pub fn heading(&mut self, text: &str) {
        self.gap();
        let text = escape::for_terminal(text);
        let style = Style::new().bold();
        if self.look.has_colour {
            self.text.push_str(&format!("{style}{text}{style:#}\n"));
        } else {
            self.text.push_str(&format!("{text}\n"));
        }
    }

    /// An empty line, unless the screen is empty.
    pub fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A line of text.
    pub fn line(&mut self, text: &str) {
        self.text.push_str(&escape::for_terminal(text));
        self.text.push('\n');
    }

    /// A line of text in a colour.
    pub fn toned_line(&mut self, text: &str, tone: Tone) {
        let text = escape::for_terminal(text);
        match tone_style(tone) {
            Some(style) if self.look.has_colour => self.text.push_str(&format!("{style}{text}{style:#}\n")),
            _ => self.text.push_str(&format!("{text}\n")),
        }
    }

    /// Names with their values, lined up.
    pub fn pairs<'a>(&mut self, pairs: impl IntoIterator<Item = (&'a str, String)>) {
        let pairs: Vec<(&str, String)> = pairs.into_iter().collect();
        let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in pairs {
            let value = escape::for_terminal(&value).into_owned();
            self.text.push_str(format!("  {name:width$}  {value}").trim_end());
            self.text.push('\n');
        }
    }

    /// A table.
    pub fn table(&mut self, table: &TextTable) {
        self.text.push_str(&table.draw(self.look));
    }

    /// The finished text.
    pub fn into_text(self) -> String {
        self.text
    }
}

fn tone_style(tone: Tone) -> Option<Style> {
    match tone {
        Tone::Plain => None,
        Tone::Bad => Some(AnsiColor::Red.on_default()),
        Tone::Good => Some(AnsiColor::Green.on_default()),
        Tone::Faint => Some(Style::new().dimmed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TextTable {
        let mut table = TextTable::new([("company", Align::Left), ("count", Align::Right)]);
        table.row(["Acme".into(), "5".into()]);
        table.toned_row([("日本\u{1b}[1m".into(), Tone::Bad), ("1,250".into(), Tone::Plain)]);
        table
    }

    #[test]
    fn a_plain_table_has_no_escapes_and_no_trailing_spaces() {
        let mut screen = Screen::new(Look::PLAIN);
        screen.table(&table());
        assert_eq!(screen.into_text(), "company    count\n─────────────────\nAcme           5\n日本^[[1m  1,250\n");
    }

    #[test]
    fn colour_is_added_only_where_it_may_be() {
        let mut screen = Screen::new(Look { has_colour: true, width: None });
        screen.table(&table());
        assert!(screen.into_text().contains("\u{1b}[38;5;9m日本^[[1m"));
    }

    #[test]
    fn a_narrow_terminal_cuts_names_and_never_dates() {
        let mut table = TextTable::new([("day", Align::Left), ("company", Align::Left), ("change", Align::Right)]);
        table.row(["2026-03-31".into(), "Northern Lights Shipping".into(), "-100.0 %".into()]);
        let mut screen = Screen::new(Look { has_colour: false, width: Some(40) });
        screen.table(&table);
        let text = screen.into_text();
        assert!(text.contains("2026-03-31  Northern Lights…  -100.0 %\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
    }

    #[test]
    fn pairs_line_up() {
        let mut screen = Screen::new(Look::PLAIN);
        screen.pairs([("csm", "ana".to_owned()), ("plan", String::new())]);
        assert_eq!(screen.into_text(), "  csm   ana\n  plan\n");
    }
}
