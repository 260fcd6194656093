//! One company: all that is known of it.

use serde_json::json;

use super::{companies, or_dash};
use crate::domain::customer::{Break, Subscription};
use crate::domain::day::Day;
use crate::domain::facts::{Goal, Invoice, NpsResponse, Person, Ticket, Touchpoint};
use crate::render::{self, Align, Screen, TextTable, Value, counted};
use crate::store::{CompanyDetails, SignalRecord};
use crate::views::signals::SIGNALS;

/// All that is shown of one company.
pub struct CompanyView {
    /// What imports say of it, and its signal counts.
    pub details: CompanyDetails,
    /// Its signals, open ones first, newest first.
    pub signals: Vec<SignalRecord>,
    /// When it was no customer.
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
    /// The day as of which subscriptions count.
    pub as_of: Day,
}

/// How many signals are shown.
const SHOWN_SIGNALS: usize = 20;
/// How many rows of each other kind are shown.
const SHOWN: usize = 5;

/// The lists that follow the company's fields in JSON.
const LISTS: [&str; 8] =
    ["breaks", "subscriptions", "people", "nps_responses", "tickets", "invoices", "touchpoints", "goals"];

impl CompanyView {
    /// The fields of the list of companies and, nested, everything else.
    pub fn fields(&self) -> Vec<&str> {
        let own = self.details.attributes.keys().map(String::as_str);
        companies::FIELDS.iter().copied().chain(own).chain(LISTS).collect()
    }

    /// The values of [`CompanyView::fields`].
    pub fn values(&self) -> Vec<Value<'_>> {
        let fields = self.fields();
        let flat = &fields[..fields.len() - LISTS.len()];
        let mut values = companies::values(&self.details, flat);
        let lists = [
            self.breaks.iter().map(break_json).collect(),
            self.subscriptions.iter().map(subscription_json).collect(),
            self.people.iter().map(person_json).collect(),
            self.nps.iter().map(nps_json).collect(),
            self.tickets.iter().map(ticket_json).collect(),
            self.invoices.iter().map(invoice_json).collect(),
            self.touchpoints.iter().map(touchpoint_json).collect(),
            self.goals.iter().map(goal_json).collect(),
        ];
        values.extend(lists.into_iter().map(Value::Nested));
        values
    }

    /// The screen for people.
    pub fn draw(&self, screen: &mut Screen) {
        let company = &self.details.company;
        screen.heading(company.name.as_deref().unwrap_or(&company.company_id));
        screen.pairs(companies::known(&self.details));
        self.draw_breaks(screen);
        self.draw_signals(screen);
        self.draw_subscriptions(screen);
        self.draw_people(screen);
        self.draw_nps(screen);
        self.draw_tickets(screen);
        self.draw_invoices(screen);
        self.draw_touchpoints(screen);
        self.draw_goals(screen);
    }

    fn draw_breaks(&self, screen: &mut Screen) {
        for away in &self.breaks {
            let until = away.returned_on.map_or_else(|| "now".to_owned(), |day| day.to_string());
            screen.line(&format!("  no customer from {} until {until}", away.churned_on));
        }
    }

    fn draw_signals(&self, screen: &mut Screen) {
        screen.heading(&format!("Signals: {}", companies::signals_text(&self.details)));
        let mut table = TextTable::new(SIGNALS.columns.iter().copied());
        self.signals.iter().take(SHOWN_SIGNALS).for_each(|signal| table.toned_row((SIGNALS.cells)(signal)));
        if !table.is_empty() {
            screen.table(&table);
        }
        if self.signals.len() > table.len() {
            let more = self.signals.len() - table.len();
            screen.line(&format!("and {more} more: signals list {}", self.details.company.company_id));
        }
    }

    fn draw_subscriptions(&self, screen: &mut Screen) {
        let rows = self.subscriptions.iter().rev().map(|subscription| {
            vec![
                subscription.subscription_id.clone(),
                or_dash(subscription.plan.as_ref()),
                or_dash(subscription.mrr.map(|mrr| format!("{mrr:.2}"))),
                or_dash(subscription.seats),
                subscription.started_on.to_string(),
                or_dash(subscription.renews_on),
                or_dash(subscription.ended_on),
            ]
        });
        let active = self.subscriptions.iter().filter(|subscription| subscription.is_active(self.as_of)).count();
        let title = format!("Subscriptions: {active} of {} active on {}", self.subscriptions.len(), self.as_of);
        let columns = ["subscription", "plan", "mrr", "seats", "started", "renews", "ended"];
        draw_list(screen, &title, &columns, &[2, 3], rows);
    }

    fn draw_people(&self, screen: &mut Screen) {
        let rows = self.people.iter().map(|person| {
            vec![
                person.person_id.clone(),
                or_dash(person.name.as_ref()),
                or_dash(person.role.as_ref()),
                or_dash(person.email.as_ref()),
            ]
        });
        let title = counted(self.people.len() as u64, "person", "people");
        draw_list(screen, &title, &["person", "name", "role", "e-mail"], &[], rows);
    }

    fn draw_nps(&self, screen: &mut Screen) {
        let rows = self.nps.iter().map(|response| {
            vec![
                response.responded.on.to_string(),
                response.score.to_string(),
                or_dash(response.person_id.as_ref()),
                or_dash(response.comment.as_ref()),
            ]
        });
        let title = counted(self.nps.len() as u64, "NPS response", "NPS responses");
        draw_list(screen, &title, &["day", "score", "person", "comment"], &[1], rows);
    }

    fn draw_tickets(&self, screen: &mut Screen) {
        let rows = self.tickets.iter().map(|ticket| {
            vec![
                ticket.opened.on.to_string(),
                ticket.ticket_id.clone(),
                or_dash(ticket.priority.as_ref()),
                or_dash(ticket.closed.map(|closed| closed.on)),
                or_dash(ticket.subject.as_ref()),
            ]
        });
        let open = self.tickets.iter().filter(|ticket| ticket.closed.is_none()).count();
        let title = format!("{}, {open} open", counted(self.tickets.len() as u64, "ticket", "tickets"));
        draw_list(screen, &title, &["opened", "ticket", "priority", "closed", "subject"], &[], rows);
    }

    fn draw_invoices(&self, screen: &mut Screen) {
        let rows = self.invoices.iter().map(|invoice| {
            vec![
                invoice.due_on.to_string(),
                invoice.invoice_id.clone(),
                or_dash(invoice.amount.map(|amount| format!("{amount:.2}"))),
                or_dash(invoice.paid_on),
                or_dash(invoice.status.as_ref()),
            ]
        });
        let title = counted(self.invoices.len() as u64, "invoice", "invoices");
        draw_list(screen, &title, &["due", "invoice", "amount", "paid", "status"], &[2], rows);
    }

    fn draw_touchpoints(&self, screen: &mut Screen) {
        let rows = self.touchpoints.iter().map(|touchpoint| {
            vec![
                touchpoint.occurred.on.to_string(),
                touchpoint.direction.clone(),
                or_dash(touchpoint.channel.as_ref()),
                or_dash(touchpoint.kind.as_ref()),
                or_dash(touchpoint.with.as_ref()),
                or_dash(touchpoint.subject.as_ref()),
            ]
        });
        let title = counted(self.touchpoints.len() as u64, "contact", "contacts");
        draw_list(screen, &title, &["day", "direction", "channel", "kind", "with", "subject"], &[], rows);
    }

    fn draw_goals(&self, screen: &mut Screen) {
        let rows = self
            .goals
            .iter()
            .map(|goal| vec![goal.due_on.to_string(), goal.event.clone(), or_dash(goal.name.as_ref())]);
        draw_list(screen, &counted(self.goals.len() as u64, "goal", "goals"), &["due", "event", "name"], &[], rows);
    }
}

