//! The agenda: what there is to do, by company, most at stake first.

use super::{Field, Listing, RecordFields, concerns};
use crate::domain::company_link::CompanyLink;
use crate::domain::day::Day;
use crate::domain::portfolio::AtStake;
use crate::domain::signal::SignalType;
use crate::render::report::Cell;
use crate::render::{Screen, Tone, counted};
use crate::store::{OpenSignal, TaskRecord};

pub(crate) struct Agenda {
    /// The companies, most at stake first.
    pub groups: Vec<CompanyAgenda>,
    pub today: Day,
    /// How many signals are left out because they are snoozed.
    pub snoozed: u64,
    /// Whether one of them is assigned to the person, and the company has another CSM.
    pub has_snoozed_of_others: bool,
}

/// What an agenda was asked for; its hints repeat it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub person: Option<&'a str>,
    /// Everybody's was asked for, even if the user is a CSM.
    pub is_everyones: bool,
    pub as_of: Option<Day>,
}

impl Asked<'_> {
    /// The option of lists that selects the person.
    fn csm(&self) -> String {
        self.person.map(|name| format!(" --csm {}", word(name))).unwrap_or_default()
    }

    /// The options of the agenda itself.
    fn options(&self) -> String {
        let everyone = if self.is_everyones { " --everyone" } else { "" };
        let as_of = self.as_of.map(|day| format!(" --as-of {day}")).unwrap_or_default();
        format!("{}{everyone}{as_of}", self.csm())
    }
}

/// A company and what there is to do for it.
pub(crate) struct CompanyAgenda {
    /// The company, and why it needs attention.
    pub at_stake: AtStake,
    /// Its open signals that are not snoozed, oldest first.
    pub signals: Vec<OpenSignal>,
    /// Its tasks that are overdue or due soon, earliest due first.
    pub tasks: Vec<TaskRecord>,
    pub review: Option<ReviewDue>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReviewDue {
    pub due_on: Day,
    /// The day of the last one, if any.
    pub last: Option<Day>,
}

/// Whether a signal is shown in full: a bad one that, as far as is known, still holds.
pub(crate) fn is_urgent(signal: &OpenSignal) -> bool {
    signal.signal_type == SignalType::Bad && signal.holds != Some(false)
}

/// Whether a bad signal no longer holds.
fn is_over(signal: &OpenSignal) -> bool {
    signal.signal_type == SignalType::Bad && !is_urgent(signal)
}

impl CompanyAgenda {
    /// Whether there is anything to do besides paying attention to the company.
    pub(crate) fn has_items(&self) -> bool {
        !self.signals.is_empty() || !self.tasks.is_empty() || self.review.is_some()
    }

    /// The company's name, else its id.
    pub(crate) fn title(&self) -> &str {
        self.at_stake.customer.title()
    }

    /// Why the company needs attention, in one line; empty if nothing is at stake.
    pub(crate) fn why(&self) -> String {
        let mut words = concerns::all(&self.at_stake);
        let paid = self.at_stake.customer.mrr.filter(|_| !words.is_empty());
        words.extend(paid.map(|amount| format!("{} a month", Cell::Money(amount).text())));
        words.join(", ")
    }

    fn draw(&self, screen: &mut Screen, rank: usize, today: Day, link: Option<&CompanyLink>) {
        let customer = &self.at_stake.customer;
        let id = customer.name.as_ref().map(|_| format!(" ({})", customer.company_id));
        let csm = customer.csm.as_ref().map(|csm| format!(", {csm}"));
        let (id, csm) = (id.unwrap_or_default(), csm.unwrap_or_default());
        let address = link.map(|link| link.of(&customer.company_id));
        let (rank, after) = (format!("{rank}. "), format!("{id}{csm}"));
        screen.linked_heading([&rank, self.title(), &after], address);
        if !self.why().is_empty() {
            screen.wrapped("   ", &self.why(), Tone::Bad);
        }
        for signal in self.signals.iter().filter(|signal| is_urgent(signal)) {
            let assigned = signal.assigned_to.as_ref().map(|name| format!(" (for {name})"));
            let text = format!("{}{}", signal.detail, assigned.unwrap_or_default());
            let label = format!("   signal {:<6} {}  ", signal.id, signal.raised_on);
            screen.wrapped(&label, &text, Tone::Plain);
        }
        for task in &self.tasks {
            let (standing, tone) = standing(task, today);
            let who = task.assignee.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
            let text = format!("{}{who}, {standing}", task.title);
            screen.wrapped(&format!("   task {:<8} {}  ", task.id, task.due_on), &text, tone);
        }
        if let Some(review) = self.review {
            let text = review_text(review);
            screen.wrapped(&format!("   review        {}  ", review.due_on), &text, Tone::Plain);
        }
        self.other_signals().iter().for_each(|line| screen.wrapped("   ", line, Tone::Faint));
    }

