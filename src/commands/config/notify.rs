//! `[notify]`: how people are told.

use super::section::Section;

/// Recognised, so that a file with it is refused for the right reason.
pub const SECTION: Section = Section {
    path: &["notify"],
    heading: "[notify]",
    is_list: false,
    read: |table| {
        table.fault("", "notifications cannot be configured yet", Some("leave this section out"));
        None
    },
    own: |_| Ok(Vec::new()),
};
