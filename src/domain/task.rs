//! Tasks: what has to be done for a company by a day.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::day::{Day, Instant};
use super::named::named;

/// The number of a task. Numbers are never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TaskId(pub i64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TaskState {
    Open,
    Done,
    /// Closed without being done.
    Dropped,
}
named!(TaskState { Open = "open", Done = "done", Dropped = "dropped" });

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum TaskAction {
    Added,
    Assigned,
    Done,
    /// It was closed without being done.
    Dropped,
}
named!(TaskAction { Added = "added", Assigned = "assigned", Done = "done", Dropped = "dropped" });

/// The owner of a task: a role, which moves with the people of the company, or a person, which does
/// not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Owner {
    /// Whoever is the company's CSM.
    #[default]
    Csm,
    /// Whoever is the company's manager.
    Manager,
    Person(String),
}

impl Owner {
    /// The role or the name, as in files, on the command line and in the database.
    pub fn as_str(&self) -> &str {
        match self {
            Owner::Csm => "csm",
            Owner::Manager => "manager",
            Owner::Person(name) => name,
        }
    }

    /// The person who owns the task now; `None` if the company has nobody in the role.
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

/// The people who look after a company.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InCharge {
    pub csm: Option<String>,
    /// The manager in its record.
    pub manager: Option<String>,
    /// The manager of its CSM, from the list of the team.
    pub manager_of_csm: Option<String>,
}

/// Who made an entry in a history, when, and on which day it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub at: Instant,
    /// The day on which it counts: for entries of a run, the day that is run; otherwise the day
    /// after the latest day run.
    pub day: Day,
    pub by: String,
}

/// One entry in the append-only history of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TaskEntry {
    pub action: TaskAction,
    pub stamp: Stamp,
    /// The owner from then on; if the task was closed, the person who owned it, if any.
    pub owner: Option<String>,
    pub note: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_the_person_who_has_it_now() {
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
