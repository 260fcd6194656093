//! Screens for people: headings, pairs, tables and paragraphs, with or without colour.

use anstyle::Style;
use unicode_width::UnicodeWidthStr;

use super::escape;
use super::look::{Look, Tone, hyperlink, tone_style};
use super::text_table::{LEAST_WIDTH, TextTable};
use super::wrap::wrap;

#[derive(Debug, Clone)]
pub(crate) struct Screen {
    look: Look,
    text: String,
}

impl Screen {
    pub(crate) fn new(look: Look) -> Self {
        Screen { look, text: String::new() }
    }

    /// A heading, preceded by an empty line unless the screen is empty.
    pub(crate) fn heading(&mut self, text: &str) {
        self.gap();
        for line in self.fitted(text, 0) {
            self.styled_line(&line, Some(Style::new().bold()));
        }
    }

    /// A heading of three parts, of which the middle is a link if it has an address and the terminal
    /// may show links.
    pub(crate) fn linked_heading(&mut self, parts: [&str; 3], address: Option<String>) {
        let [before, middle, _] = parts.map(escape::for_terminal);
        let begin = self.text.len();
        self.heading(&parts.concat());
        if let Some(address) = address.filter(|_| self.look.shows_links()) {
            // The rest may be on another line.
            let plain = format!("{before}{middle}");
            let linked = format!("{before}{}", hyperlink(&middle, &address));
            let heading = self.text.split_off(begin).replacen(&plain, &linked, 1);
            self.text.push_str(&heading);
        }
    }

    /// An empty line, unless the screen is empty.
    pub(crate) fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    pub(crate) fn line(&mut self, text: &str) {
        self.styled_line(text, None);
    }

    pub(crate) fn toned_line(&mut self, text: &str, tone: Tone) {
        self.styled_line(text, tone_style(tone));
    }

    fn styled_line(&mut self, text: &str, style: Option<Style>) {
        let text = escape::for_terminal(text);
        let style = style.filter(|_| self.look.has_colour).unwrap_or_default();
        self.text.push_str(&format!("{style}{text}{style:#}\n"));
    }

    /// A text after an indent or a label, in a colour. On a terminal it wraps between words, and
    /// further lines align with the first.
    pub(crate) fn wrapped(&mut self, label: &str, text: &str, tone: Tone) {
        let mut begin = label.to_owned();
        for line in self.fitted(text, label.width()) {
            self.toned_line(format!("{begin}{line}").trim_end(), tone);
            begin = " ".repeat(label.width());
        }
    }

    /// The lines of a text after a label of this width.
    fn fitted(&self, text: &str, label: usize) -> Vec<String> {
        let room = self.look.width.map(|width| usize::from(width).saturating_sub(label));
        let room = room.filter(|room| *room >= LEAST_WIDTH).unwrap_or(usize::MAX);
        wrap(&escape::for_terminal(text), room)
    }

    /// Names with their values, aligned.
    pub(crate) fn pairs<'a>(&mut self, pairs: impl IntoIterator<Item = (&'a str, String)>) {
        let pairs: Vec<(&str, String)> = pairs.into_iter().collect();
        let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in pairs {
            self.wrapped(&format!("  {name:width$}  "), &value, Tone::Plain);
        }
    }

    pub(crate) fn table(&mut self, table: &TextTable) {
        self.text.push_str(&table.draw(self.look));
    }

    pub(crate) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_has_its_link_at_a_terminal_alone() {
        let address = Some("https://crm.example/7".to_owned());
        let terminal = Look { has_colour: true, width: Some(80) };
        let mut screen = Screen::new(terminal);
        screen.linked_heading(["1. ", "1. Acme", " (7)"], address.clone());
        let link = "\u{1b}]8;;https://crm.example/7\u{1b}\\1. Acme\u{1b}]8;;\u{1b}\\";
        let text = screen.into_text();
        assert!(text.contains(&format!("1. {link} (7)")), "{text:?}");
        let no_colour = Look { has_colour: false, width: Some(80) };
        for (look, address) in
            [(Look::PLAIN, address.clone()), (no_colour, address), (terminal, None)]
        {
            let mut screen = Screen::new(look);
            screen.linked_heading(["1. ", "1. Acme", " (7)"], address);
            let text = screen.into_text();
            assert!(text.contains("1. 1. Acme (7)") && !text.contains("]8;;"), "{text:?}");
        }
    }

    #[test]
    fn a_heading_wraps_and_keeps_its_link() {
        let address = "https://crm.example/7".to_owned();
        let mut screen = Screen::new(Look { has_colour: true, width: Some(20) });
        screen.linked_heading(["1. ", "Acme", ", as of 2026-03-31"], Some(address));
        let link = "\u{1b}]8;;https://crm.example/7\u{1b}\\Acme\u{1b}]8;;\u{1b}\\";
        let [bold, end] = ["\u{1b}[1m", "\u{1b}[0m"];
        assert_eq!(
            screen.into_text(),
            format!("{bold}1. {link}, as of{end}\n{bold}2026-03-31{end}\n")
        );
    }

    #[test]
    fn pairs_line_up() {
        let mut screen = Screen::new(Look::PLAIN);
        screen.pairs([("csm", "ana".to_owned()), ("plan", String::new())]);
        assert_eq!(screen.into_text(), "  csm   ana\n  plan\n");
    }
}
