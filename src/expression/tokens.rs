//! The tokens of an expression: enough of SQL's grammar to say what is not allowed in one, and
//! where.
//!
//! In the end SQLite parses the expression, behind an authorizer. Checking the tokens first gives
//! clearer messages, and ensures that the text cannot escape from the statement it is embedded in.

use super::ParseError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub kind: TokenKind,
    /// The text; for a quoted name, what is between the quotes.
    pub text: &'a str,
    /// Its position in bytes.
    pub at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or a keyword.
    Word,
    /// A name in double quotes, brackets or backquotes.
    QuotedName,
    /// A text in single quotes, or a number.
    Literal,
    /// Any other single character.
    Sign,
}

/// The tokens of an expression, without spaces and comments.
///
/// # Errors
/// An unterminated quote or comment.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, ParseError> {
    let mut reader = Tokenizer { text, at: 0 };
    let mut all = Vec::new();
    while let Some(token) = reader.next()? {
        all.push(token);
    }
    Ok(all)
}

struct Tokenizer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokenizer<'a> {
    fn next(&mut self) -> Result<Option<Token<'a>>, ParseError> {
        self.skip_space_and_comments()?;
        let at = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let kind = match first {
            '\'' => self.quoted('\'', TokenKind::Literal)?,
            '"' => self.quoted('"', TokenKind::QuotedName)?,
            '`' => self.quoted('`', TokenKind::QuotedName)?,
            '[' => self.quoted(']', TokenKind::QuotedName)?,
            '0'..='9' => self.number(),
            '.' if self.rest()[1..].starts_with(|next: char| next.is_ascii_digit()) => {
                self.number()
            }
            _ if is_of_a_name(first) => self.word(),
            _ => {
                self.at += first.len_utf8();
                TokenKind::Sign
            }
        };
        let whole = &self.text[at..self.at];
        let text = if kind == TokenKind::QuotedName { &whole[1..whole.len() - 1] } else { whole };
        Ok(Some(Token { kind, text, at }))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_space_and_comments(&mut self) -> Result<(), ParseError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("--") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                let end = trimmed
                    .find("*/")
                    .ok_or_else(|| ParseError::at(self.at, "a comment is not closed"))?;
                self.at += end + 2;
            } else {
                return Ok(());
            }
        }
    }

    /// A quoted text, in which a doubled quote is an escaped quote.
    fn quoted(&mut self, quote: char, kind: TokenKind) -> Result<TokenKind, ParseError> {
        let start = self.at;
        self.at += 1;
        loop {
            let end = self
                .rest()
                .find(quote)
                .ok_or_else(|| ParseError::at(start, "a quote is not closed"))?;
            self.at += end + 1;
            if quote == ']' || !self.rest().starts_with(quote) {
                return Ok(kind);
            }
            self.at += 1;
        }
    }

    fn number(&mut self) -> TokenKind {
        let mut previous = ' ';
        let is_part = |char: char| {
            let is_exponent_sign = matches!(char, '+' | '-') && matches!(previous, 'e' | 'E');
            previous = char;
            char.is_ascii_alphanumeric() || char == '.' || char == '_' || is_exponent_sign
        };
        let rest = self.rest();
        // `0x1e+1` is a sum, also in SQLite: hexadecimal digits end at the sign.
        let is_hexadecimal = rest.len() > 1 && rest[1..].starts_with(['x', 'X']);
        let end = if is_hexadecimal {
            rest.find(|char: char| !char.is_ascii_alphanumeric())
        } else {
            let mut is_part = is_part;
            rest.find(|char: char| !is_part(char))
        };
        self.at += end.unwrap_or(rest.len());
        TokenKind::Literal
    }

    fn word(&mut self) -> TokenKind {
        let rest = self.rest();
        self.at += rest.find(|char: char| !is_of_a_name(char)).unwrap_or(rest.len());
        TokenKind::Word
    }
}

fn is_of_a_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_' || !char.is_ascii()
}

/// Keywords that are more than an expression over one company.
const FORBIDDEN: [(&str, &str); 16] = [
    ("select", "a subquery"),
    ("values", "a subquery"),
    ("with", "a subquery"),
    ("exists", "a subquery"),
    ("union", "a subquery"),
    ("over", "a window function"),
    ("filter", "an aggregate"),
    ("raise", "RAISE"),
    ("match", "MATCH"),
    ("regexp", "REGEXP"),
    ("current_date", "the clock: the same day must give the same answer for ever"),
    ("current_time", "the clock: the same day must give the same answer for ever"),
    ("current_timestamp", "the clock: the same day must give the same answer for ever"),
    ("attach", "a statement"),
    ("pragma", "a statement"),
    ("returning", "a statement"),
];

