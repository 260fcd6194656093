//! Finds the name that somebody probably meant.

/// The name most similar to `text`, if any is similar enough.
pub(crate) fn nearest(text: &str, names: impl Iterator<Item = String>) -> Option<String> {
    ranked(text, names).filter(|(likeness, _)| *likeness > 0.7).map(|(_, name)| name)
}

/// The most similar name, however different.
pub(crate) fn nearest_of_all(text: &str, names: impl Iterator<Item = String>) -> Option<String> {
    ranked(text, names).map(|(_, name)| name)
}

fn ranked(text: &str, names: impl Iterator<Item = String>) -> Option<(f64, String)> {
    let likeness = |name: &str| strsim::jaro_winkler(&text.to_lowercase(), &name.to_lowercase());
    names.map(|name| (likeness(&name), name)).max_by(|a, b| a.0.total_cmp(&b.0))
}
