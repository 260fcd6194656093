//! Folding of headers, to compare them regardless of spelling.

/// A header without case, white space, `_`, `-` and byte-order marks.
pub(crate) fn folded(name: &str) -> String {
    let matters =
        |char: &char| !char.is_whitespace() && !matches!(char, '_' | '-' | '\u{feff}' | '\u{200b}');
    name.chars().filter(matters).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_separators_are_ignored() {
        for name in
            ["company_id", "Company ID", "COMPANY-ID", "\u{feff}companyId", " company\u{a0}id "]
        {
            assert_eq!(folded(name), "companyid");
        }
        assert_eq!(folded("Created (UTC)"), "created(utc)");
    }
}
