//! Playbooks: the usual steps for a kind of signal.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::task::Owner;
use crate::shipped::PLAYBOOKS;

/// The playbooks that ship with the program, in the order of their file. A playbook that a user has
/// changed is stored in the database and replaces the one of the same name here.
pub(crate) fn shipped() -> &'static [Playbook] {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        playbook: Vec<Playbook>,
    }
    static FILE: LazyLock<File> = LazyLock::new(|| PLAYBOOKS.read());
    &FILE.playbook
}

/// A list of steps; each creates a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Playbook {
    pub name: String,
    /// Its purpose, in one line; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub purpose: String,
    /// A tag to add to the company when the playbook starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// The steps, in display order; at least one.
    #[serde(rename = "step")]
    pub steps: Vec<PlaybookStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PlaybookStep {
    pub title: String,
    /// The number of days from the start to the due date, 0 to [`MOST_DAYS`].
    pub due_in_days: u16,
    /// Who does it.
    #[serde(rename = "for", default)]
    pub owner: Owner,
    /// A tag to add to the company when the playbook starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// The latest due date of a step, ten years after the start: more is a typing mistake.
pub(crate) const MOST_DAYS: u16 = 3650;

impl Playbook {
    /// The tags to add to the company, each once, the playbook's own first.
    pub(crate) fn tags(&self) -> Vec<&str> {
        let mut tags: Vec<&str> = Vec::new();
        let of_steps = self.steps.iter().map(|step| step.tag.as_deref());
        for tag in std::iter::once(self.tag.as_deref()).chain(of_steps).flatten() {
            if !tags.contains(&tag) {
                tags.push(tag);
            }
        }
        tags
    }

    /// Whether it can be saved: every text and number is in range.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let name = &self.name;
        validate_line(name).map_err(|error| format!("the name of a playbook {error}"))?;
        if self.purpose.chars().any(char::is_control) {
            return Err(format!("the purpose of the playbook '{name}' must be one line"));
        }
        if self.steps.is_empty() {
            return Err(format!("the playbook '{name}' has no steps"));
        }
        let tags = || self.tags().into_iter().try_for_each(validate_tag);
        let steps =
            || self.steps.iter().zip(1..).try_for_each(|(step, number)| step.validate(number));
        tags().and_then(|()| steps()).map_err(|error| format!("the playbook '{name}': {error}"))
    }
}

impl PlaybookStep {
    /// `number` is its position in the playbook, from 1.
    fn validate(&self, number: usize) -> Result<(), String> {
        validate_line(&self.title)
            .map_err(|error| format!("the title of step {number} {error}"))?;
        if let Owner::Person(name) = &self.owner {
            validate_line(name).map_err(|error| format!("the person of step {number} {error}"))?;
        }
        match self.due_in_days {
            0..=MOST_DAYS => Ok(()),
            days => Err(format!("step {number} is due in {days} days; the most is {MOST_DAYS}")),
        }
    }
}

/// Whether a text can be a title or a name. The error continues a sentence that names the text.
pub(crate) fn validate_line(text: &str) -> Result<(), &'static str> {
    if text.trim().is_empty() {
        return Err("is blank");
    }
    match text.chars().any(char::is_control) {
        true => Err("has control characters; it must be one line"),
        false => Ok(()),
    }
}

/// Whether a text can be a tag. A company's tags are listed with `;` between them, so a tag must
/// not contain one.
pub(crate) fn validate_tag(tag: &str) -> Result<(), String> {
    let valid = match validate_line(tag) {
        Ok(()) if tag.contains(';') => Err("has a ';', which separates tags"),
        Ok(()) if tag.trim() != tag => Err("begins or ends with a blank"),
        valid => valid,
    };
    valid.map_err(|error| format!("the tag '{}' {error}", tag.escape_debug()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn step(title: &str) -> PlaybookStep {
        PlaybookStep { title: title.to_owned(), due_in_days: 2, owner: Owner::Csm, tag: None }
    }

    fn playbook() -> Playbook {
        let tagged = PlaybookStep { tag: Some("watch-list".to_owned()), ..step("Plan") };
        Playbook {
            name: "win-back".to_owned(),
            purpose: String::new(),
            tag: Some("watch-list".to_owned()),
            steps: vec![
                step("Call"),
                tagged,
                PlaybookStep { tag: Some("webinar".to_owned()), ..step("Invite") },
            ],
        }
    }

    #[test]
    fn a_tag_that_is_named_twice_is_added_once() {
        assert_eq!(playbook().tags(), ["watch-list", "webinar"]);
        assert_eq!(playbook().validate(), Ok(()));
    }

    type Spoil = fn(&mut Playbook);

    #[test]
    fn invalid_values_are_reported() {
        let cases: [(Spoil, &str); 8] = [
            (|p| p.name = " ".to_owned(), "the name of a playbook is blank"),
            (|p| p.purpose = "two\nlines".to_owned(), "one line"),
            (|p| p.steps.clear(), "has no steps"),
            (|p| p.steps[1].title = String::new(), "step 2 is blank"),
            (|p| p.steps[0].due_in_days = 3651, "3651 days"),
            (|p| p.steps[0].owner = Owner::Person(" ".to_owned()), "the person of step 1"),
            (|p| p.tag = Some("a;b".to_owned()), "';'"),
            (|p| p.steps[0].tag = Some(" a".to_owned()), "begins or ends"),
        ];
        for (spoil, expected) in cases {
            let mut playbook = playbook();
            spoil(&mut playbook);
            let error = playbook.validate().unwrap_err();
            assert!(error.contains(expected), "{error} lacks {expected}");
        }
    }

    #[test]
    fn a_playbook_is_written_as_in_the_configuration() {
        let text = "name = \"win-back\"\ntag = \"watch-list\"\n\n[[step]]\ntitle = \"Call the champion\"\ndue_in_days = 2\nfor = \"csm\"\n";
        let playbook: Playbook = toml::from_str(text).unwrap();
        assert_eq!(playbook.steps[0].owner, Owner::Csm);
        assert_eq!(toml::to_string(&playbook).unwrap(), text);
    }

    #[test]
    fn shipped_playbooks_are_valid() {
        let playbooks = shipped();
        let names: HashSet<&str> =
            playbooks.iter().map(|playbook| playbook.name.as_str()).collect();
        assert_eq!(names.len(), playbooks.len(), "names are unique");
        for playbook in playbooks {
            assert_eq!(playbook.validate(), Ok(()));
            assert!(
                !playbook.purpose.is_empty() && (2..=5).contains(&playbook.steps.len()),
                "{}",
                playbook.name
            );
        }
    }

    /// The kinds of risk and opportunity in the specification.
    #[test]
    fn a_playbook_is_shipped_for_each_kind_of_risk_or_opportunity() {
        let names: Vec<&str> = shipped().iter().map(|playbook| playbook.name.as_str()).collect();
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
