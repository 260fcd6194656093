//! Untrusted text made safe for where it goes. Everything that was imported is untrusted.

use std::borrow::Cow;

use crate::domain::spreadsheet;

/// Whether a character could move the cursor, change colours or turn the direction of a line round.
pub fn is_hostile(character: char) -> bool {
    character.is_control() || is_bidirectional(character)
}

/// Marks that change the direction in which the following text is shown.
pub fn is_bidirectional(character: char) -> bool {
    matches!(character, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text for a terminal: control characters as `^[`, direction marks as `<U+202E>`, line breaks and
/// tabs as spaces.
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' | '\r' | '\t' => safe.push(' '),
            '\u{0}'..='\u{1f}' => safe.extend(['^', char::from(character as u8 + 64)]),
            '\u{7f}' => safe.push_str("^?"),
            _ if is_hostile(character) => safe.push_str(&format!("<U+{:04X}>", character as u32)),
            _ => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

/// A text cell of a CSV file that a spreadsheet will not take for a formula: one that begins like a
/// formula gets an apostrophe in front.
pub fn for_spreadsheet(text: &str) -> Cow<'_, str> {
    if spreadsheet::is_formula(text) {
        Cow::Owned(spreadsheet::guarded(text))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sees_no_control_characters() {
        assert_eq!(for_terminal("Acme \u{1b}[31mred"), "Acme ^[[31mred");
        assert_eq!(for_terminal("a\u{202e}b\u{9b}c\u{7f}"), "a<U+202E>b<U+009B>c^?");
        assert_eq!(for_terminal("two\nlines"), "two lines");
        assert!(matches!(for_terminal("Zoë & Söhne 株式会社"), Cow::Borrowed(_)));
    }

    #[test]
    fn escaping_twice_changes_nothing_more() {
        let once = for_terminal("\u{0}\u{1b}\u{2066}x\r\n").into_owned();
        assert_eq!(for_terminal(&once), once);
    }

    #[test]
    fn a_spreadsheet_sees_no_formula() {
        for formula in ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", " =1", "＝1"] {
            assert_eq!(for_spreadsheet(formula), format!("'{formula}"));
        }
        assert_eq!(for_spreadsheet("Acme = best"), "Acme = best");
    }
}
