//! One company with everything known about it.

use serde_json::json;

use super::health::HealthView;
use super::pulses::HistoryRow;
use super::tasks::{self, ListedTask};
use super::{Column, attributes, or_dash, plain, table};
use crate::domain::attributes::{Datum, MONTH};
use crate::domain::company_link::CompanyLink;
use crate::domain::customer::{Break, Subscription};
use crate::domain::day::{Day, DayRange};
use crate::domain::fact::{Declared, FieldValue};
use crate::domain::fact_kinds::{Goal, Invoice, NpsResponse, Person, Ticket, Touchpoint};
use crate::render::{self, Screen, Tone, Value, counted};
use crate::store::{Known, PeopleKept, PersonActivity, SignalRecord};
use crate::views::pulses::HISTORY;
use crate::views::signals::SIGNALS;

pub(crate) struct ShownAttribute {
    name: String,
    group: String,
    value: Datum,
    text: String,
}

impl ShownAttribute {
    pub(crate) fn of(known: Known<'_>, value: Datum) -> Self {
        let group = match known {
            Known::BuiltIn(attribute) => attribute.group.as_str(),
            Known::Own(..) => "own columns",
            Known::Metric(_) => "metrics",
        };
        let text = attributes::text(known, &value);
        ShownAttribute { name: known.name().to_owned(), group: group.to_owned(), value, text }
    }
}

pub(crate) struct CompanyView {
    /// Its attributes, by group.
    pub attributes: Vec<ShownAttribute>,
    /// Its signals: open ones first, then newest first.
    pub signals: Vec<SignalRecord>,
    pub health: HealthView,
    /// Its pulses, oldest first.
    pub pulses: Vec<HistoryRow>,
    /// Its tasks: open ones first, earliest due first.
    pub tasks: Vec<ListedTask>,
    /// The days of `activity` and `people_activity`: two periods of four weeks.
    pub days: DayRange,
    /// Its events by name, with a count for each of `days`.
    pub activity: Vec<(String, Vec<u64>)>,
    /// What each of its people did in each half of `days`.
    pub people_activity: Vec<PersonActivity>,
    /// What is known about people on these days.
    pub people_kept: PeopleKept,
    /// The periods in which it was not a customer.
    pub breaks: Vec<Break>,
    /// Its subscriptions, oldest first.
    pub subscriptions: Vec<Subscription>,
    /// Its people, by id.
    pub people: Vec<Person>,
    /// Its survey responses, newest first.
    pub nps: Vec<NpsResponse>,
    /// Its tickets, newest first.
    pub tickets: Vec<Ticket>,
    /// Its invoices, latest due first.
    pub invoices: Vec<Invoice>,
    /// The contacts with it, newest first.
    pub touchpoints: Vec<Touchpoint>,
    /// Its goals, next due first.
    pub goals: Vec<Goal>,
    pub as_of: Day,
}

const SHOWN_SIGNALS: usize = 20;
const SHOWN_PEOPLE: usize = 10;
/// At most this many rows of each other list are shown.
const SHOWN: usize = 5;

