//! Finds members of the team. Files refer to people by name or e-mail address, and separate several
//! by `;`.

use std::collections::HashMap;

use super::day::Day;
use super::fact_kinds::TeamMember;

/// The form of a name for comparisons: regardless of case, with any white space as one space.
pub(crate) fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The names in a cell.
pub(crate) fn names(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(';').map(str::trim).filter(|name| !name.is_empty())
}

/// The member with this name or e-mail address.
pub(crate) fn member<'t>(team: &'t [TeamMember], text: &str) -> Option<&'t TeamMember> {
    let wanted = folded(text);
    let has_name = |member: &&TeamMember| folded(&member.name) == wanted;
    let has_email =
        |member: &&TeamMember| member.email.as_ref().is_some_and(|email| folded(email) == wanted);
    team.iter().find(has_name).or_else(|| team.iter().find(has_email))
}

/// The name of the member that a text refers to, otherwise the text itself.
pub(crate) fn name_of(team: &[TeamMember], text: &str) -> String {
    member(team, text).map_or_else(|| text.to_owned(), |member| member.name.clone())
}

/// The spelling of the names of colleagues: that of the team, else the one that came first.
#[derive(Debug)]
pub(crate) struct Colleagues {
    team: Vec<TeamMember>,
    /// By folded name.
    spellings: HashMap<String, String>,
}

impl Colleagues {
    /// `known` are the names in use.
    pub(crate) fn new(team: Vec<TeamMember>, known: impl IntoIterator<Item = String>) -> Self {
        let known = known.into_iter().map(|name| (folded(&name), name));
        Colleagues { team, spellings: known.collect() }
    }

    pub(crate) fn name_of(&mut self, text: &str) -> String {
        if let Some(member) = member(&self.team, text) {
            return member.name.clone();
        }
        let first = || text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.spellings.entry(folded(text)).or_insert_with(first).clone()
    }
}

impl TeamMember {
    /// Whether the person has left the team by `day`.
    pub(crate) fn has_left(&self, day: Day) -> bool {
        self.left_on.is_some_and(|left| left <= day)
    }
}

/// Words in titles of executives.
const EXECUTIVE: [&str; 14] = [
    "executive",
    "chief",
    "president",
    "founder",
    "vp",
    "svp",
    "evp",
    "ceo",
    "coo",
    "cro",
    "cco",
    "cto",
    "cfo",
    "cpo",
];

/// Words in titles of managers.
const LEADER: [&str; 8] =
    ["manager", "managers", "head", "director", "lead", "leader", "supervisor", "teamlead"];

/// Titles of CSMs. They are removed first, because some contain a word of the other lists.
const CSM: [&str; 13] = [
    "customer success managers",
    "customer success manager",
    "client success manager",
    "success manager",
    "account manager",
    "account executive",
    "relationship manager",
    "engagement manager",
    "customer success",
    "client success",
    "csms",
    "csm",
    "onboarding specialist",
];

/// The role for a title: `csm`, `manager` or `executive`; `None` for any other title.
pub(crate) fn role(title: &str) -> Option<&'static str> {
    let plain: String =
        title.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    let mut rest = format!(" {} ", folded(&plain));
    let mut is_csm = false;
    for words in CSM {
        let words = format!(" {words} ");
        is_csm |= rest.contains(&words);
        rest = rest.replace(&words, " ");
    }
    let has = |of: &[&str]| rest.split(' ').any(|word| of.contains(&word));
    if has(&EXECUTIVE) {
        Some("executive")
    } else if has(&LEADER) {
        Some("manager")
    } else {
        is_csm.then_some("csm")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_has_a_role() {
        let cases = [
            ("csm", Some("csm")),
            ("CSM", Some("csm")),
            ("Customer Success Manager", Some("csm")),
            ("Senior Customer-Success Manager", Some("csm")),
            ("Account Executive", Some("csm")),
            ("manager", Some("manager")),
            ("CSM Manager", Some("manager")),
            ("Manager, Customer Success", Some("manager")),
            ("Head of Customer Success", Some("manager")),
            ("Team Lead", Some("manager")),
            ("executive", Some("executive")),
            ("VP Customer Success", Some("executive")),
            ("Chief Customer Officer", Some("executive")),
            ("gardener", None),
            ("", None),
        ];
        for (title, expected) in cases {
            assert_eq!(role(title), expected, "{title}");
        }
    }

    #[test]
    fn a_member_is_found_by_name_or_email() {
        let mut ann = TeamMember::new("Ann Lee".to_owned());
        ann.email = Some("ann@vendor.example".to_owned());
        let team = [ann];
        for text in ["Ann Lee", "ann  LEE", "ANN@vendor.example"] {
            assert_eq!(member(&team, text).map(|member| member.name.as_str()), Some("Ann Lee"));
        }
        assert!(member(&team, "Ann").is_none());
        assert_eq!(names("Ann Lee; ann@x ;").collect::<Vec<_>>(), ["Ann Lee", "ann@x"]);
    }
}
