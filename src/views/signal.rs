//! One signal in detail: what the rule saw, with the numbers in its formula, the people behind it,
//! and its history.

use serde_json::{Value as Json, json};

use super::{Column, object, or_dash, plain, rules, signals, table, tasks};
use crate::domain::day::{Day, DayRange};
use crate::domain::evidence::{Adoption, ConditionEvidence, Evidence};
use crate::domain::rule::{Against, ConditionRule, RuleMeasure, TrendRule};
use crate::domain::signal::{Comparison, HistoryEntry, SignalState};
use crate::domain::trend::{LEAST_OTHERS, Reference, Spread, SpreadBasis, TrendEvidence};
use crate::domain::zone::Zone;
use crate::render::{self, Screen, Tone, Value, counted};
use crate::store::{CompanyActivity, PeopleKept, PersonActivity, SignalRecord, TaskRecord};

pub(crate) struct SignalView {
    pub signal: SignalRecord,
    /// The time zone in which days begin and end.
    pub zone: Zone,
    /// What the company did in the windows of a trend, from the events as stored now; `None` for
    /// other kinds of rules.
    pub activity: Option<CompanyActivity>,
    pub history: Vec<HistoryEntry>,
    pub tasks: Vec<TaskRecord>,
}

const MOST_PEOPLE: usize = 12;

