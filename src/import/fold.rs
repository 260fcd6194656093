//! Names as people type them: when two are the same, and which one was probably meant.

/// A name without what does not matter: case, white space, `_`, `-`, byte-order marks.
pub fn folded(name: &str) -> String {
    let matters =
        |char: &char| !char.is_whitespace() && !matches!(char, '_' | '-' | '\u{feff}' | '\u{200b}');
    name.chars().filter(matters).flat_map(char::to_lowercase).collect()
}

/// The name among `names` that is nearest to `wanted`, unless all are quite different.
pub fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = folded(wanted);
    let distances =
        names.into_iter().map(|name| (strsim::levenshtein(&wanted, &folded(name)), name));
    let (distance, name) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance * 2 <= wanted.chars().count()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        for name in
            ["company_id", "Company ID", "COMPANY-ID", "\u{feff}companyId", " company\u{a0}id "]
        {
            assert_eq!(folded(name), "companyid");
        }
        assert_eq!(folded("Created (UTC)"), "created(utc)");
    }

    #[test]
    fn the_nearest_name_is_found() {
        assert_eq!(nearest("timestamp", ["event", "time_stmp", "person"]), Some("time_stmp"));
        assert_eq!(nearest("timestamp", ["event", "person"]), None);
    }
}