impl CompanyView {
    /// All attributes, then the nested lists.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, Value<'_>)> {
        let attributes = self.attributes.iter();
        let lists = [
            ("health", self.health.json()),
            ("pulse_history", self.pulses.iter().map(HistoryRow::json).collect()),
            ("tasks", self.tasks.iter().map(|listed| tasks::json(&listed.task)).collect()),
            ("activity", self.activity.iter().map(|event| self.activity_json(event)).collect()),
            ("people_stopped", self.where_kept(self.stopped())),
            ("people_joined", self.where_kept(self.joined())),
            ("breaks", self.breaks.iter().map(break_json).collect()),
            ("subscriptions", self.subscriptions.iter().map(subscription_json).collect()),
            ("people", self.people.iter().map(person_json).collect()),
            ("nps", self.nps.iter().map(fact_json).collect()),
            ("tickets", self.tickets.iter().map(fact_json).collect()),
            ("invoices", self.invoices.iter().map(fact_json).collect()),
            ("touchpoints", self.touchpoints.iter().map(fact_json).collect()),
            ("goals", self.goals.iter().map(fact_json).collect()),
        ];
        attributes
            .map(|attribute| (attribute.name.as_str(), (&attribute.value).into()))
            .chain(lists.map(|(name, list)| (name, Value::Nested(list))))
    }

    fn activity_json(&self, (event, daily): &(String, Vec<u64>)) -> serde_json::Value {
        let DayRange { from, to } = self.days;
        json!({"event": event, "from": from.to_string(), "to": to.to_string(), "daily": daily})
    }

    fn text_of(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|attribute| attribute.name == name);
        found
            .filter(|attribute| attribute.value != Datum::Null)
            .map(|attribute| attribute.text.as_str())
    }

    fn company_id(&self) -> &str {
        self.text_of("company_id").unwrap_or_default()
    }

    /// Their ids, or null if the data does not say who was active.
    fn where_kept<'p>(
        &self,
        people: impl Iterator<Item = &'p PersonActivity>,
    ) -> serde_json::Value {
        let ids = || people.map(|person| &person.person_id).collect::<Vec<_>>();
        json!(self.people_kept.is_known().then(ids))
    }

    /// The people who were active in the earlier four weeks but not in the later.
    fn stopped(&self) -> impl Iterator<Item = &PersonActivity> {
        self.known_people().filter(|person| person.previous > 0 && person.current == 0)
    }

    /// The people who were active in the later four weeks but not in the earlier.
    fn joined(&self) -> impl Iterator<Item = &PersonActivity> {
        self.known_people().filter(|person| person.previous == 0 && person.current > 0)
    }

    fn known_people(&self) -> impl Iterator<Item = &PersonActivity> {
        self.people_activity.iter().filter(|person| person.person_id.is_some())
    }

    pub(crate) fn draw(&self, screen: &mut Screen, link: Option<&CompanyLink>) {
        let name = self.text_of("name").unwrap_or(self.company_id());
        let address = link.map(|link| link.of(self.company_id()));
        screen.linked_heading(["", name, &format!(", as of {}", self.as_of)], address);
        self.draw_group(screen, "company");
        self.draw_breaks(screen);
        self.draw_signals(screen);
        self.draw_health(screen);
        self.draw_pulses(screen);
        self.draw_tasks(screen);
        self.draw_activity(screen);
        self.draw_people_activity(screen);
        self.draw_other_groups(screen);
        self.draw_lists(screen);
    }

    fn known_of<'a>(&'a self, group: &'a str) -> impl Iterator<Item = (&'a str, String)> {
        let is_known =
            move |shown: &&ShownAttribute| shown.group == group && shown.value != Datum::Null;
        let known = self.attributes.iter().filter(is_known);
        known.map(|shown| (shown.name.as_str(), shown.text.clone()))
    }

    fn draw_group(&self, screen: &mut Screen, group: &str) {
        screen.pairs(self.known_of(group));
    }

    /// The other groups, in the order of the catalogue, without unknown values.
    fn draw_other_groups(&self, screen: &mut Screen) {
        let groups = self.attributes.iter().map(|shown| shown.group.as_str());
        let mut groups: Vec<&str> =
            groups.filter(|group| !["company", "signals", "health"].contains(group)).collect();
        groups.dedup();
        groups.retain(|group| self.known_of(group).next().is_some());
        for group in groups {
            let mut title = group.to_owned();
            title[..1].make_ascii_uppercase();
            screen.heading(&title);
            self.draw_group(screen, group);
        }
    }

    fn draw_health(&self, screen: &mut Screen) {
        screen.heading(&format!("Health: {}", self.health.headline()));
        self.health.draw_measures(screen);
    }

    fn draw_pulses(&self, screen: &mut Screen) {
        let Some(last) = self.pulses.last() else { return };
        let score = or_dash(self.text_of("success_score"));
        screen.heading(&format!("Pulse: {}, SuccessScore {score}", last.journey));
        screen.table(&HISTORY.table(self.pulses.iter().rev().take(SHOWN)));
        if self.pulses.len() > SHOWN {
            let more = self.pulses.len() - SHOWN;
            screen.line(&format!("and {more} more: signals pulse history {}", self.company_id()));
        }
    }

    fn draw_tasks(&self, screen: &mut Screen) {
        if self.tasks.is_empty() {
            return;
        }
        let open = self.tasks.iter().filter(|listed| listed.task.closed.is_none()).count();
        let number = counted(self.tasks.len() as u64, "task", "tasks");
        screen.heading(&format!("{number}, {open} open"));
        for listed in self.tasks.iter().take(SHOWN) {
            screen.wrapped("  ", &tasks::line(&listed.task), Tone::Plain);
        }
        if self.tasks.len() > SHOWN {
            let more = self.tasks.len() - SHOWN;
            screen.line(&format!("  and {more} more: --format json shows all"));
        }
    }

    fn draw_activity(&self, screen: &mut Screen) {
        if self.activity.is_empty() {
            return;
        }
        screen.heading(&format!("Events of each day, {}", self.days));
        let first = self.days.from;
        let last = |daily: &[u64]| {
            or_dash(daily.iter().rposition(|count| *count > 0).map(|place| first + place as i32))
        };
        let rows: Vec<_> =
            self.activity.iter().map(|(event, daily)| (event, daily, last(daily))).collect();
        let columns = [
            Column::left("event", |(event, ..): &(&String, &Vec<u64>, String)| plain(event)),
            Column::left("56 days", |(_, daily, _)| plain(render::sparkline(daily))),
            Column::right("total", |(_, daily, _)| plain(render::thousands(daily.iter().sum()))),
            Column::right("last", |(.., last)| plain(last)),
        ];
        screen.table(&table(&columns, &rows));
    }

    fn draw_people_activity(&self, screen: &mut Screen) {
        if let PeopleKept::NotOf(days) = self.people_kept {
            let days = counted(days, "day", "days");
            screen.heading("People who stopped or joined");
            screen.line(&format!("  The people of {days} are not kept here: they came as counts."));
            return;
        }
        self.draw_names(screen, "Stopped", self.stopped().collect());
        self.draw_names(screen, "Joined", self.joined().collect());
    }

    fn draw_names(&self, screen: &mut Screen, title: &str, people: Vec<&PersonActivity>) {
        if people.is_empty() {
            return;
        }
        let half = DayRange { from: self.as_of - MONTH + 1, to: self.as_of };
        let number = counted(people.len() as u64, "person", "people");
        screen.heading(&format!("{title}: {number}, {half}"));
        let ids = people.iter().take(SHOWN_PEOPLE).filter_map(|person| person.person_id.as_ref());
        let mut names = ids.map(|id| self.name_of(id)).collect::<Vec<_>>().join(", ");
        if people.len() > SHOWN_PEOPLE {
            let more = render::thousands((people.len() - SHOWN_PEOPLE) as u64);
            names += &format!(" and {more} more");
        }
        screen.line(&format!("  {names}"));
    }

    /// A person's name, if known, and id.
    fn name_of(&self, person_id: &str) -> String {
        let known = self.people.iter().find(|person| person.person_id == person_id);
        match known.and_then(|person| person.name.as_ref()) {
            Some(name) => format!("{name} ({person_id})"),
            None => person_id.to_owned(),
        }
    }

    fn draw_breaks(&self, screen: &mut Screen) {
        for away in &self.breaks {
            let until = away.returned_on.map_or_else(|| "now".to_owned(), |day| day.to_string());
            screen.line(&format!("  no customer from {} until {until}", away.churned_on));
        }
    }

    fn draw_signals(&self, screen: &mut Screen) {
        screen.heading(&format!("Signals: {}", self.signals_text()));
        let table = SIGNALS.table(self.signals.iter().take(SHOWN_SIGNALS));
        if !table.is_empty() {
            screen.table(&table);
        }
        if self.signals.len() > table.len() {
            let more = self.signals.len() - table.len();
            screen.line(&format!("and {more} more: signals list {}", self.company_id()));
        }
    }

    fn signals_text(&self) -> String {
        let count = |name| self.text_of(name).unwrap_or("0");
        let (bad, good) = (count("bad_open_signals"), count("good_open_signals"));
        let (bad_closed, good_closed) = (count("bad_closed_signals"), count("good_closed_signals"));
        let info = match (count("info_open_signals"), count("info_closed_signals")) {
            ("0", "0") => String::new(),
            (open, closed) => format!(", {open} info open, {closed} info closed"),
        };
        format!(
            "{bad} bad open, {bad_closed} bad closed, {good} good open, {good_closed} good closed{info}"
        )
    }

    fn draw_lists(&self, screen: &mut Screen) {
        let number = |of: usize, one, many| counted(of as u64, one, many);
        let subscriptions = &self.subscriptions;
        let active = subscriptions.iter().filter(|it| it.is_active(self.as_of)).count();
        let (all, as_of) = (subscriptions.len(), self.as_of);
        let title = format!("Subscriptions: {active} of {all} active on {as_of}");
        draw_list(screen, &title, &SUBSCRIPTIONS, subscriptions.iter().rev());
        let title = number(self.people.len(), "person", "people");
        draw_list(screen, &title, &PEOPLE, self.people.iter());
        let title = number(self.nps.len(), "NPS response", "NPS responses");
        draw_list(screen, &title, &NPS, self.nps.iter());
        let open = self.tickets.iter().filter(|ticket| ticket.closed.is_none()).count();
        let title = format!("{}, {open} open", number(self.tickets.len(), "ticket", "tickets"));
        draw_list(screen, &title, &TICKETS, self.tickets.iter());
        let title = number(self.invoices.len(), "invoice", "invoices");
        draw_list(screen, &title, &INVOICES, self.invoices.iter());
        let title = number(self.touchpoints.len(), "contact", "contacts");
        draw_list(screen, &title, &TOUCHPOINTS, self.touchpoints.iter());
        let title = number(self.goals.len(), "goal", "goals");
        draw_list(screen, &title, &GOALS, self.goals.iter());
    }
}