impl SignalView {
    /// The fields of the list, then the nested explanation.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        let evidence = &self.signal.evidence;
        let daily = |(day, count): &(Day, u64)| json!({"day": day.to_string(), "count": count});
        let activity = self.activity.as_ref();
        let known = activity.filter(|activity| activity.people_kept.is_known());
        let daily = activity.map(|activity| activity.daily.iter().map(daily).collect::<Json>());
        let people =
            known.map(|activity| activity.people.iter().map(person_json).collect::<Json>());
        let reading = evidence.condition();
        let own = [
            ("rule_as_it_was", self.definition_json().into()),
            ("daily_counts", daily.into()),
            ("people", people.into()),
            ("history", self.history.iter().map(entry_json).collect::<Json>().into()),
            ("adoption", evidence.adoption().map(adoption_json).into()),
            ("key", reading.and_then(|reading| reading.key.as_ref()).into()),
            ("values_read", reading.map(|reading| json!(reading.values)).into()),
            ("tasks", self.tasks.iter().map(tasks::json).collect::<Json>().into()),
        ];
        signals::SIGNALS.fields.of(&self.signal).chain(own)
    }

    /// The fields of a rule that define what it watches, with their names in the list of rules.
    fn definition_json(&self) -> Json {
        let fields = rules::RULES.fields.of(&self.signal.definition);
        object(fields.filter(|(field, _)| !NOT_LOGIC.contains(field)))
    }

    /// The screen for people: what happened, who is behind it, then the numbers.
    pub(crate) fn draw(&self, screen: &mut Screen) {
        let signal = &self.signal;
        screen.heading(&format!("Signal {}: {}", signal.id, signal.detail));
        screen.toned_line(&self.standing(), signals::tone(signal.signal_type));
        screen.line(&self.company());
        match &signal.evidence {
            Evidence::Trend(evidence) => self.draw_trend(screen, evidence),
            Evidence::Adoption(_) => screen.heading("What was to be done"),
            Evidence::Condition(_) => screen.heading("What the condition read"),
        }
        screen.pairs(self.facts());
        screen.heading("The rule as it was");
        screen.wrapped("  ", &rules::logic_sentence(&signal.definition), Tone::Plain);
        self.draw_history(screen);
        self.draw_tasks(screen);
    }

    /// Type, state and day: `bad, open, raised on 2026-03-19, still holds`.
    pub(crate) fn standing(&self) -> String {
        let SignalRecord { signal_type, raised_on, holds, .. } = &self.signal;
        let holds = match holds {
            _ if self.signal.state() == SignalState::Closed => "",
            Some(true) => ", still holds",
            Some(false) => ", no longer holds",
            None => "",
        };
        format!("{signal_type}, {}, raised on {raised_on}{holds}", self.signal.state())
    }

    /// Name, id and CSM of the company.
    fn company(&self) -> String {
        let SignalRecord { company_id, company_name, csm, .. } = &self.signal;
        let csm = csm.as_ref().map(|csm| format!(", CSM {csm}")).unwrap_or_default();
        match company_name {
            Some(name) => format!("{name} ({company_id}){csm}"),
            None => format!("{company_id}{csm}"),
        }
    }

    /// What a trend rule with a baseline or comparison saw, as a sentence.
    pub(crate) fn sentence(&self) -> Option<String> {
        let trend = self.signal.definition.logic.trend()?;
        let Evidence::Trend(evidence) = &self.signal.evidence else { return None };
        let reference = evidence.reference.as_ref()?;
        Some(trend_sentence(trend, evidence, reference))
    }

    /// The probability of chance, in words; `None` if unknown.
    pub(crate) fn chance(&self) -> Option<String> {
        self.signal.evidence.chance().map(render::chance_in_words)
    }

    /// What an adoption or condition rule saw, by name.
    pub(crate) fn facts(&self) -> Vec<(&str, String)> {
        match &self.signal.evidence {
            Evidence::Trend(_) => Vec::new(),
            Evidence::Adoption(adoption) => adoption_facts(adoption),
            Evidence::Condition(reading) => self.condition_facts(reading),
        }
    }

    fn draw_tasks(&self, screen: &mut Screen) {
        if !self.tasks.is_empty() {
            screen.heading("Tasks");
            let lines = self.tasks.iter().map(tasks::line);
            lines.for_each(|line| screen.wrapped("  ", &line, Tone::Plain));
        }
    }

    fn draw_trend(&self, screen: &mut Screen, evidence: &TrendEvidence) {
        let Some(trend) = self.signal.definition.logic.trend() else { return };
        let Some(activity) = &self.activity else { return };
        let comparison = &evidence.comparison;
        screen.gap();
        for sentence in [self.sentence(), self.chance()].into_iter().flatten() {
            screen.wrapped("", &sentence, Tone::Plain);
        }
        if let Some((before, now)) = newer_counts(trend, comparison, activity) {
            let now = format!("counted today, it is {before} before and {now} now");
            let text = format!("Events of these days were imported later: {now}.");
            screen.wrapped("", &text, Tone::Plain);
        }
        draw_people(screen, activity);
        screen.heading("The numbers");
        let Comparison { previous, current, observation, decision } = *comparison;
        draw_window(screen, "observation window", observation, previous, activity);
        draw_window(screen, "decision window", decision, current, activity);
        screen.gap();
        screen.pairs(formula(trend, evidence).into_iter().chain(chance_pairs(evidence)));
    }

    fn condition_facts<'s>(&'s self, reading: &'s ConditionEvidence) -> Vec<(&'s str, String)> {
        let Some(rule) = self.signal.definition.logic.condition() else { return Vec::new() };
        let ConditionRule { key, for_days, .. } = rule;
        let mut facts = vec![("true when", rule.when.clone())];
        facts.extend(reading.values.iter().map(|(name, value)| (name.as_str(), value.to_string())));
        if *for_days > 1 {
            let days = counted(u64::from(*for_days), "day", "days");
            facts.push(("for", format!("{days} running")));
        }
        if let (Some(key), Some(value)) = (key, &reading.key) {
            facts.push(("raised once for", format!("{key} {value}")));
        }
        facts
    }

    fn draw_history(&self, screen: &mut Screen) {
        screen.heading("History");
        for (line, reason) in self.history_lines() {
            screen.line(&format!("  {line}"));
            if !reason.is_empty() {
                screen.wrapped("    ", reason, Tone::Plain);
            }
        }
    }

    /// The history of the signal, oldest first, each entry with its reason or text.
    pub(crate) fn history_lines(&self) -> Vec<(String, &str)> {
        let raised = (format!("{} raised", self.signal.raised_on), "");
        let line = |entry| entry_line(entry, self.zone);
        let entries = self.history.iter().map(|entry| (line(entry), entry.reason.as_str()));
        std::iter::once(raised).chain(entries).collect()
    }
}

