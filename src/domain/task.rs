//! Tasks: what somebody is to do for a company by a day.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::day::{Day, Instant};
use super::named::named;

/// The number of a task, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TaskId(pub i64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a task is still to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TaskState {
    /// To be done.
    Open,
    Done,
    /// Not done, and not to be done any more.
    Dropped,
}
named!(TaskState { Open = "open", Done = "done", Dropped = "dropped" });

/// What happened to a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TaskAction {
    /// It was made.
    Added,
    /// It was given to somebody else.
    Assigned,
    Done,
    /// It was closed without being done.
    Dropped,
}
named!(TaskAction { Added = "added", Assigned = "assigned", Done = "done", Dropped = "dropped" });

/// Whose a task is: a role, which follows the company when its people change, or a person, who
/// stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Owner {
    /// Whoever is the company's CSM.
    #[default]
    Csm,
    /// Whoever is the company's manager.
    Manager,
    /// This person.
    Person(String),
}

impl Owner {
    /// The role or the name, as files, the command line and the database have it.
    pub fn as_str(&self) -> &str {
        match self {
            Owner::Csm => "csm",
            Owner::Manager => "manager",
            Owner::Person(name) => name,
        }
    }

    /// The person whose the task is now; `None` where the company has nobody in that role.
    pub fn person<'a>(&'a self, in_charge: &'a InCharge) -> Option<&'a str> {
        match self {
            Owner::Csm => in_charge.csm.as_deref(),
            Owner::Manager => in_charge.manager.as_deref().or(in_charge.manager_of_csm.as_deref()),
            Owner::Person(name) => Some(name),
        }
    }
}

impl From<String> for Owner {
    fn from(text: String) -> Self {
        match text.trim() {
            "csm" => Owner::Csm,
            "manager" => Owner::Manager,
            name => Owner::Person(name.to_owned()),
        }
    }
}

impl From<Owner> for String {
    fn from(owner: Owner) -> Self {
        owner.as_str().to_owned()
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who is in charge of a company.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InCharge {
    pub csm: Option<String>,
    /// The manager whom its file names.
    pub manager: Option<String>,
    /// Whom its CSM reports to, by the team's file.
    pub manager_of_csm: Option<String>,
}

/// By whom something is entered into a history, when, and on which day it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub at: Instant,
    /// The day on which it counts: the day of a run, for what the run does; else the day after the
    /// latest day run.
    pub day: Day,
    pub by: String,
}

/// One entry in the append-only history of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskEntry {
    /// What happened.
    pub action: TaskAction,
    pub stamp: Stamp,
    /// Whose the task was from then on; when it was closed, the person whose it had been, if there
    /// was one.
    pub owner: Option<String>,
    /// What else was said.
    pub note: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_whoever_has_it_now() {
        let some = |name: &str| Some(name.to_owned());
        let full = InCharge { csm: some("ana"), manager: some("eva"), manager_of_csm: some("max") };
        let by_team = InCharge { manager: None, ..full.clone() };
        let nobody = InCharge::default();
        let cases = [
            ("csm", &full, Some("ana")),
            ("manager", &full, Some("eva")),
            ("manager", &by_team, Some("max")),
            ("csm", &nobody, None),
            ("manager", &nobody, None),
            ("tom", &nobody, Some("tom")),
            ("tom", &full, Some("tom")),
        ];
        for (owner, in_charge, expected) in cases {
            assert_eq!(
                Owner::from(owner.to_owned()).person(in_charge),
                expected,
                "{owner} {in_charge:?}"
            );
        }
    }
}
