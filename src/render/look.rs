//! How text looks at a terminal: colours, links and alignment.

use anstyle::{AnsiColor, Style};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether colours and bold may be used.
    pub has_colour: bool,
    /// The width of the terminal in columns; `None` if there is none: then nothing is cut.
    pub width: Option<u16>,
}

impl Look {
    /// No colours, no width limit.
    pub(crate) const PLAIN: Look = Look { has_colour: false, width: None };

    /// Whether links may be shown: at a terminal that is not dumb.
    pub(crate) fn shows_links(self) -> bool {
        self.has_colour && self.width.is_some()
    }
}

/// The meaning of a cell besides its text, which must also be clear from the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    /// Something is wrong.
    Bad,
    /// Something is well.
    Good,
    /// Less important.
    Faint,
}

/// How the cells of a column are aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A text that leads to an address (OSC 8).
pub(super) fn hyperlink(text: &str, address: &str) -> String {
    format!("\u{1b}]8;;{address}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\")
}

pub(super) fn tone_style(tone: Tone) -> Option<Style> {
    match tone {
        Tone::Plain => None,
        Tone::Bad => Some(AnsiColor::Red.on_default()),
        Tone::Good => Some(AnsiColor::Green.on_default()),
        Tone::Faint => Some(Style::new().dimmed()),
    }
}