/// An entry of the history, without its reason: `2026-04-01 acknowledged by ana (handled)`.
fn entry_line(entry: &HistoryEntry, zone: Zone) -> String {
    let outcome = entry.outcome.map(|outcome| format!(" ({outcome})")).unwrap_or_default();
    let what = match (entry.until, &entry.assignee) {
        (Some(until), _) if until <= entry.day => "no longer snoozed".to_owned(),
        (Some(until), _) => format!("{} until {until}", entry.action),
        (None, Some(name)) => format!("{} to {name}", entry.action),
        (None, None) => entry.action.to_string(),
    };
    let entered = entry.at.day_in(zone);
    let is_same = entered == entry.day;
    let entered = if is_same { String::new() } else { format!(", entered {entered}") };
    format!("{} {what} by {}{outcome}{entered}", entry.day, entry.by)
}

fn draw_window(
    screen: &mut Screen,
    name: &str,
    window: DayRange,
    count: u64,
    activity: &CompanyActivity,
) {
    screen.line(&format!("  {name} {window}: {}", render::thousands(count)));
    let days = activity.daily.iter().filter(|(day, _)| window.contains(*day));
    let days: Vec<(Day, String)> =
        days.map(|(day, count)| (*day, render::thousands(*count))).collect();
    let width = days.iter().map(|(_, count)| count.len()).max().unwrap_or(1);
    for week in days.chunks(7) {
        let counts: Vec<String> =
            week.iter().map(|(_, count)| format!("{count:>width$}")).collect();
        screen.toned_line(&format!("    {}  {}", week[0].0, counts.join(" ")), Tone::Faint);
    }
}

/// The condition under which a rule raises a signal, with the numbers of this one.
fn formula(trend: &TrendRule, evidence: &TrendEvidence) -> Vec<(&'static str, String)> {
    let (before, now) = (evidence.comparison.previous, evidence.comparison.current);
    let threshold = trend.threshold;
    let mut pairs = vec![("change", evidence.change_text())];
    match &evidence.reference {
        None => {
            pairs.push(("fires when", "|now - before| x 100 > threshold x before".to_owned()));
            let here = format!(
                "|{now} - {before}| x 100 = {} > {threshold} x {before} = {}",
                u128::from(now.abs_diff(before)) * 100,
                u128::from(threshold) * u128::from(before)
            );
            pairs.push(("here", here));
        }
        Some(reference) => {
            let (sign, limit) = match reference.change_tenths < 0 {
                true => ('<', 100 - threshold),
                false => ('>', 100 + threshold),
            };
            let condition = format!("(now + 1) x 100 {sign} {limit} x (expected + 1)");
            let expected = reference.expected;
            let here = format!(
                "({now} + 1) x 100 = {} {sign} {limit} x ({expected:.1} + 1) = {:.1}",
                (u128::from(now) + 1) * 100,
                f64::from(limit) * (expected + 1.0)
            );
            pairs.extend([("fires when", condition), ("here", here)]);
        }
    }
    if trend.for_days > 1 {
        pairs.push(("lasting", format!("it held on each of {} days", trend.for_days)));
    }
    pairs
}

