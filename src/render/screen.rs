//! Screens for people: headings, pairs, tables and paragraphs, with or without colour.

use anstyle::{AnsiColor, Style};
use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, Table, TableStyle, presets,
};
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

/// What lies between two columns.
const BETWEEN: &str = "  ";

/// Rows under headings. The text of all cells lies in one string: a list may have ten million
/// cells.
#[derive(Debug, Clone)]
pub struct TextTable {
    columns: Vec<(String, Align)>,
    text: String,
    /// For each cell, row by row: where its text ends, and its tone.
    cells: Vec<(usize, Tone)>,
    /// The cells that lead somewhere, row by row: row, column and address.
    links: Vec<(usize, usize, String)>,
}

impl TextTable {
    /// A table with these headings.
    pub fn new<T: Into<String>>(columns: impl IntoIterator<Item = (T, Align)>) -> Self {
        let columns = columns.into_iter().map(|(title, align)| (title.into(), align));
        TextTable {
            columns: columns.collect(),
            text: String::new(),
            cells: Vec::new(),
            links: Vec::new(),
        }
    }

    /// Adds a row of plain cells.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.toned_row(cells.into_iter().map(|cell| (cell, Tone::Plain)));
    }

    /// Adds a row, of as many cells as there are columns.
    pub fn toned_row(&mut self, cells: impl IntoIterator<Item = (String, Tone)>) {
        for (text, tone) in cells {
            self.text.push_str(&escape::for_terminal(&text));
            self.cells.push((self.text.len(), tone));
        }
        debug_assert!(self.cells.len().is_multiple_of(self.columns.len()));
    }

    /// Lets a cell of the last row lead to an address, on a terminal that can show that.
    pub fn link(&mut self, column: usize, address: String) {
        self.links.push((self.len().saturating_sub(1), column, address));
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.cells.len() / self.columns.len().max(1)
    }

    /// The texts and tones of the cells, row by row.
    fn cells(&self) -> impl Iterator<Item = (&str, Tone)> {
        let starts = std::iter::once(0).chain(self.cells.iter().map(|(end, _)| *end));
        starts.zip(&self.cells).map(|(start, (end, tone))| (&self.text[start..*end], *tone))
    }

    fn draw(&self, look: Look) -> String {
        if look == Look::PLAIN { self.draw_plain() } else { self.draw_fitted(look) }
    }

    /// Draws what goes to another program, and may be long: nothing to fit, nothing to colour.
    fn draw_plain(&self) -> String {
        let widths = self.natural_widths();
        let line =
            widths.iter().sum::<usize>() + BETWEEN.len() * widths.len().saturating_sub(1) + 1;
        let mut drawn = String::with_capacity((line + 1) * (self.len() + 2));
        self.draw_line(
            &mut drawn,
            &widths,
            &mut self.columns.iter().map(|(title, _)| title.as_str()),
        );
        drawn.extend(std::iter::repeat_n('─', line));
        drawn.push('\n');
        let mut cells = self.cells().map(|(text, _)| text);
        (0..self.len()).for_each(|_| self.draw_line(&mut drawn, &widths, &mut cells));
        drawn
    }

    fn draw_line<'a>(
        &self,
        drawn: &mut String,
        widths: &[usize],
        cells: &mut impl Iterator<Item = &'a str>,
    ) {
        let start = drawn.len();
        for (place, ((width, (_, align)), text)) in
            widths.iter().zip(&self.columns).zip(cells).enumerate()
        {
            let padding = std::iter::repeat_n(' ', width - text.width());
            drawn.push_str(if place == 0 { "" } else { BETWEEN });
            if *align == Align::Right {
                drawn.extend(padding);
                drawn.push_str(text);
            } else {
                drawn.push_str(text);
                drawn.extend(padding);
            }
        }
        drawn.truncate(start + drawn[start..].trim_end().len());
        drawn.push('\n');
    }

    fn draw_fitted(&self, look: Look) -> String {
        let mut table = Table::new();
        // Left alone, the library would ask the terminal for its width and write resets even
        // without colours.
        table.force_no_tty().load_style(style());
        if look.has_colour {
            table.enforce_styling();
        }
        if let Some(width) = look.width {
            table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
        }
        let widths = self.fitted_widths(look.width);
        table.set_header(
            self.columns
                .iter()
                .zip(&widths)
                .map(|((title, _), width)| heading_cell(&cut(title, *width), look)),
        );
        let mut cells = self.cells();
        for _ in 0..self.len() {
            let row: Vec<(&str, Tone)> = cells.by_ref().take(self.columns.len()).collect();
            table.add_row(
                row.iter()
                    .zip(&widths)
                    .map(|((text, tone), width)| cell(&cut(text, *width), *tone, look)),
            );
        }
        for (column, (_, align)) in table.column_iter_mut().zip(&self.columns) {
            column.set_padding((0, 1));
            column.set_cell_alignment(if *align == Align::Right {
                CellAlignment::Right
            } else {
                CellAlignment::Left
            });
        }
        if look.width.is_some() {
            self.keep_short_columns_whole(&mut table);
        }
        let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
        let has_links = look.has_colour && look.width.is_some() && !self.links.is_empty();
        if has_links { self.linked(lines, &widths) } else { lines.collect() }
    }
}

