//! The names of custom attributes: every unknown column of a company file becomes one.

use crate::domain::attributes;

/// What sets an attribute of a file apart from one of the catalogue, or a metric.
pub(crate) const OWN_PREFIX: &str = "custom_";

/// The attribute for a column: lower case, with underscores for everything except letters and
/// digits, and the prefix `custom_` if the catalogue has that name.
pub(crate) fn custom_name(header: &str) -> String {
    let kept = |char: char| if char.is_alphanumeric() { char } else { '_' };
    let name: String = header.trim().chars().flat_map(char::to_lowercase).map(kept).collect();
    if attributes::find(&name).is_some() { format!("{OWN_PREFIX}{name}") } else { name }
}

#[cfg(test)]
mod tests {
    use super::custom_name;

    #[test]
    fn names_follow_the_documentation() {
        let cases = [
            ("Industry", "industry"),
            ("Country/Region", "country_region"),
            ("Number of  Employees", "number_of__employees"),
            ("ARR (USD)", "arr__usd_"),
            ("AccountLevel__c", "accountlevel__c"),
            ("Größe", "größe"),
            ("Tags", "custom_tags"),
            ("Health Score", "custom_health_score"),
            ("events_28d", "custom_events_28d"),
        ];
        for (header, name) in cases {
            assert_eq!(custom_name(header), name);
        }
    }
}
