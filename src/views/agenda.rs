//! The weekly agenda: what is to be done, company by company, the most urgent first.

use std::rc::Rc;

use super::{Listing, or_dash, plain, signals};
use crate::domain::agenda::{DAYS_AHEAD, Workload, urgency};
use crate::domain::day::Day;
use crate::domain::signal::SignalType;
use crate::render::{Align, Tone, Value};
use crate::store::{AgendaCompany, OpenSignal, TaskRecord};

/// Something to be done for a company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A task that is overdue, or due soon.
    Task(Box<TaskRecord>),
    /// An open signal.
    Signal(OpenSignal),
    /// A business review.
    Review {
        /// The day on which it was due.
        due_on: Day,
        /// The day of the last one, if there was any.
        last: Option<Day>,
    },
}

impl Item {
    /// The day to which it belongs: a signal's own, else the day on which it is due.
    fn day(&self) -> Day {
        match self {
            Item::Task(task) => task.due_on,
            Item::Signal(signal) => signal.raised_on,
            Item::Review { due_on, .. } => *due_on,
        }
    }

    /// By how many days it is late; `None` for what has no day by which it is to be done.
    fn days_late(&self, today: Day) -> Option<i32> {
        match self {
            Item::Signal(_) => None,
            Item::Task(_) | Item::Review { .. } => Some((today - self.day()).max(0)),
        }
    }

    fn id(&self) -> Option<i64> {
        match self {
            Item::Task(task) => Some(task.id.0),
            Item::Signal(signal) => Some(signal.id.0),
            Item::Review { .. } => None,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Item::Task(_) => "task",
            Item::Signal(_) => "signal",
            Item::Review { .. } => "review",
        }
    }

    fn text(&self) -> String {
        match self {
            Item::Task(task) => task.title.clone(),
            Item::Signal(signal) => signal.detail.clone(),
            Item::Review { last: Some(last), .. } => {
                format!("Business review; the last one was on {last}")
            }
            Item::Review { last: None, .. } => "Business review; there was none so far".to_owned(),
        }
    }

    /// The place among the items of its company: what is wrong, what is due, what is to be known.
    fn place(&self, today: Day) -> u8 {
        match self {
            Item::Task(task) if task.is_overdue(today) => 0,
            Item::Signal(signal) if signal.signal_type == SignalType::Bad => 1,
            Item::Task(_) => 2,
            Item::Review { .. } => 3,
            Item::Signal(_) => 4,
        }
    }
}

/// The last day of those tasks that belong to the agenda of a day.
pub fn horizon(today: Day) -> Day {
    today + DAYS_AHEAD
}

/// A company with what is to be done for it.
pub struct Group {
    /// The company.
    pub company: Rc<AgendaCompany>,
    /// What is to be done; not empty.
    pub items: Vec<Item>,
}

/// A line of the agenda.
pub struct AgendaLine {
    company: Rc<AgendaCompany>,
    item: Item,
    today: Day,
    /// The place of the company, from 1.
    rank: u64,
    is_first_of_company: bool,
}

/// The lines of the agenda of a day: by company, the most urgent first, and where two are alike, by
/// id.
pub fn lines(mut groups: Vec<Group>, today: Day) -> Vec<AgendaLine> {
    groups.sort_by(|a, b| {
        let [a_urgency, b_urgency] = [a, b].map(|group| urgency(&workload(&group.items, today)));
        b_urgency.cmp(&a_urgency).then_with(|| a.company.company_id.cmp(&b.company.company_id))
    });
    let groups = (1..).zip(groups).flat_map(|(rank, mut group)| {
        group.items.sort_by_key(|item| (item.place(today), item.day(), item.id()));
        let company = group.company;
        group.items.into_iter().enumerate().map(move |(place, item)| AgendaLine {
            company: Rc::clone(&company),
            item,
            today,
            rank,
            is_first_of_company: place == 0,
        })
    });
    groups.collect()
}

fn workload(items: &[Item], today: Day) -> Workload {
    let mut workload = Workload::default();
    for item in items {
        match item {
            Item::Task(task) if task.is_overdue(today) => {
                workload.overdue_tasks += 1;
                workload.most_days_late = workload.most_days_late.max(today - task.due_on);
            }
            Item::Task(_) => workload.due_tasks += 1,
            Item::Signal(signal) if signal.signal_type == SignalType::Bad => {
                workload.bad_signals += 1
            }
            Item::Signal(_) => workload.other_signals += 1,
            Item::Review { .. } => workload.is_review_due = true,
        }
    }
    workload
}

/// The agenda.
pub const AGENDA: Listing<AgendaLine> = Listing {
    fields: &[
        "rank",
        "company_id",
        "company_name",
        "csm",
        "kind",
        "id",
        "type",
        "day",
        "days_overdue",
        "text",
        "assignee",
    ],
    values,
    columns: &[
        ("company", Align::Left),
        ("what", Align::Left),
        ("day", Align::Left),
        ("", Align::Left),
        ("who", Align::Left),
        ("to do", Align::Left),
    ],
    cells,
    when_empty: "nothing is to be done",
};

impl AgendaLine {
    /// Whose it is: the assignee of a task, else the company's CSM.
    fn who(&self) -> Option<&String> {
        match &self.item {
            Item::Task(task) => task.assignee.as_ref(),
            Item::Signal(_) | Item::Review { .. } => self.company.csm.as_ref(),
        }
    }

    fn signal_type(&self) -> Option<SignalType> {
        match &self.item {
            Item::Signal(signal) => Some(signal.signal_type),
            Item::Task(_) | Item::Review { .. } => None,
        }
    }

    /// How it stands, in a word or two.
    fn standing(&self) -> (String, Tone) {
        // A first review is no promise that was broken, however long ago the customer came.
        if matches!(self.item, Item::Review { last: None, .. }) {
            return plain("due");
        }
        match self.item.days_late(self.today) {
            None => self
                .signal_type()
                .map_or_else(|| plain(""), |kind| (kind.to_string(), signals::tone(kind))),
            Some(0) if self.item.day() == self.today => plain("today"),
            Some(0) => plain("due"),
            Some(days) => (format!("{days} d late"), Tone::Bad),
        }
    }
}

fn values(line: &AgendaLine) -> Vec<Value<'_>> {
    let company = &line.company;
    vec![
        line.rank.into(),
        (&company.company_id).into(),
        company.name.as_ref().into(),
        company.csm.as_ref().into(),
        line.item.kind().into(),
        line.item.id().into(),
        line.signal_type().map(SignalType::as_str).into(),
        line.item.day().into(),
        line.item.days_late(line.today).map(i64::from).into(),
        line.item.text().into(),
        line.who().into(),
    ]
}

fn cells(line: &AgendaLine) -> Vec<(String, Tone)> {
    let name = line.company.name.as_ref().unwrap_or(&line.company.company_id);
    let number = line.item.id().map(|id| format!(" {id}")).unwrap_or_default();
    vec![
        plain(if line.is_first_of_company { name } else { "" }),
        plain(format!("{}{number}", line.item.kind())),
        plain(line.item.day()),
        line.standing(),
        plain(or_dash(line.who())),
        plain(line.item.text()),
    ]
}
