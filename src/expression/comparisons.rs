//! Finds attributes that an expression compares with a number.
//!
//! In SQLite, text is always greater than numbers, so `plan > 5` is true for every company. That is
//! never intended, so such an expression is refused before it is stored.

use super::tokens::{Token, TokenKind};

#[derive(Clone, Copy)]
enum Operand<'t> {
    Number,
    Name(Token<'t>),
}

/// The names that are compared with a number, each with its position. `is_number`: whether the
/// values of a name are numbers.
pub(super) fn with_numbers<'t>(
    tokens: &[Token<'t>],
    is_number: impl Fn(&str) -> bool,
) -> Vec<Token<'t>> {
    let tokens = without_parentheses(tokens);
    let mut found = Vec::new();
    for start in 0..tokens.len() {
        let Some(left) = side(&tokens[start..start + 1]) else { continue };
        // `-5` is not parsed from the left: what precedes it might be a name.
        let Some(length) = comparison(&tokens[start + 1..]) else { continue };
        let rest = &tokens[start + 1 + length..];
        let is_sign = rest.first().is_some_and(|token| matches!(token.text, "-" | "+"));
        let Some(right) = rest.get(usize::from(is_sign)..).and_then(side) else { continue };
        match (left, right) {
            (Operand::Name(name), Operand::Number) | (Operand::Number, Operand::Name(name)) => {
                found.push(name);
            }
            (Operand::Name(one), Operand::Name(other)) if is_number(one.text) => found.push(other),
            (Operand::Name(one), Operand::Name(other)) if is_number(other.text) => found.push(one),
            _ => {}
        }
    }
    found
}

fn side<'t>(tokens: &[Token<'t>]) -> Option<Operand<'t>> {
    let token = *tokens.first()?;
    let is_call = tokens.get(1).is_some_and(|next| next.text == "(");
    match token.kind {
        TokenKind::QuotedName => Some(Operand::Name(token)),
        TokenKind::Word if !is_call && !is_logical(token.text) => Some(Operand::Name(token)),
        TokenKind::Literal if !token.text.starts_with('\'') => Some(Operand::Number),
        _ => None,
    }
}

/// The number of tokens of a comparison operator that begins here: `<`, `>=`, `NOT BETWEEN`, `IN
/// (`.
fn comparison(tokens: &[Token<'_>]) -> Option<usize> {
    let is = |at: usize, words: &[&str]| {
        tokens
            .get(at)
            .is_some_and(|token| words.iter().any(|word| token.text.eq_ignore_ascii_case(word)))
    };
    if is(0, &["<", ">", "=", "!"]) {
        let is_double = is(1, &["=", ">", "<"]);
        return Some(if is_double { 2 } else { 1 });
    }
    let first = usize::from(is(0, &["not"]));
    if is(first, &["between"]) {
        return Some(first + 1);
    }
    if is(first, &["in"]) && is(first + 1, &["("]) {
        return Some(first + 2);
    }
    is(0, &["is"]).then(|| 1 + usize::from(is(1, &["not"])))
}

/// Removes parentheses around a single token, except those of a call.
fn without_parentheses<'t>(tokens: &[Token<'t>]) -> Vec<Token<'t>> {
    let mut left: Vec<Token<'t>> = Vec::new();
    for token in tokens {
        let is_around_one = token.text == ")"
            && left.len() > 1
            && left[left.len() - 2].text == "("
            && left
                .get(left.len().wrapping_sub(3))
                .is_none_or(|before| before.kind == TokenKind::Sign || is_logical(before.text));
        if is_around_one {
            left.remove(left.len() - 2);
        } else {
            left.push(*token);
        }
    }
    left
}

fn is_logical(word: &str) -> bool {
    ["and", "or", "not", "between", "when", "then", "else", "case"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::super::tokens::tokens;
    use super::*;

    fn compared(text: &str) -> String {
        let tokens = tokens(text).unwrap();
        let names = with_numbers(&tokens, |name| name == "mrr");
        names.iter().map(|name| name.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn names_beside_a_number_are_found() {
        for (text, expected) in [
            ("arr > 10000", "arr"),
            ("arr>=-5", "arr"),
            ("10000 < arr", "arr"),
            ("arr <> 5 AND plan = 'pro'", "arr"),
            ("arr != 0.5", "arr"),
            ("arr == 5", "arr"),
            ("\"arr\" < .5", "arr"),
            ("(arr) > (5)", "arr"),
            ("NOT (arr) > 5", "arr"),
            ("arr BETWEEN 5 AND 10", "arr"),
            ("arr NOT IN (1, 2)", "arr"),
            ("arr IS NOT 5", "arr"),
            ("arr > mrr", "arr"),
            ("mrr * 2 > 5 OR mrr < arr", "arr"),
            ("CASE WHEN arr > 5 THEN 1 ELSE 0 END", "arr"),
        ] {
            assert_eq!(compared(text), expected, "{text}");
        }
    }

    #[test]
    fn conversions_and_comparisons_with_text_are_not_found() {
        for text in [
            "arr > '5'",
            "plan = 'pro'",
            "length(plan) > 5",
            "CAST(arr AS REAL) > 5",
            "arr + 0 > '5'",
            "arr IN ('1', '2')",
            "arr IS NULL",
            "plan = stage",
            "abs(-5) = '5'",
        ] {
            let found = compared(text);
            assert!(!found.contains("arr") && !found.contains("plan"), "{text}: {found}");
        }
    }
}