/// A heading with the first rows below it; nothing when there are no rows. `right` are the columns with numbers.
fn draw_list(
    screen: &mut Screen,
    title: &str,
    columns: &[&str],
    right: &[usize],
    rows: impl ExactSizeIterator<Item = Vec<String>>,
) {
    let total = rows.len();
    if total == 0 {
        return;
    }
    screen.heading(title);
    let align = |place: usize| if right.contains(&place) { Align::Right } else { Align::Left };
    let mut table = TextTable::new(columns.iter().enumerate().map(|(place, name)| (*name, align(place))));
    rows.take(SHOWN).for_each(|row| table.row(row));
    screen.table(&table);
    if total > SHOWN {
        screen.line(&format!("and {} more: --format json shows all", render::thousands((total - SHOWN) as u64)));
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

fn nps_json(response: &NpsResponse) -> serde_json::Value {
    json!({
        "person_id": response.person_id,
        "score": response.score,
        "responded_at": response.responded.at.to_string(),
        "responded_on": response.responded.on.to_string(),
        "comment": response.comment,
        "response_id": response.response_id,
    })
}

fn ticket_json(ticket: &Ticket) -> serde_json::Value {
    json!({
        "ticket_id": ticket.ticket_id,
        "opened_at": ticket.opened.at.to_string(),
        "opened_on": ticket.opened.on.to_string(),
        "closed_at": ticket.closed.map(|closed| closed.at.to_string()),
        "closed_on": text(ticket.closed.map(|closed| closed.on)),
        "priority": ticket.priority,
        "status": ticket.status,
        "subject": ticket.subject,
        "satisfaction": ticket.satisfaction,
    })
}

fn invoice_json(invoice: &Invoice) -> serde_json::Value {
    json!({
        "invoice_id": invoice.invoice_id,
        "due_on": invoice.due_on.to_string(),
        "paid_on": text(invoice.paid_on),
        "amount": invoice.amount,
        "status": invoice.status,
    })
}

fn touchpoint_json(touchpoint: &Touchpoint) -> serde_json::Value {
    json!({
        "occurred_at": touchpoint.occurred.at.to_string(),
        "occurred_on": touchpoint.occurred.on.to_string(),
        "direction": touchpoint.direction,
        "channel": touchpoint.channel,
        "kind": touchpoint.kind,
        "with": touchpoint.with,
        "subject": touchpoint.subject,
    })
}

fn goal_json(goal: &Goal) -> serde_json::Value {
    json!({"event": goal.event, "due_on": goal.due_on.to_string(), "name": goal.name})
}
