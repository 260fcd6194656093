//! Fits text into the width of a terminal.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The least width of a sparkline beside a text: two weeks.
pub(super) const LEAST_BARS: usize = 14;

/// Cuts a text to at most `width` columns, ending with … if it was cut.
pub(crate) fn cut(text: &str, width: usize) -> String {
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

/// A text cut to at most `most` characters, the last … if it was cut.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Wraps a text into lines of at most `width` columns, between words if possible. A text that fits
/// is unchanged: blanks before a sparkline are days without a value. A sparkline does not wrap.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = &with_newest_days(text, width);
    if text.width() <= width {
        return vec![text.to_string()];
    }
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let used = lines.last().map_or(0, |line| line.width());
        if used > 0 && used + 1 + word.width() > width {
            lines.push(String::new());
        } else if used > 0 {
            lines.last_mut().into_iter().for_each(|line| line.push(' '));
        }
        for character in word.chars() {
            let wide = character.width().unwrap_or(0);
            if lines.last().is_some_and(|line| !line.is_empty() && line.width() + wide > width) {
                lines.push(String::new());
            }
            lines.last_mut().into_iter().for_each(|line| line.push(character));
        }
    }
    lines
}

/// A text whose sparkline, if it has one, has lost its oldest days: as many as make the text fit, if
/// two weeks remain, else as many as make the sparkline fit.
fn with_newest_days(text: &str, width: usize) -> Cow<'_, str> {
    let excess = text.width().saturating_sub(width);
    let Some(begin) = text.find(is_bar).filter(|_| excess > 0) else { return text.into() };
    // Blanks at the beginning of a text are days too.
    let begin = if text[..begin].trim().is_empty() { 0 } else { begin };
    let rest = &text[begin..];
    let end = rest.find(|c| c != ' ' && !is_bar(c)).unwrap_or(rest.len());
    let line = rest[..end].trim_end();
    let days = line.chars().count();
    let kept = if days >= excess + LEAST_BARS { days - excess } else { days.min(width) };
    let newest: String = line.chars().skip(days - kept).collect();
    format!("{}{newest}{}", &text[..begin], &rest[line.len()..]).into()
}

/// Whether a character is a bar of a sparkline.
pub(super) fn is_bar(character: char) -> bool {
    ('▁'..='█').contains(&character)
}

/// Breaks a line between words, but not within a command in backticks, so that it can be copied.
/// The first line begins after `used` columns. What is longer than a line is left to the terminal.
pub(crate) fn wrap_prose(text: &str, mut used: usize, width: usize) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut is_command = false;
    for word in text.split(' ') {
        match words.last_mut() {
            Some(command) if is_command => *command += &format!(" {word}"),
            _ => words.push(word.to_owned()),
        }
        is_command ^= word.matches('`').count() % 2 == 1;
    }
    let mut wrapped = String::with_capacity(text.len());
    for (place, word) in words.iter().enumerate() {
        if place > 0 && used + 1 + word.width() > width {
            wrapped.push('\n');
            used = 0;
        } else if place > 0 {
            wrapped.push(' ');
            used += 1;
        }
        wrapped.push_str(word);
        used += word.width();
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_breaks_between_words_and_not_within_a_command() {
        let hint = "`signals show ID` explains one, `signals ack ID --reason TEXT` closes it";
        assert_eq!(
            wrap_prose(hint, 6, 38),
            "`signals show ID` explains one,\n`signals ack ID --reason TEXT` closes\nit"
        );
        assert_eq!(wrap_prose(hint, 6, usize::MAX), hint);
        assert_eq!(wrap_prose("  two  spaces, and a `", 0, 10), "  two \nspaces,\nand a `");
        assert_eq!(wrap_prose("", 0, 10), "");
    }

    #[test]
    fn a_sparkline_loses_its_oldest_days_and_does_not_wrap() {
        let days = "▁▂▃▄▅▆▇█ ▂▃▄▅▆▇█▁▂▃▄";
        let cases: [(String, usize, &[&str]); 5] = [
            (format!("{days}  March"), 27, &["▁▂▃▄▅▆▇█ ▂▃▄▅▆▇█▁▂▃▄  March"]),
            (format!("{days}  March"), 21, &["▇█ ▂▃▄▅▆▇█▁▂▃▄  March"]),
            (format!("{days}  March"), 11, &["▂▃▄▅▆▇█▁▂▃▄", "March"]),
            (format!("score: {days}"), 24, &["score: ▄▅▆▇█ ▂▃▄▅▆▇█▁▂▃▄"]),
            (format!("    {days}"), 20, &[days]),
        ];
        for (text, width, expected) in cases {
            assert_eq!(wrap(&text, width), expected, "{text} in {width}");
        }
    }

    #[test]
    fn a_text_wraps_between_words_and_a_long_word_anywhere() {
        let cases: [(&str, usize, &[&str]); 5] = [
            ("", 5, &[""]),
            ("one two three", 7, &["one two", "three"]),
            ("one two three", 100, &["one two three"]),
            ("a longest-word b", 6, &["a", "longes", "t-word", "b"]),
            ("日本 日本", 5, &["日本", "日本"]),
        ];
        for (text, width, expected) in cases {
            assert_eq!(wrap(text, width), expected, "{text} in {width}");
        }
    }
}
