//! Escaping of untrusted text for each destination. Everything that was imported is untrusted.

use std::borrow::Cow;

use crate::domain::spreadsheet;

/// Whether a character could move the cursor, change colours, start a line or reverse its
/// direction.
pub fn is_hostile(character: char) -> bool {
    character.is_control()
        || is_bidirectional(character)
        || matches!(character, '\u{2028}' | '\u{2029}')
}

/// Characters that change the direction of the following text.
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

/// Longer lines of messages are cut: a name of a megabyte would hide the rest of the message.
const LONGEST_LINE: usize = 2000;

/// A line of a message for a terminal, cut if it is very long.
pub fn line_for_terminal(line: &str) -> Cow<'_, str> {
    match line.char_indices().nth(LONGEST_LINE) {
        None => for_terminal(line),
        Some((end, _)) => {
            let left_out = line[end..].chars().count();
            Cow::Owned(format!("{}… ({left_out} more characters)", for_terminal(&line[..end])))
        }
    }
}

/// Text for Slack's markup. Characters that begin a mention, a link or an entity become entities.
/// Those that format text or form an emoji (`*`, `_`, `~`, a backtick, `:name:`) become
/// similar-looking characters.
pub fn for_slack(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut safe = String::with_capacity(text.len());
    for (place, character) in characters.iter().enumerate() {
        let is_in_word = |place: Option<usize>| {
            place.and_then(|place| characters.get(place)).is_some_and(|c| c.is_alphanumeric())
        };
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '*' => safe.push('\u{2217}'),
            '~' => safe.push('\u{223c}'),
            '`' => safe.push('\u{02cb}'),
            // Slack formats whole words only, so `report_exported` needs no change.
            '_' if is_in_word(place.checked_sub(1)) && is_in_word(Some(place + 1)) => {
                safe.push('_')
            }
            '_' => safe.push('\u{ff3f}'),
            ':' if begins_emoji(&characters[place + 1..]) => safe.push('\u{2236}'),
            other => safe.push(*other),
        }
    }
    safe
}

/// Whether `name:` follows.
fn begins_emoji(next: &[char]) -> bool {
    let is_of_name = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '\'');
    let name = next.iter().take_while(|c| is_of_name(c)).count();
    name > 0 && next.get(name) == Some(&':')
}

/// A command between backticks: Slack formats nothing there, and people copy it.
pub fn for_slack_command(text: &str) -> String {
    entities_for_slack(text).replace('`', "\u{02cb}")
}

/// Our own markup: only entities are escaped.
pub fn entities_for_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A text cell of a CSV file. Text that a spreadsheet would take for a formula gets an apostrophe
/// in front.
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
    fn separators_of_lines_and_paragraphs_are_shown() {
        assert_eq!(for_terminal("a\u{2028}b\u{2029}c"), "a<U+2028>b<U+2029>c");
    }

    #[test]
    fn a_very_long_line_is_cut() {
        assert_eq!(line_for_terminal(&"x".repeat(2000)), "x".repeat(2000));
        let cut = format!("{}… (1000000 more characters)", "x".repeat(2000));
        assert_eq!(line_for_terminal(&"x".repeat(1_002_000)), cut);
    }

    #[test]
    fn slack_formats_nothing_of_a_name() {
        for (name, safe) in [
            ("*bold* & ~gone~", "∗bold∗ &amp; ∼gone∼"),
            ("_it_ report_exported __init__", "＿it＿ report_exported ＿＿init＿＿"),
            ("`code` :x: :+1: 10:30", "ˋcodeˋ ∶x: ∶+1: 10:30"),
            ("<!channel> <@U1>", "&lt;!channel&gt; &lt;@U1&gt;"),
            ("Zoë: plan pro", "Zoë: plan pro"),
            ("std::vec", "std::vec"),
        ] {
            assert_eq!(for_slack(name), safe);
        }
        assert_eq!(for_slack_command("a_b `*` <x>"), "a_b ˋ*ˋ &lt;x&gt;");
    }

    #[test]
    fn a_spreadsheet_sees_no_formula() {
        for formula in ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", " =1", "＝1"] {
            assert_eq!(for_spreadsheet(formula), format!("'{formula}"));
        }
        assert_eq!(for_spreadsheet("Acme = best"), "Acme = best");
    }
}