/// The probability of chance, and how events that come in bursts were accounted for.
fn chance_pairs(evidence: &TrendEvidence) -> Vec<(&'static str, String)> {
    let unknown = || "unknown for people with a baseline or a comparison".to_owned();
    let mut pairs = vec![("chance", evidence.chance.map_or_else(unknown, render::chance))];
    if let Some(Spread { factor, basis }) = evidence.spread {
        let basis = match basis {
            SpreadBasis::Own => "by the company's own weeks before both windows",
            SpreadBasis::Others => {
                "the median of the other customers: it has fewer than 8 weeks itself"
            }
            SpreadBasis::Nothing => {
                "assumed: neither the company nor 10 others have 8 weeks of past"
            }
        };
        pairs.push(("spread", format!("counts are divided by {factor:.1}, {basis}")));
    }
    pairs
}

/// What a rule with a baseline or comparison saw: `active on 3 of the last 28 days; 10.0 were to be
/// expected: 60 days in the 24 weeks before, while …`.
fn trend_sentence(trend: &TrendRule, evidence: &TrendEvidence, reference: &Reference) -> String {
    let Comparison { previous, current, observation, decision } = evidence.comparison;
    let (now, before) = (render::thousands(current), render::thousands(previous));
    let (watch, days) = (trend.watch(), trend.timeframe);
    let (seen, unit) = match (watch.only_event(), trend.measure) {
        (None, RuleMeasure::Days) => (format!("active on {now} of"), "days "),
        (Some(event), RuleMeasure::Days) => (format!("{event} on {now} of"), "days "),
        (None, RuleMeasure::Events) => (format!("{now} events in"), "events "),
        (Some(event), RuleMeasure::Events) => (format!("{now} of {event} in"), ""),
        (None, RuleMeasure::People) => (format!("{now} people active in"), "people "),
        (Some(event), RuleMeasure::People) => (format!("{now} people with {event} in"), "people "),
    };
    let span = match observation.len() {
        length if length % 7 == 0 => counted(length as u64 / 7, "week", "weeks"),
        length => counted(length as u64, "day", "days"),
    };
    let expected = reference.expected;
    let compared = compared_with(trend, evidence, reference);
    let size = (reference.change_tenths.abs() + 5) / 10;
    let side = if reference.change_tenths < 0 { "below" } else { "above" };
    let lasting = match trend.for_days {
        1 => String::new(),
        running => {
            let since = decision.to - (i32::from(running) - 1);
            format!(", for {running} days running (since {})", since.day_and_month())
        }
    };
    format!(
        "{seen} the last {days} days; {expected:.1} were to be expected: {before} {unit}in the {span} \
         before{compared}; {size} % {side}{lasting}"
    )
}

/// What the other companies did meanwhile, or why the company was compared only with itself.
fn compared_with(trend: &TrendRule, evidence: &TrendEvidence, reference: &Reference) -> String {
    let Some(others) = reference.others else { return String::new() };
    let of = if trend.against == Against::Segment { " of its segment" } else { "" };
    if let Some((now, before)) = reference.sums {
        let pace = 100.0 * now as f64 * evidence.windows() as f64 / before as f64;
        let others = counted(others, "customer", "customers");
        return format!(", while the other {others}{of} kept {pace:.0} % of their pace");
    }
    let reason = match others {
        0 => format!("no other customer{of} has as long a past"),
        few if few < LEAST_OTHERS => {
            let customers = counted(few, "other customer", "other customers");
            format!("only {customers}{of} with as long a past to compare with")
        }
        _ => format!("the other customers{of} did nothing of the kind"),
    };
    format!(", compared with its own past alone ({reason})")
}

/// The counts of both windows as stored now, if they differ from those of the signal.
fn newer_counts(
    trend: &TrendRule,
    comparison: &Comparison,
    activity: &CompanyActivity,
) -> Option<(u64, u64)> {
    let sum = |window: DayRange| -> u64 {
        activity.daily.iter().filter(|(day, _)| window.contains(*day)).map(|(_, count)| count).sum()
    };
    let (before, now) = (sum(comparison.observation), sum(comparison.decision));
    let is_counted = trend.measure != RuleMeasure::People;
    (is_counted && (before, now) != (comparison.previous, comparison.current))
        .then_some((before, now))
}

