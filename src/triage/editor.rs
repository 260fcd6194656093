//! An editor for one line of text.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A text and the position of the cursor, in characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Editor {
    text: Vec<char>,
    cursor: usize,
}

impl Editor {
    /// A text with the cursor at its end.
    pub(super) fn of(text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        Editor { cursor: text.len(), text }
    }

    pub(super) fn text(&self) -> String {
        self.text.iter().collect()
    }

    pub(super) fn before_cursor(&self) -> String {
        self.text[..self.cursor].iter().collect()
    }

    /// Inserts text at the cursor. Line breaks and other control characters become spaces.
    pub(super) fn insert(&mut self, text: &str) {
        for character in text.chars() {
            let character = if character.is_control() { ' ' } else { character };
            self.text.insert(self.cursor, character);
            self.cursor += 1;
        }
    }

    /// Handles a key. Keys without a meaning are ignored.
    pub(super) fn press(&mut self, key: KeyEvent) {
        let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('a') if has_control => self.cursor = 0,
            KeyCode::Char('e') if has_control => self.cursor = self.text.len(),
            KeyCode::Char('u') if has_control => self.erase_from(0),
            KeyCode::Char('w') if has_control => self.erase_from(self.start_of_word()),
            KeyCode::Char(_) if has_control => {}
            KeyCode::Char(character) => self.insert(character.encode_utf8(&mut [0; 4])),
            KeyCode::Backspace => self.erase_from(self.cursor.saturating_sub(1)),
            KeyCode::Delete if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            KeyCode::Left => self.cursor = self.cursor.saturating_sub(1),
            KeyCode::Right => self.cursor = (self.cursor + 1).min(self.text.len()),
            KeyCode::Home => self.cursor = 0,
            KeyCode::End => self.cursor = self.text.len(),
            _ => {}
        }
    }

    fn erase_from(&mut self, start: usize) {
        self.text.drain(start..self.cursor);
        self.cursor = start;
    }

    fn start_of_word(&self) -> usize {
        let before = &self.text[..self.cursor];
        let word_end = before.iter().rposition(|c| *c != ' ').map_or(0, |place| place + 1);
        before[..word_end].iter().rposition(|c| *c == ' ').map_or(0, |place| place + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(editor: &mut Editor, code: KeyCode) {
        editor.press(KeyEvent::from(code));
    }

    fn control(editor: &mut Editor, letter: char) {
        editor.press(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL));
    }

    #[test]
    fn keys_edit_the_text_at_the_cursor() {
        let mut editor = Editor::of("cal Ana");
        for _ in 0..4 {
            press(&mut editor, KeyCode::Left);
        }
        press(&mut editor, KeyCode::Char('l'));
        assert_eq!((editor.text().as_str(), editor.before_cursor().as_str()), ("call Ana", "call"));
        press(&mut editor, KeyCode::End);
        press(&mut editor, KeyCode::Backspace);
        press(&mut editor, KeyCode::Home);
        press(&mut editor, KeyCode::Delete);
        press(&mut editor, KeyCode::Char('C'));
        assert_eq!((editor.text().as_str(), editor.before_cursor().as_str()), ("Call An", "C"));
    }

    #[test]
    fn words_and_lines_can_be_erased() {
        let mut editor = Editor::of("asked Zoë twice ");
        control(&mut editor, 'w');
        assert_eq!(editor.text(), "asked Zoë ");
        control(&mut editor, 'w');
        assert_eq!(editor.text(), "asked ");
        control(&mut editor, 'u');
        assert_eq!(editor.text(), "");
        press(&mut editor, KeyCode::Backspace);
        press(&mut editor, KeyCode::Delete);
        press(&mut editor, KeyCode::Right);
        control(&mut editor, 'x');
        assert_eq!(editor, Editor::default());
    }

    #[test]
    fn pasted_lines_become_one() {
        let mut editor = Editor::of("");
        editor.insert("two\nlines\u{1b}");
        assert_eq!(editor.text(), "two lines ");
    }
}