impl TextTable {
    /// The lines of a table with its links (OSC 8). They are put in last, because they have no
    /// width; a cell is looked for from the line on after that of the link before.
    fn linked(&self, lines: impl Iterator<Item = String>, widths: &[usize]) -> String {
        let texts: Vec<&str> = self.cells().map(|(text, _)| text).collect();
        let shown = |(row, column, address): &(usize, usize, String)| {
            let text = texts.get(row * self.columns.len() + column)?;
            Some((cut(text, *widths.get(*column)?), address.clone()))
        };
        let mut links = self.links.iter().filter_map(shown).peekable();
        // The headings are no cells.
        let link = |(place, line): (usize, String)| {
            let is_here = |(text, _): &(String, String)| place > 1 && line.contains(text.as_str());
            match links.next_if(is_here) {
                Some((text, address)) => {
                    let linked = format!("\u{1b}]8;;{address}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\");
                    line.replacen(&text, &linked, 1)
                }
                None => line,
            }
        };
        lines.enumerate().map(link).collect()
    }

    /// How wide each column is.
    fn natural_widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(title, _)| title.width()).collect();
        for (place, (text, _)) in self.cells().enumerate() {
            let width = &mut widths[place % self.columns.len()];
            *width = text.width().max(*width);
        }
        widths
    }

    /// How wide each column may be where the terminal is too narrow: names and texts are cut, and
    /// if that is not enough, the last columns are left out.
    fn fitted_widths(&self, terminal: Option<u16>) -> Vec<usize> {
        let natural = self.natural_widths();
        let Some(terminal) = terminal.map(usize::from) else { return natural };
        let fitting = (LEAST_COLUMNS..=natural.len())
            .rev()
            .find_map(|count| squeezed(&natural[..count], terminal));
        fitting.unwrap_or(natural)
    }

    /// Keeps dates, numbers and other short cells on one line where a terminal is too narrow: names
    /// and texts wrap instead.
    fn keep_short_columns_whole(&self, table: &mut Table) {
        let widest = table.column_max_content_widths();
        for (column, width) in table.column_iter_mut().zip(widest) {
            if width <= SHORT {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
}

/// A table with fewer columns says too little: it is wrapped instead.
const LEAST_COLUMNS: usize = 3;

/// Names and texts are cut to no less than this.
const LEAST_WIDTH: usize = 8;

/// The widths cut down to what the terminal holds, the widest first; `None` when that cannot be.
fn squeezed(natural: &[usize], terminal: usize) -> Option<Vec<usize>> {
    let mut widths = natural.to_vec();
    while widths.iter().sum::<usize>() + BETWEEN.len() * widths.len() > terminal {
        let wide = widths
            .iter_mut()
            .zip(natural)
            .filter(|(width, natural)| **natural > usize::from(SHORT) && **width > LEAST_WIDTH);
        *wide.map(|(width, _)| width).max()? -= 1;
    }
    Some(widths)
}

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

fn heading_cell(text: &str, look: Look) -> Cell {
    let cell = Cell::new(text);
    if look.has_colour { cell.add_attribute(comfy_table::Attribute::Bold) } else { cell }
}

fn cell(text: &str, tone: Tone, look: Look) -> Cell {
    let cell = Cell::new(text);
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
            Some(style) if self.look.has_colour => {
                self.text.push_str(&format!("{style}{text}{style:#}\n"))
            }
            _ => self.text.push_str(&format!("{text}\n")),
        }
    }

    /// A text after an indent or a label, in a colour. At a terminal it wraps between words, and the
    /// further lines begin below the first.
    pub fn wrapped(&mut self, label: &str, text: &str, tone: Tone) {
        let text = escape::for_terminal(text);
        let room = self.look.width.map(|width| usize::from(width).saturating_sub(label.width()));
        let room = room.filter(|room| *room >= LEAST_WIDTH).unwrap_or(usize::MAX);
        let (mut line, mut begin) = (String::new(), label.to_owned());
        for word in text.split(' ') {
            if !line.is_empty() && line.width() + 1 + word.width() > room {
                self.toned_line(&format!("{begin}{line}"), tone);
                begin = " ".repeat(label.width());
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.toned_line(&format!("{begin}{line}"), tone);
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
        assert_eq!(
            screen.into_text(),
            "company    count\n─────────────────\nAcme           5\n日本^[[1m  1,250\n"
        );
    }

    #[test]
    fn a_plain_table_is_a_fitted_one_without_limits() {
        let mut table = table();
        table.row([String::new(), String::new()]);
        table.row(["株式会社 Zoë\n& Söhne\u{202e}".to_owned(), "-1".to_owned()]);
        table.row([" spaces ".to_owned(), "1,250,000 ".to_owned()]);
        assert_eq!(table.draw_plain(), table.draw_fitted(Look::PLAIN));
    }

    #[test]
    fn a_link_is_only_for_terminals_and_has_no_width() {
        let mut linked = table();
        linked.link(0, "https://crm.example/2".to_owned());
        let draw = |table: &TextTable, look| {
            let mut screen = Screen::new(look);
            screen.table(table);
            screen.into_text()
        };
        let terminal = Look { has_colour: true, width: Some(60) };
        let text = draw(&linked, terminal);
        assert!(text.contains("\u{1b}]8;;https://crm.example/2\u{1b}\\日本"), "{text:?}");
        let without = text
            .replace("\u{1b}]8;;https://crm.example/2\u{1b}\\", "")
            .replace("\u{1b}]8;;\u{1b}\\", "");
        assert_eq!(without, draw(&table(), terminal));
        for look in [Look::PLAIN, Look { has_colour: false, width: Some(60) }] {
            assert_eq!(draw(&linked, look), draw(&table(), look));
        }
    }

    #[test]
    fn colour_is_added_only_where_it_may_be() {
        let mut screen = Screen::new(Look { has_colour: true, width: None });
        screen.table(&table());
        assert!(screen.into_text().contains("\u{1b}[38;5;9m日本^[[1m"));
    }

    #[test]
    fn a_narrow_terminal_cuts_names_and_never_dates() {
        let mut table = TextTable::new([
            ("day", Align::Left),
            ("company", Align::Left),
            ("change", Align::Right),
        ]);
        table.row(["2026-03-31".into(), "Northern Lights Shipping".into(), "-100.0 %".into()]);
        let mut screen = Screen::new(Look { has_colour: false, width: Some(40) });
        screen.table(&table);
        let text = screen.into_text();
        assert!(text.contains("2026-03-31  Northern Lights…  -100.0 %\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 40), "{text}");
    }

    #[test]
    fn a_very_narrow_terminal_leaves_out_the_last_columns() {
        let titles = ["day", "company", "change", "csm"];
        let mut table = TextTable::new(titles.map(|title| (title, Align::Left)));
        table.row(["2026-03-31", "Northern Lights", "-100.0 %", "aisha"].map(String::from));
        let mut screen = Screen::new(Look { has_colour: false, width: Some(34) });
        screen.table(&table);
        let text = screen.into_text();
        assert!(text.starts_with("day"), "{text}");
        assert!(
            text.contains("2026-03-31  Northern …  -100.0 %\n") && !text.contains("csm"),
            "{text}"
        );
    }

    #[test]
    fn pairs_line_up() {
        let mut screen = Screen::new(Look::PLAIN);
        screen.pairs([("csm", "ana".to_owned()), ("plan", String::new())]);
        assert_eq!(screen.into_text(), "  csm   ana\n  plan\n");
    }
}
