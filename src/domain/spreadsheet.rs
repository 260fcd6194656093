//! What spreadsheets do with text, as exports and imports both need to know it.

/// What makes a spreadsheet take a cell for a formula when it begins with it; the wide forms count
/// too.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Whether a spreadsheet would take the text of a cell for a formula. Spaces before it do not
/// matter.
pub fn is_formula(text: &str) -> bool {
    text.trim_start_matches(' ').starts_with(FORMULA_STARTS)
}

/// The text with an apostrophe in front, which tells a spreadsheet that it is text.
pub fn guarded(text: &str) -> String {
    format!("'{text}")
}

/// The text without the apostrophe that [`guarded`] puts before formulas.
pub fn unguarded(text: &str) -> &str {
    text.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guarded_comes_back() {
        for formula in ["=1+1", "+1", "-1+1", "@SUM(A1)", "\tx", " =1", "＝1"] {
            assert!(is_formula(formula), "{formula}");
            assert_eq!(unguarded(&guarded(formula)), formula);
        }
        for text in ["Acme = best", "'t is", "", "'"] {
            assert!(!is_formula(text), "{text}");
            assert_eq!(unguarded(text), text);
        }
    }
}