/// The maximum nesting of parentheses.
const DEEPEST: usize = 100;

/// Refuses what is not allowed in an expression, and what SQLite would only call a syntax error.
///
/// # Errors
/// The first such token.
pub(super) fn inspect(tokens: &[Token<'_>]) -> Result<(), ParseError> {
    if tokens.is_empty() {
        return Err(ParseError::at(0, "the expression is empty"));
    }
    let mut open: Vec<usize> = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        match (token.kind, token.text) {
            (TokenKind::Sign, "(") if open.len() == DEEPEST => {
                return Err(ParseError::at(
                    token.at,
                    format!("more than {DEEPEST} parentheses within each other"),
                ));
            }
            (TokenKind::Sign, "(") => open.push(token.at),
            (TokenKind::Sign, ")") => {
                open.pop().ok_or_else(|| ParseError::at(token.at, "a ) closes nothing"))?;
            }
            (TokenKind::Sign, ";") => {
                return Err(ParseError::at(token.at, "there is room for one expression only"));
            }
            (TokenKind::Sign, "?" | ":" | "@" | "$" | "#") => {
                return Err(ParseError::at(token.at, "parameters cannot stand in an expression"));
            }
            (TokenKind::Sign, "\0") => return Err(ParseError::at(token.at, "a NUL character")),
            (TokenKind::Sign, ".") => {
                let message = "an attribute has no table in front of it; an expression cannot reach into tables";
                return Err(ParseError::at(token.at, message));
            }
            (TokenKind::Word, word) => refuse_word(tokens, place, word)?,
            _ => {}
        }
    }
    match open.pop() {
        Some(at) => Err(ParseError::at(at, "a ( is not closed")),
        None => Ok(()),
    }
}

fn refuse_word(tokens: &[Token<'_>], place: usize, word: &str) -> Result<(), ParseError> {
    let at = tokens[place].at;
    let lower = word.to_ascii_lowercase();
    if let Some((_, what)) = FORBIDDEN.iter().find(|(forbidden, _)| *forbidden == lower) {
        return Err(ParseError::at(at, format!("an expression cannot contain {what}")));
    }
    // `IS DISTINCT FROM` is a comparison.
    let follows_distinct = place > 0 && tokens[place - 1].text.eq_ignore_ascii_case("distinct");
    if lower == "from" && !follows_distinct {
        return Err(ParseError::at(at, "an expression cannot reach into tables"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokens(text).unwrap().iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_are_found_apart() {
        let cases: [(&str, &[&str]); 9] = [
            ("a>=2 AND b='it''s'", &["a", ">", "=", "2", "AND", "b", "=", "'it''s'"]),
            ("\"2024_x\" + [y z] + `w`", &["2024_x", "+", "y z", "+", "w"]),
            ("a -- the rest ) \n + 1", &["a", "+", "1"]),
            ("a/* ' */+1", &["a", "+", "1"]),
            ("1.5e-3+.5", &["1.5e-3", "+", ".5"]),
            ("0x1e+1", &["0x1e", "+", "1"]),
            ("größe", &["größe"]),
            ("", &[]),
            ("a - -1", &["a", "-", "-", "1"]),
        ];
        for (text, expected) in cases {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn forbidden_tokens_are_refused_with_their_position() {
        let cases = [
            ("a = 'x", 4),
            ("a /* x", 2),
            ("1) OR (1", 1),
            ("(1", 0),
            ("1; DROP", 1),
            ("a = ?1", 4),
            ("a = :x", 4),
            ("companies.plan", 9),
            ("(SELECT 1)", 1),
            ("a in (values (1))", 6),
            ("current_date", 0),
            ("   ", 0),
        ];
        for (text, at) in cases {
            let mistake = tokens(text).and_then(|tokens| inspect(&tokens)).unwrap_err();
            assert_eq!(mistake.at, Some(at), "{text}: {}", mistake.message);
        }
    }

    #[test]
    fn a_comparison_with_distinct_from_passes() {
        assert!(inspect(&tokens("a IS DISTINCT FROM b").unwrap()).is_ok());
        assert!(inspect(&tokens("a FROM b").unwrap()).is_err());
    }
}