fn draw_people(screen: &mut Screen, activity: &CompanyActivity) {
    screen.heading("The people behind it");
    match activity.people_kept {
        PeopleKept::Events => {}
        PeopleKept::Days => screen.line(
            "  Of days that came as counts only who was active is kept: these numbers are days.",
        ),
        PeopleKept::NotOf(days) => {
            let days = counted(days, "day", "days");
            screen.line(&format!(
                "  The people of {days} in these windows are not kept here: they came as counts."
            ));
            return;
        }
    }
    let people = activity.people.iter().filter(|person| person.previous != person.current);
    let people: Vec<&PersonActivity> = people.collect();
    if people.is_empty() {
        screen.line("  Nobody did more or less than before.");
        return;
    }
    const COLUMNS: [Column<PersonActivity>; 4] = [
        Column::left("  person", |person| plain(format!("  {}", name(person)))),
        Column::right("before", |person| plain(render::thousands(person.previous))),
        Column::right("now", |person| plain(render::thousands(person.current))),
        Column::left("", |person| {
            let (verdict, tone) = verdict(person);
            (verdict.to_owned(), tone)
        }),
    ];
    screen.table(&table(&COLUMNS, people.iter().copied().take(MOST_PEOPLE)));
    if people.len() > MOST_PEOPLE {
        screen.line(&format!("  and {} more", people.len() - MOST_PEOPLE));
    }
    let count = |wanted| people.iter().filter(|person| verdict(person).0 == wanted).count() as u64;
    let stopped = counted(count("stopped"), "person stopped", "people stopped");
    screen.line(&format!("  {stopped}, {} began", render::thousands(count("began"))));
}

fn adoption_facts(adoption: &Adoption) -> Vec<(&'static str, String)> {
    let mut facts = vec![("event", adoption.event.clone())];
    facts.extend(adoption.goal.clone().map(|name| ("goal", name)));
    facts.extend(adoption.started_on.map(|day| ("start", day.to_string())));
    facts.push(("deadline", or_dash(adoption.due_on)));
    let done = adoption.done_on.map_or_else(|| "not yet".to_owned(), |day| day.to_string());
    facts.push(("first done", done));
    facts
}

/// The fields of a rule that do not define what it watches.
const NOT_LOGIC: [&str; 5] = ["enabled", "playbook", "managers", "executives", "auto_ack"];

fn adoption_json(adoption: &Adoption) -> Json {
    let day = |day: Option<Day>| day.map(|day| day.to_string());
    json!({
        "goal": adoption.goal,
        "started_on": day(adoption.started_on),
        "due_on": day(adoption.due_on),
        "done_on": day(adoption.done_on),
    })
}

fn name(person: &PersonActivity) -> &str {
    person.person_id.as_deref().unwrap_or("(events that name nobody)")
}

/// Whether a person stopped, joined or continued, in a word.
pub(crate) fn verdict(person: &PersonActivity) -> (&'static str, Tone) {
    match (person.previous, person.current) {
        _ if person.person_id.is_none() => ("", Tone::Plain),
        (_, 0) => ("stopped", Tone::Bad),
        (0, _) => ("began", Tone::Good),
        (before, now) if now < before => ("less", Tone::Plain),
        _ => ("more", Tone::Plain),
    }
}

fn person_json(person: &PersonActivity) -> Json {
    json!({
        "person_id": person.person_id,
        "observation_count": person.previous,
        "decision_count": person.current,
    })
}

fn entry_json(entry: &HistoryEntry) -> Json {
    json!({
        "action": entry.action.as_str(),
        "at": entry.at.to_string(),
        "day": entry.day.to_string(),
        "by": entry.by,
        "reason": Some(&entry.reason).filter(|reason| !reason.is_empty()),
        "outcome": entry.outcome.map(|outcome| outcome.as_str()),
        "until": entry.until.map(|until| until.to_string()),
        "assignee": entry.assignee,
    })
}
