//! What ships with the program to be done about signals: the playbooks, as data in one file.

use std::sync::OnceLock;

use serde::Deserialize;

use crate::domain::playbook::Playbook;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "playbook")]
    playbooks: Vec<Playbook>,
}

/// The playbooks that ship with the program, in the order of their file. One that a user has changed is kept in the database and
/// takes the place of its namesake here.
pub fn shipped_playbooks() -> &'static [Playbook] {
    static PLAYBOOKS: OnceLock<Vec<Playbook>> = OnceLock::new();
    // A test reads the file, so that nothing can be wrong with it here.
    PLAYBOOKS.get_or_init(|| read().map_or_else(|_| Vec::new(), |file| file.playbooks))
}

fn read() -> Result<File, toml::de::Error> {
    toml::from_str(include_str!("playbooks.toml"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn the_file_is_sound() {
        let playbooks = read().map(|file| file.playbooks).unwrap();
        let names: HashSet<&str> = playbooks.iter().map(|playbook| playbook.name.as_str()).collect();
        assert_eq!(names.len(), playbooks.len(), "no name stands twice");
        for playbook in &playbooks {
            assert_eq!(playbook.problem(), None);
            assert!(!playbook.purpose.is_empty() && (2..=5).contains(&playbook.steps.len()), "{}", playbook.name);
        }
    }

    /// The kinds of risk and chance that the contract names.
    #[test]
    fn there_is_one_for_each_kind_of_risk_or_chance() {
        let names: Vec<&str> = shipped_playbooks().iter().map(|playbook| playbook.name.as_str()).collect();
        let expected = [
            "re-engage",
            "support-escalation",
            "relationship",
            "renewal",
            "payment",
            "training",
            "adoption",
            "low-use",
            "win-back",
            "expansion",
            "business-review",
        ];
        assert_eq!(names, expected);
    }
}
