//! The styles of the screen, and text that is safe to show.

use ratatui::style::{Color, Modifier, Style};

use crate::render::{Tone, escape};

/// The styles of the screen, with colours or without.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    has_colour: bool,
}

impl Theme {
    pub(super) fn of(has_colour: bool) -> Self {
        Theme { has_colour }
    }

    pub(super) fn coloured(self, colour: Color) -> Style {
        if self.has_colour { Style::new().fg(colour) } else { Style::new() }
    }

    pub(super) fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => Style::new(),
            Tone::Bad => self.coloured(Color::Red),
            Tone::Good => self.coloured(Color::Green),
            Tone::Faint => Style::new().add_modifier(Modifier::DIM),
        }
    }

    pub(super) fn heading(self) -> Style {
        self.coloured(Color::Cyan).add_modifier(Modifier::BOLD)
    }
}

pub(super) const BAR: Style = Style::new().add_modifier(Modifier::REVERSED);
pub(super) const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

/// Text from the data, escaped so that its control characters do not reach the terminal.
pub(super) fn clean(text: &str) -> String {
    escape::for_terminal(text).into_owned()
}