    /// Signals besides the urgent ones: the number of good and info ones, and the ids of those that
    /// no longer hold.
    fn other_signals(&self) -> Vec<String> {
        let over = self.signals.iter().filter(|signal| is_over(signal));
        let over: Vec<String> = over.map(|signal| signal.id.to_string()).collect();
        let count = |wanted| {
            self.signals.iter().filter(|signal| signal.signal_type == wanted).count() as u64
        };
        let known = [
            (count(SignalType::Good), "good signal", "good signals"),
            (count(SignalType::Info), "info signal", "info signals"),
        ];
        let known = known.into_iter().filter(|(count, ..)| *count > 0);
        let known: Vec<String> =
            known.map(|(count, one, many)| counted(count, one, many)).collect();
        let mut lines = Vec::new();
        if !known.is_empty() {
            lines.push(known.join(", "));
        }
        if !over.is_empty() {
            let number = over.len() as u64;
            let what = counted(number, "signal no longer holds", "signals no longer hold");
            lines.push(format!("{what}: {}", over.join(", ")));
        }
        lines
    }
}

impl Agenda {
    /// Draws at most `most` companies, each with the link to where it is found, and what was left
    /// out.
    pub(crate) fn draw(
        &self,
        screen: &mut Screen,
        most: usize,
        asked: Asked<'_>,
        link: Option<&CompanyLink>,
    ) {
        let shown = self.groups.iter().take(most);
        (1..).zip(shown).for_each(|(rank, group)| group.draw(screen, rank, self.today, link));
        let left_out = self.left_out(most, asked);
        if !left_out.is_empty() {
            screen.gap();
        }
        left_out.iter().for_each(|line| screen.wrapped("", line, Tone::Faint));
    }

    /// What was left out, and how to see it; one line each.
    pub(crate) fn left_out(&self, most: usize, asked: Asked<'_>) -> Vec<String> {
        let (csm, options) = (asked.csm(), asked.options());
        let mut lines = Vec::new();
        let more = self.groups.len().saturating_sub(most);
        if more > 0 {
            let more = counted(more as u64, "company is", "companies are");
            let all = self.groups.len();
            lines.push(format!(
                "{more} left out, of {all}: `signals agenda{options} --all` shows all"
            ));
        }
        let shown = || self.groups.iter().take(most).flat_map(|group| &group.signals);
        if shown().any(|signal| signal.signal_type != SignalType::Bad) {
            lines.push(format!("good and info signals: `signals list --state open --type good{csm}` and `--type info`"));
        }
        if shown().any(is_over) {
            let command = format!("signals list --state open --holds no{csm}");
            lines.push(format!("signals that no longer hold: `{command}`"));
        }
        if self.snoozed > 0 {
            let what = counted(self.snoozed, "signal is snoozed", "signals are snoozed");
            // Lists know the CSM of a company, but not to whom a signal is assigned.
            let csm = if self.has_snoozed_of_others { String::new() } else { csm };
            lines.push(format!("{what}: `signals list --snoozed{csm}`"));
        }
        lines
    }

