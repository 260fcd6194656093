//! Tables for people, fitted to the width of a terminal.

use comfy_table::{Cell, CellAlignment, Table, TableStyle, presets};
use unicode_width::UnicodeWidthStr;

use super::escape;
use super::look::{Align, Look, Tone, hyperlink};
use super::wrap::{LEAST_BARS, cut, is_bar, wrap};

const BETWEEN: &str = "  ";

/// Rows under headings. The text of all cells is one string, because a list may have ten million
/// cells.
#[derive(Debug, Clone)]
pub(crate) struct TextTable {
    columns: Vec<(String, Align)>,
    text: String,
    /// For each cell, row by row: the end of its text, and its tone.
    cells: Vec<(usize, Tone)>,
    /// The cells with links, row by row: row, column and URL.
    links: Vec<(usize, usize, String)>,
    /// The titles of columns with the same value in every row, because the rows were filtered by
    /// it.
    known: Vec<&'static str>,
}

impl TextTable {
    pub(crate) fn new<T: Into<String>>(columns: impl IntoIterator<Item = (T, Align)>) -> Self {
        let columns = columns.into_iter().map(|(title, align)| (title.into(), align));
        TextTable {
            columns: columns.collect(),
            text: String::new(),
            cells: Vec::new(),
            links: Vec::new(),
            known: Vec::new(),
        }
    }

    /// Marks the column with this title as one that the rows were filtered by: it is hidden first
    /// if a terminal is narrow.
    pub(crate) fn know(&mut self, title: &'static str) {
        self.known.push(title);
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.toned_row(cells.into_iter().map(|cell| (cell, Tone::Plain)));
    }

    /// Adds a row, with as many cells as there are columns.
    pub(crate) fn toned_row(&mut self, cells: impl IntoIterator<Item = (String, Tone)>) {
        for (text, tone) in cells {
            self.text.push_str(&escape::for_terminal(&text));
            self.cells.push((self.text.len(), tone));
        }
        debug_assert!(self.cells.len().is_multiple_of(self.columns.len()));
    }

    /// Adds a link to a cell of the last row, for terminals that support links.
    pub(crate) fn link(&mut self, column: usize, address: String) {
        self.link_at(self.len().saturating_sub(1), column, address);
    }

    /// Adds a link to a cell. Links are added row by row.
    pub(crate) fn link_at(&mut self, row: usize, column: usize, address: String) {
        self.links.push((row, column, address));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.cells.len() / self.columns.len().max(1)
    }

    /// The texts and tones of the cells, row by row.
    fn cells(&self) -> impl Iterator<Item = (&str, Tone)> {
        let starts = std::iter::once(0).chain(self.cells.iter().map(|(end, _)| *end));
        starts.zip(&self.cells).map(|(start, (end, tone))| (&self.text[start..*end], *tone))
    }

    pub(super) fn draw(&self, look: Look) -> String {
        if look == Look::PLAIN { self.draw_plain() } else { self.draw_fitted(look) }
    }

