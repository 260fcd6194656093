//! How spreadsheets treat text, for exports and imports.

/// A spreadsheet takes a cell that begins with one of these for a formula; the full-width forms
/// count too.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet would take the text of a cell for a formula. Leading spaces do not matter.
pub(crate) fn is_formula(text: &str) -> bool {
    text.trim_start_matches(' ').starts_with(FORMULA_STARTS)
}

/// The text with a leading apostrophe, which tells a spreadsheet that it is text.
pub(crate) fn guarded(text: &str) -> String {
    format!("'{text}")
}

/// The text without the marks that keep a spreadsheet from taking it for a formula or a number: the
/// apostrophe that [`guarded`] puts before formulas and people put before zeros, and the formula
/// `="00123"`.
pub(crate) fn unguarded(text: &str) -> &str {
    let in_formula = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    if let Some(inside) = in_formula.filter(|inside| !inside.contains('"')) {
        return inside;
    }
    let is_guarded = |rest: &&str| is_formula(rest) || rest.starts_with('0');
    text.strip_prefix('\'').filter(is_guarded).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guarded_text_is_read_back() {
        for formula in ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", " =1", "＝1"] {
            assert!(is_formula(formula), "{formula}");
            assert_eq!(unguarded(&guarded(formula)), formula);
        }
        for text in ["Acme = best", "'t is", "", "'"] {
            assert!(!is_formula(text), "{text}");
            assert_eq!(unguarded(text), text);
        }
    }

    #[test]
    fn the_guard_of_an_id_is_removed() {
        for (text, inside) in [
            ("=\"00123\"", "00123"),
            ("=\"\"", ""),
            ("'007", "007"),
            ("'-1", "-1"),
            ("'12", "'12"),
            ("=\"a\"&\"b\"", "=\"a\"&\"b\""),
            ("=00123", "=00123"),
        ] {
            assert_eq!(unguarded(text), inside, "{text}");
        }
    }
}