const SUBSCRIPTIONS: [Column<Subscription>; 7] = [
    Column::left("subscription", |subscription| plain(&subscription.subscription_id)),
    Column::left("plan", |subscription| plain(or_dash(subscription.plan.as_ref()))),
    Column::right("mrr", |subscription| plain(cents(subscription.mrr))),
    Column::right("seats", |subscription| plain(or_dash(subscription.seats))),
    Column::left("started", |subscription| plain(subscription.started_on)),
    Column::left("renews", |subscription| plain(or_dash(subscription.renews_on))),
    Column::left("ended", |subscription| plain(or_dash(subscription.ended_on))),
];

const PEOPLE: [Column<Person>; 4] = [
    Column::left("person", |person| plain(&person.person_id)),
    Column::left("name", |person| plain(or_dash(person.name.as_ref()))),
    Column::left("role", |person| plain(or_dash(person.role.as_ref()))),
    Column::left("e-mail", |person| plain(or_dash(person.email.as_ref()))),
];

const NPS: [Column<NpsResponse>; 4] = [
    Column::left("day", |response| plain(response.responded.on)),
    Column::right("score", |response| plain(response.score)),
    Column::left("person", |response| plain(or_dash(response.person_id.as_ref()))),
    Column::left("comment", |response| plain(or_dash(response.comment.as_ref()))),
];