    /// Draws for another program, without colours or width limit. The table may be long.
    fn draw_plain(&self) -> String {
        let widths = self.natural_widths();
        let line =
            widths.iter().sum::<usize>() + BETWEEN.len() * widths.len().saturating_sub(1) + 1;
        let mut drawn = String::with_capacity((line + 1) * (self.len() + 2));
        let mut titles = self.columns.iter().map(|(title, _)| title.as_str());
        self.draw_line(&mut drawn, &widths, &mut titles);
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
        let columns = widths.iter().zip(&self.columns).zip(cells).enumerate();
        for (place, ((width, (_, align)), text)) in columns {
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
        // Otherwise the library would query the terminal for its width, and write resets even
        // without colours.
        table.force_no_tty().load_style(style());
        if look.has_colour {
            table.enforce_styling();
        }
        let (fits, widths) = (self.fits(), self.fitted_widths(look.width));
        let shown = |place: usize| widths[place].map(|width| (width, fits[place]));
        let titles = self.columns.iter().enumerate();
        table.set_header(titles.filter_map(|(place, (title, _))| {
            shown(place).map(|(width, _)| heading_cell(&cut(title, width), look))
        }));
        let mut cells = self.cells();
        for _ in 0..self.len() {
            let row: Vec<(&str, Tone)> = cells.by_ref().take(self.columns.len()).collect();
            table.add_row(row.iter().enumerate().filter_map(|(place, (text, tone))| {
                shown(place).map(|(width, fit)| cell(&fit.shorten(text, width), *tone, look))
            }));
        }
        let visible = self.columns.iter().enumerate().filter(|(place, _)| shown(*place).is_some());
        for (column, (_, (_, align))) in table.column_iter_mut().zip(visible) {
            column.set_padding((0, 1));
            column.set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
        let lines = table.lines().map(|line| format!("{}\n", line.trim_end()));
        let has_links = look.shows_links() && !self.links.is_empty();
        let mut drawn: String =
            if has_links { self.linked(lines, &widths) } else { lines.collect() };
        if let (Some(line), Some(width)) = (self.hidden(&widths), look.width) {
            drawn.extend(wrap(&line, width.into()).into_iter().map(|line| line + "\n"));
        }
        drawn
    }

    /// A line that names the hidden columns; `None` if there are none. A column without a heading,
    /// such as that of the bars, is not missed.
    fn hidden(&self, widths: &[Option<usize>]) -> Option<String> {
        let hidden = self.columns.iter().zip(widths).filter(|(_, width)| width.is_none());
        let titles = hidden.map(|((title, _), _)| title.trim()).filter(|title| !title.is_empty());
        let titles: Vec<&str> = titles.collect();
        match titles.len() {
            0 => None,
            1 => Some(format!("1 column is hidden: {}", titles[0])),
            count => Some(format!("{count} columns are hidden: {}", titles.join(", "))),
        }
    }

    /// The lines of a table with its links (OSC 8), which are inserted last because they have no
    /// width. Each cell is searched for from the line after that of the previous link.
    fn linked(&self, lines: impl Iterator<Item = String>, widths: &[Option<usize>]) -> String {
        let texts: Vec<&str> = self.cells().map(|(text, _)| text).collect();
        let shown = |(row, column, address): &(usize, usize, String)| {
            let text = texts.get(row * self.columns.len() + column)?;
            Some((cut(text, (*widths.get(*column)?)?), address.clone()))
        };
        let mut links = self.links.iter().filter_map(shown).peekable();
        // The headings are not among the cells.
        let link = |(place, line): (usize, String)| {
            let is_here = |(text, _): &(String, String)| place > 1 && line.contains(text.as_str());
            match links.next_if(is_here) {
                Some((text, address)) => line.replacen(&text, &hyperlink(&text, &address), 1),
                None => line,
            }
        };
        lines.enumerate().map(link).collect()
    }

    fn natural_widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.columns.iter().map(|(title, _)| title.width()).collect();
        for (place, (text, _)) in self.cells().enumerate() {
            let width = &mut widths[place % self.columns.len()];
            *width = text.width().max(*width);
        }
        widths
    }

    /// The width at which each column is drawn; `None` if it is hidden. If the terminal is too
    /// narrow, names are cut, texts wrap and sparklines lose their oldest days. If that is not
    /// enough, columns are hidden: first those that the rows were filtered by, then ids, then the
    /// last ones.
    fn fitted_widths(&self, terminal: Option<u16>) -> Vec<Option<usize>> {
        let natural = self.natural_widths();
        let Some(terminal) = terminal.map(usize::from) else {
            return natural.into_iter().map(Some).collect();
        };
        let least: Vec<usize> =
            self.fits().iter().zip(&natural).map(|(fit, width)| fit.least(*width)).collect();
        let mut widths: Vec<Option<usize>> = natural.into_iter().map(Some).collect();
        let mut to_hide = self.in_order_of_hiding().into_iter();
        while !squeeze(&mut widths, &least, terminal) {
            if widths.iter().flatten().count() <= LEAST_COLUMNS {
                let least = least.iter().map(|width| *width.min(&LEAST_WIDTH));
                squeeze(&mut widths, &least.collect::<Vec<_>>(), terminal);
                break;
            }
            let Some(place) = to_hide.next() else { break };
            widths[place] = None;
        }
        widths
    }

    /// The indexes of the columns that may be hidden, in the order in which they are.
    fn in_order_of_hiding(&self) -> Vec<usize> {
        let count = self.columns.len();
        let title = |place: usize| self.columns[place].0.as_str();
        let known = (0..count).filter(|place| self.known.contains(&title(*place)));
        // Right-aligned ids are numbers of signals and tasks, which commands take as arguments.
        let is_id = |place: &usize| title(*place) == "id" && self.columns[*place].1 == Align::Left;
        let mut order: Vec<usize> = known.chain((0..count).filter(is_id)).collect();
        order.extend((0..count).rev());
        let mut seen = vec![false; count];
        order.retain(|place| !std::mem::replace(&mut seen[*place], true));
        order
    }

    /// How each column adapts to a narrow terminal.
    fn fits(&self) -> Vec<Fit> {
        let is_bars = |text: &str| text.chars().all(|c| c == ' ' || is_bar(c));
        let mut has_text = vec![false; self.columns.len()];
        for (place, (text, _)) in self.cells().enumerate() {
            has_text[place % self.columns.len()] |= !is_bars(text);
        }
        let widths = self.natural_widths();
        let fit = |(place, (title, align)): (usize, &(String, Align))| match title.trim() {
            _ if *align == Align::Right || widths[place] <= SHORT => Fit::Whole,
            _ if !has_text[place] && !self.is_empty() => Fit::Bars,
            "company" | "customer" | "name" | "person" | "who" | "csm" => Fit::Name,
            _ => Fit::Text,
        };
        self.columns.iter().enumerate().map(fit).collect()
    }
}

/// How a column adapts to a narrow terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// Not at all: dates, numbers and other short cells.
    Whole,
    /// It is cut.
    Name,
    /// It wraps.
    Text,
    /// It loses its oldest days.
    Bars,
}