    /// The items of at most `most` companies, one per line.
    pub(crate) fn lines(&self, most: usize) -> Vec<AgendaLine> {
        let groups = (1..).zip(self.groups.iter().take(most));
        groups.flat_map(|(rank, group)| group_lines(rank, group, self.today)).collect()
    }
}

/// Quotes a name for a shell's command line, if necessary.
fn word(name: &str) -> String {
    let is_plain = name.chars().all(char::is_alphanumeric);
    if is_plain { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

fn review_text(review: ReviewDue) -> String {
    match review.last {
        Some(last) => format!("Business review; the last one was on {last}"),
        None => "Business review; there was none so far".to_owned(),
    }
}

fn standing(task: &TaskRecord, today: Day) -> (String, Tone) {
    match today - task.due_on {
        -1 => ("due tomorrow".to_owned(), Tone::Plain),
        ..0 => (format!("due in {} days", task.due_on - today), Tone::Plain),
        0 => ("due today".to_owned(), Tone::Plain),
        late => (format!("{} late", counted(late.unsigned_abs().into(), "day", "days")), Tone::Bad),
    }
}

/// A line of the agenda, for other programs.
#[derive(Default)]
pub(crate) struct AgendaLine {
    /// The position of the company, from 1.
    rank: u64,
    company_id: String,
    company_name: Option<String>,
    csm: Option<String>,
    /// `signal`, `task`, `review`, or `company` if the company needs attention for other reasons
    /// only.
    kind: &'static str,
    id: Option<i64>,
    signal_type: Option<SignalType>,
    day: Option<Day>,
    days_overdue: Option<i32>,
    text: String,
    assignee: Option<String>,
    points: u64,
    why: String,
}

pub(crate) const AGENDA: Listing<AgendaLine> = Listing {
    fields: RecordFields::Each(&FIELDS),
    columns: &[],
    when_empty: "nothing is to be done",
};

const FIELDS: [Field<AgendaLine>; 13] = [
    Field::new("rank", |line| line.rank.into()),
    Field::new("company_id", |line| (&line.company_id).into()),
    Field::new("company_name", |line| line.company_name.as_ref().into()),
    Field::new("csm", |line| line.csm.as_ref().into()),
    Field::new("kind", |line| line.kind.into()),
    Field::new("id", |line| line.id.into()),
    Field::new("type", |line| line.signal_type.map(SignalType::as_str).into()),
    Field::new("day", |line| line.day.into()),
    Field::new("days_overdue", |line| line.days_overdue.map(i64::from).into()),
    Field::new("text", |line| (&line.text).into()),
    Field::new("assignee", |line| line.assignee.as_ref().into()),
    Field::new("stake", |line| line.points.into()),
    Field::new("why", |line| (&line.why).into()),
];

fn group_lines(rank: u64, group: &CompanyAgenda, today: Day) -> Vec<AgendaLine> {
    let (overdue, due): (Vec<_>, Vec<_>) =
        group.tasks.iter().partition(|task| task.is_overdue(today));
    let (bad, known): (Vec<_>, Vec<_>) =
        group.signals.iter().partition(|signal| signal.signal_type == SignalType::Bad);
    let task = |task: &TaskRecord| task_line(group, task, today);
    let signal = |signal: &OpenSignal| signal_line(group, signal);
    let mut lines: Vec<AgendaLine> = overdue.into_iter().map(task).collect();
    lines.extend(bad.into_iter().map(signal));
    lines.extend(due.into_iter().map(task));
    lines.extend(group.review.map(|review| AgendaLine {
        kind: "review",
        text: review_text(review),
        ..line_due(group, review.due_on, today)
    }));
    lines.extend(known.into_iter().map(signal));
    if lines.is_empty() {
        lines.push(AgendaLine { kind: "company", text: group.why(), ..line(group) });
    }
    lines.iter_mut().for_each(|line| line.rank = rank);
    lines
}

fn line(group: &CompanyAgenda) -> AgendaLine {
    let customer = &group.at_stake.customer;
    AgendaLine {
        company_id: customer.company_id.clone(),
        company_name: customer.name.clone(),
        csm: customer.csm.clone(),
        assignee: customer.csm.clone(),
        points: group.at_stake.points,
        why: group.why(),
        ..AgendaLine::default()
    }
}

fn line_due(group: &CompanyAgenda, day: Day, today: Day) -> AgendaLine {
    AgendaLine { day: Some(day), days_overdue: Some((today - day).max(0)), ..line(group) }
}

fn task_line(group: &CompanyAgenda, task: &TaskRecord, today: Day) -> AgendaLine {
    AgendaLine {
        kind: "task",
        id: Some(task.id.0),
        text: task.title.clone(),
        assignee: task.assignee.clone(),
        ..line_due(group, task.due_on, today)
    }
}

fn signal_line(group: &CompanyAgenda, signal: &OpenSignal) -> AgendaLine {
    let line = line(group);
    AgendaLine {
        kind: "signal",
        id: Some(signal.id.0),
        signal_type: Some(signal.signal_type),
        day: Some(signal.raised_on),
        text: signal.detail.clone(),
        assignee: signal.assigned_to.clone().or(line.assignee.clone()),
        ..line
    }
}