const TICKETS: [Column<Ticket>; 5] = [
    Column::left("opened", |ticket| plain(ticket.opened.on)),
    Column::left("ticket", |ticket| plain(&ticket.ticket_id)),
    Column::left("priority", |ticket| plain(or_dash(ticket.priority.as_ref()))),
    Column::left("closed", |ticket| plain(or_dash(ticket.closed.map(|closed| closed.on)))),
    Column::left("subject", |ticket| plain(or_dash(ticket.subject.as_ref()))),
];

const INVOICES: [Column<Invoice>; 5] = [
    Column::left("due", |invoice| plain(invoice.due_on)),
    Column::left("invoice", |invoice| plain(&invoice.invoice_id)),
    Column::right("amount", |invoice| plain(cents(invoice.amount))),
    Column::left("paid", |invoice| plain(or_dash(invoice.paid_on))),
    Column::left("status", |invoice| plain(or_dash(invoice.status.as_ref()))),
];

const TOUCHPOINTS: [Column<Touchpoint>; 6] = [
    Column::left("day", |touchpoint| plain(touchpoint.occurred.on)),
    Column::left("direction", |touchpoint| plain(&touchpoint.direction)),
    Column::left("channel", |touchpoint| plain(or_dash(touchpoint.channel.as_ref()))),
    Column::left("kind", |touchpoint| plain(or_dash(touchpoint.kind.as_ref()))),
    Column::left("with", |touchpoint| plain(or_dash(touchpoint.with.as_ref()))),
    Column::left("subject", |touchpoint| plain(or_dash(touchpoint.subject.as_ref()))),
];