impl Fit {
    /// The least width of a column with this natural width.
    fn least(self, natural: usize) -> usize {
        match self {
            Fit::Whole => natural,
            Fit::Name => natural.min(LEAST_NAME),
            Fit::Text => natural.min(LEAST_TEXT),
            Fit::Bars => natural.min(LEAST_BARS),
        }
    }

    fn shorten(self, text: &str, width: usize) -> String {
        match self {
            Fit::Text => wrap(text, width).join("\n"),
            Fit::Bars => {
                let skipped = text.chars().count().saturating_sub(width);
                text.chars().skip(skipped).collect()
            }
            Fit::Whole | Fit::Name => cut(text, width),
        }
    }
}

/// With fewer columns a table says too little: names and texts are cut further instead.
const LEAST_COLUMNS: usize = 3;
pub(super) const LEAST_WIDTH: usize = 8;
/// The least width of a name,
const LEAST_NAME: usize = 20;
/// and of a text that wraps.
const LEAST_TEXT: usize = 20;

/// Cells up to this width are never broken: a date has ten columns.
const SHORT: usize = 10;

/// Reduces the widths to what the terminal holds, widest first. Returns whether that is possible.
fn squeeze(widths: &mut [Option<usize>], least: &[usize], terminal: usize) -> bool {
    loop {
        let (count, sum) =
            (widths.iter().flatten().count(), widths.iter().flatten().sum::<usize>());
        if sum + BETWEEN.len() * count <= terminal + 1 {
            return true;
        }
        let wide = widths
            .iter_mut()
            .zip(least)
            .filter_map(|(width, least)| width.as_mut().filter(|width| **width > *least));
        match wide.max() {
            Some(width) => *width -= 1,
            None => return false,
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::super::Screen;
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
        assert!(text.contains("2026-03-31  Northern Lights …  -100.0 %\n"), "{text}");
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
            text.ends_with("2026-03-31  Northern L…  -100.0 %\n1 column is hidden: csm\n"),
            "{text}"
        );
    }

    fn fitted(table: &TextTable, width: u16) -> Vec<String> {
        let mut screen = Screen::new(Look { has_colour: false, width: Some(width) });
        screen.table(table);
        let text = screen.into_text();
        assert!(text.lines().all(|line| line.width() <= usize::from(width)), "{text}");
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn texts_wrap_and_lines_of_bars_lose_their_oldest_days() {
        let titles = ["event", "28 days", "note"];
        let mut table = TextTable::new(titles.map(|title| (title, Align::Left)));
        let bars = "▁▂▃▄▅▆▇█▁▂▃▄▅▆▇█▁▂▃▄▅▆▇█▁▂▃▄";
        table.row(["login", bars, "asked Ana about it and she said wait"].map(String::from));
        let expected = [
            "event  28 days             note",
            "──────────────────────────────────────────────",
            "login  ▃▄▅▆▇█▁▂▃▄▅▆▇█▁▂▃▄  asked Ana about it",
            "                           and she said wait",
        ];
        assert_eq!(fitted(&table, 48), expected);
    }

    #[test]
    fn columns_that_say_the_same_everywhere_go_first_then_ids_then_the_last() {
        let titles = ["id", "csm", "mrr", "plan", "band"];
        let mut table = TextTable::new(titles.map(|title| (title, Align::Left)));
        table.row(["brightwater", "ana", "1,250", "team", "poor"].map(String::from));
        table.know("csm");
        let last = |width| fitted(&table, width).pop().unwrap();
        assert_eq!(last(40), "brightwater  ana  1,250  team  poor");
        assert_eq!(last(33), "1 column is hidden: csm");
        assert_eq!(last(30), "2 columns are hidden: id, csm");
    }

    #[test]
    fn a_hidden_column_without_a_heading_is_not_counted() {
        let mut table =
            TextTable::new(["month", "rate", "mrr", "plan", ""].map(|it| (it, Align::Left)));
        table.row(["2026-03", "1.0 %", "1,250", "enterprise", "▇▇▇▇▇"].map(String::from));
        assert_eq!(fitted(&table, 34).pop().unwrap(), "2026-03  1.0 %  1,250  enterprise");
        assert_eq!(fitted(&table, 26).pop().unwrap(), "1 column is hidden: plan");
    }
}
