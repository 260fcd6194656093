//! `[[health.profile]]`: how the health of companies is judged.

use super::section::Section;

/// Recognised, so that a file with profiles is refused for the right reason.
pub const SECTION: Section = Section {
    path: &["health", "profile"],
    heading: "[[health.profile]]",
    is_list: true,
    read: |table| {
        table.fault("", "health profiles cannot be configured yet", Some("leave this section out"));
        None
    },
    own: |_| Ok(Vec::new()),
};