const GOALS: [Column<Goal>; 3] = [
    Column::left("due", |goal| plain(goal.due_on)),
    Column::left("event", |goal| plain(&goal.event)),
    Column::left("name", |goal| plain(or_dash(goal.name.as_ref()))),
];

fn cents(amount: Option<f64>) -> String {
    or_dash(amount.map(|amount| format!("{amount:.2}")))
}

/// A heading with the first rows of a list; nothing if there are no rows.
fn draw_list<'i, T: 'i>(
    screen: &mut Screen,
    title: &str,
    columns: &[Column<T>],
    items: impl ExactSizeIterator<Item = &'i T>,
) {
    let total = items.len();
    if total == 0 {
        return;
    }
    screen.heading(title);
    screen.table(&table(columns, items.take(SHOWN)));
    if total > SHOWN {
        let more = render::thousands((total - SHOWN) as u64);
        screen.line(&format!("and {more} more: --format json shows all"));
    }
}

fn text(day: Option<Day>) -> Option<String> {
    day.map(|day| day.to_string())
}

fn break_json(away: &Break) -> serde_json::Value {
    json!({"churned_on": away.churned_on.to_string(), "returned_on": text(away.returned_on)})
}

fn subscription_json(subscription: &Subscription) -> serde_json::Value {
    json!({
        "subscription_id": subscription.subscription_id,
        "started_on": subscription.started_on.to_string(),
        "plan": subscription.plan,
        "product": subscription.product,
        "mrr": subscription.mrr,
        "seats": subscription.seats,
        "renews_on": text(subscription.renews_on),
        "ended_on": text(subscription.ended_on),
        "card_expires_on": text(subscription.card_expires_on),
        "term_days": subscription.term_days,
    })
}

fn person_json(person: &Person) -> serde_json::Value {
    json!({
        "person_id": person.person_id,
        "name": person.name,
        "email": person.email,
        "role": person.role,
        "created_on": text(person.created_on),
    })
}

/// A declared fact, with the columns of its table: an instant as `…_at` and its day as `…_on`.
fn fact_json<D: Declared>(fact: &D) -> serde_json::Value {
    let mut fields = serde_json::Map::new();
    for (column, value) in D::COLUMNS.iter().zip(fact.values()) {
        let value = match value {
            FieldValue::Text(text) => json!(text),
            FieldValue::Whole(number) => json!(number),
            FieldValue::Money(amount) => json!(amount),
            FieldValue::Day(day) => json!(text(day)),
            FieldValue::When(when) => {
                fields
                    .insert(column.stored.to_owned(), json!(when.map(|when| when.at.to_string())));
                let on = column.stored.trim_end_matches("_at").to_owned() + "_on";
                fields.insert(on, json!(text(when.map(|when| when.on))));
                continue;
            }
        };
        fields.insert(column.name.to_owned(), value);
    }
    fields.into()
}
