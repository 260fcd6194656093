//! One signal, explained: both windows, the formula with its numbers, the people behind it, its history.

use serde_json::json;

use super::{rules, signals, tasks};
use crate::domain::day::{Day, DayRange};
use crate::domain::rule::Watch;
use crate::domain::signal::HistoryEntry;
use crate::render::{self, Align, Screen, TextTable, Tone, Value};
use crate::store::{CompanyActivity, PersonActivity, SignalRecord, TaskRecord};

/// All that is shown of one signal.
pub struct SignalView {
    /// The signal.
    pub signal: SignalRecord,
    /// What the company did in its windows, by the events as they are stored now.
    pub activity: CompanyActivity,
    /// What happened to it.
    pub history: Vec<HistoryEntry>,
    /// The tasks that it opened.
    pub tasks: Vec<TaskRecord>,
}

/// How many people are named before the others are counted.
const MOST_PEOPLE: usize = 12;

impl SignalView {
    /// The fields of the list and, nested, the explanation.
    pub fn fields() -> Vec<&'static str> {
        signals::SIGNALS
            .fields
            .iter()
            .copied()
            .chain(["rule_as_it_was", "daily_counts", "people", "history", "tasks"])
            .collect()
    }

    /// The values of [`SignalView::fields`].
    pub fn values(&self) -> Vec<Value<'_>> {
        let mut values = (signals::SIGNALS.values)(&self.signal);
        values.push(Value::Nested(self.definition_json()));
        let daily = self.activity.daily.iter().map(|(day, count)| json!({"day": day.to_string(), "count": count}));
        values.push(Value::Nested(daily.collect()));
        values.push(Value::Nested(self.activity.people.iter().map(person_json).collect()));
        values.push(Value::Nested(self.history.iter().map(entry_json).collect()));
        values.push(Value::Nested(self.tasks.iter().map(tasks::json).collect()));
        values
    }

    fn definition_json(&self) -> serde_json::Value {
        let trend = &self.signal.definition;
        json!({
            "name": self.signal.rule,
            "kind": self.signal.kind.as_str(),
            "event": trend.watch.event(),
            "people": trend.watch == Watch::People,
            "timeframe": trend.timeframe,
            "threshold": trend.threshold,
            "direction": trend.direction.as_str(),
            "inverse": trend.inverse,
            "min_events": trend.min_events,
            "max_chance": trend.max_chance,
        })
    }

    /// The screen for people.
    pub fn draw(&self, screen: &mut Screen) {
        let signal = &self.signal;
        screen.heading(&format!("Signal {}: {}", signal.id, signal.detail));
        screen.toned_line(
            &format!("{}, {}, raised on {}", signal.signal_type, signal.state(), signal.raised_on),
            signals::tone(signal.signal_type),
        );
        screen.pairs(self.company_pairs());
        if let Some((before, now)) = self.newer_counts() {
            screen.line(&format!(
                "  Events of these days were imported later: counted today, it is {before} before and {now} now."
            ));
        }
        self.draw_numbers(screen);
        self.draw_people(screen);
        screen.heading("The rule as it was");
        screen.line(&format!("  {}", rules::sentence(&signal.rule, &signal.definition)));
        self.draw_history(screen);
        self.draw_tasks(screen);
    }

    fn draw_tasks(&self, screen: &mut Screen) {
        if !self.tasks.is_empty() {
            screen.heading("Tasks");
            self.tasks.iter().for_each(|task| screen.line(&format!("  {}", tasks::line(task))));
        }
    }

    fn company_pairs(&self) -> Vec<(&str, String)> {
        let mut pairs = vec![("company", self.signal.company_id.clone())];
        pairs.extend(self.signal.company_name.clone().map(|name| ("name", name)));
        pairs.extend(self.signal.csm.clone().map(|csm| ("csm", csm)));
        pairs
    }

    fn draw_numbers(&self, screen: &mut Screen) {
        let comparison = &self.signal.comparison;
        screen.heading("The numbers");
        self.draw_window(screen, "observation window", comparison.observation, comparison.previous);
        self.draw_window(screen, "decision window", comparison.decision, comparison.current);
        screen.gap();
        screen.pairs([
            ("change", comparison.change_text()),
            ("fires when", "|now - before| x 100 > threshold x before".to_owned()),
            ("here", self.formula()),
            ("chance", self.chance_text()),
            ("", "taking what people do to be independent of each other".to_owned()),
        ]);
    }

    fn draw_window(&self, screen: &mut Screen, name: &str, window: DayRange, count: u64) {
        screen.line(&format!("  {name} {window}: {}", render::thousands(count)));
        let days: Vec<&(Day, u64)> = self.activity.daily.iter().filter(|(day, _)| window.contains(*day)).collect();
        let width = days.iter().map(|(_, count)| render::thousands(*count).len()).max().unwrap_or(1);
        for week in days.chunks(7) {
            let counts: Vec<String> =
                week.iter().map(|(_, count)| format!("{:>width$}", render::thousands(*count))).collect();
            screen.toned_line(&format!("    {}  {}", week[0].0, counts.join(" ")), Tone::Faint);
        }
    }

    fn formula(&self) -> String {
        let comparison = &self.signal.comparison;
        let (before, now) = (comparison.previous, comparison.current);
        let threshold = self.signal.definition.threshold;
        format!(
            "|{now} - {before}| x 100 = {} > {threshold} x {before} = {}",
            u128::from(now.abs_diff(before)) * 100,
            u128::from(threshold) * u128::from(before)
        )
    }

    fn chance_text(&self) -> String {
        let Some(chance) = self.signal.chance else { return "unknown".to_owned() };
        let often = match chance {
            chance if chance >= 0.5 => "in every second comparison or more".to_owned(),
            chance if chance > 1e-6 => {
                format!("in about 1 of {} comparisons", render::thousands((1.0 / chance).round() as u64))
            }
            _ => "once in more than a million".to_owned(),
        };
        format!("{}: by chance alone it would look like this {often}", render::chance(chance))
    }

    /// The counts of both windows as the events are stored now, where they are not those of the signal.
    fn newer_counts(&self) -> Option<(u64, u64)> {
        let comparison = &self.signal.comparison;
        let sum = |window: DayRange| -> u64 {
            self.activity.daily.iter().filter(|(day, _)| window.contains(*day)).map(|(_, count)| count).sum()
        };
        let (before, now) = (sum(comparison.observation), sum(comparison.decision));
        let is_events = self.signal.definition.watch != Watch::People;
        (is_events && (before, now) != (comparison.previous, comparison.current)).then_some((before, now))
    }

    fn draw_people(&self, screen: &mut Screen) {
        screen.heading("The people behind it");
        let people: Vec<&PersonActivity> =
            self.activity.people.iter().filter(|person| person.previous != person.current).collect();
        if people.is_empty() {
            screen.line("  Nobody did more or less than before.");
            return;
        }
        let mut table = TextTable::new([
            ("  person", Align::Left),
            ("before", Align::Right),
            ("now", Align::Right),
            ("", Align::Left),
        ]);
        for person in people.iter().take(MOST_PEOPLE) {
            let (verdict, tone) = verdict(person);
            let name = format!("  {}", person.person_id.as_deref().unwrap_or("(events that name nobody)"));
            let number = |count| (render::thousands(count), Tone::Plain);
            table.toned_row([
                (name, Tone::Plain),
                number(person.previous),
                number(person.current),
                (verdict.into(), tone),
            ]);
        }
        screen.table(&table);
        if people.len() > MOST_PEOPLE {
            screen.line(&format!("  and {} more", people.len() - MOST_PEOPLE));
        }
        let count = |wanted| people.iter().filter(|person| verdict(person).0 == wanted).count() as u64;
        let stopped = render::counted(count("stopped"), "person stopped", "people stopped");
        screen.line(&format!("  {stopped}, {} began.", render::thousands(count("began"))));
    }

    fn draw_history(&self, screen: &mut Screen) {
        screen.heading("History");
        screen.line(&format!("  {} raised", self.signal.raised_on));
        for entry in &self.history {
            let outcome = entry.outcome.map(|outcome| format!(" ({outcome})")).unwrap_or_default();
            let entered = entry.at.to_string()[..10].to_owned();
            let entered = if entered == entry.day.to_string() { String::new() } else { format!(", entered {entered}") };
            screen.line(&format!("  {} {} by {}{outcome}{entered}", entry.day, entry.action, entry.by));
            screen.line(&format!("    {}", entry.reason));
        }
    }
}

fn verdict(person: &PersonActivity) -> (&'static str, Tone) {
    match (person.previous, person.current) {
        _ if person.person_id.is_none() => ("", Tone::Plain),
        (_, 0) => ("stopped", Tone::Bad),
        (0, _) => ("began", Tone::Good),
        (before, now) if now < before => ("less", Tone::Plain),
        _ => ("more", Tone::Plain),
    }
}

fn person_json(person: &PersonActivity) -> serde_json::Value {
    json!({
        "person_id": person.person_id,
        "observation_count": person.previous,
        "decision_count": person.current,
    })
}

fn entry_json(entry: &HistoryEntry) -> serde_json::Value {
    json!({
        "action": entry.action.as_str(),
        "at": entry.at.to_string(),
        "day": entry.day.to_string(),
        "by": entry.by,
        "reason": entry.reason,
        "outcome": entry.outcome.map(|outcome| outcome.as_str()),
    })
}
