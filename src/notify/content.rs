//! The content of a message: the same in plain text, HTML and Slack blocks.
//!
//! Text from imported files is turned into one line without control characters here; each format
//! escapes it again in its own way.

use std::iter::Peekable;

use anyhow::Result;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;
use serde_json::json;

use crate::domain::company_link::CompanyLink;
use crate::domain::day::Day;
use crate::domain::evidence::Evidence;
use crate::domain::notify::Purpose;
use crate::domain::rule::{RuleLogic, TrendRule};
use crate::domain::signal::{Comparison, SignalType};
use crate::render::escape::{entities_for_slack, for_slack, for_slack_command};
use crate::render::report::Cell;
use crate::render::{self, counted, escape, shortened};
use crate::store::{SignalRecord, TaskRecord};

/// At most this many signals are shown in full; the others have a line each.
pub(super) const MOST_ITEMS: usize = 40;

/// Beyond this many signals, a message only counts the others.
pub(super) const MOST_SIGNALS: usize = 1000;

/// Signals rarely open more tasks than this.
const MOST_TASKS: usize = 10;

/// The longest text of an item, in characters.
const LONGEST: usize = 200;

/// The longest text of a Slack block, in characters; Slack's limit is 3000.
const LONGEST_BLOCK: usize = 2900;

/// The number of Slack blocks with lines. Slack allows 50 blocks; [`MOST_ITEMS`] and three more are
/// in use.
const MOST_BLOCKS_OF_LINES: usize = 6;

/// At most this many people are named for a signal: who stopped, and whom it is for on Slack.
const MOST_PEOPLE: usize = 10;

/// The longest heading that Slack accepts, in characters.
const LONGEST_HEADING: usize = 150;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Content {
    /// How many signals, and what they say.
    pub subject: String,
    /// Why the message is sent.
    pub intro: String,
    pub items: Vec<SignalCard>,
    /// Further signals, one line each.
    pub lines: Vec<SignalLine>,
    /// The number of signals not shown.
    pub left_out: u64,
    /// The command that shows the reader's inbox.
    pub inbox: String,
    pub closing: String,
}

/// A signal shown in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SignalCard {
    pub company: String,
    pub link: Option<String>,
    pub headline: String,
    pub facts: Vec<CardFact>,
    /// The people to notify, by their names in the team; used on Slack.
    pub people: Vec<String>,
}

/// A line of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct CardFact {
    pub name: &'static str,
    /// The name, padded to the width of the widest.
    pub padded: String,
    pub value: String,
    /// Whether it is a command to type.
    pub is_command: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct SignalLine {
    pub company: String,
    pub link: Option<String>,
    pub headline: String,
    pub signal_type: &'static str,
    /// The command that shows it.
    pub look: String,
}

pub(super) struct NotifiedSignal {
    pub signal: SignalRecord,
    pub tasks: Vec<TaskRecord>,
    pub people: Vec<String>,
    /// The customer's people who stopped, for a trend.
    pub stopped: Vec<String>,
    /// Only with the first signal of a company.
    pub contract: Option<ContractSummary>,
}

/// What a company pays a month, and when it renews.
pub(super) struct ContractSummary {
    pub mrr: Option<f64>,
    pub renews_on: Option<Day>,
}

/// All signals of a message, including those it does not show.
pub(super) struct Overview {
    pub types: Vec<SignalType>,
    pub companies: usize,
}

impl Content {
    /// The content about these signals: `told` in full, then `others`. `reader` is the recipient,
    /// unless it is for everybody.
    pub(super) fn about(
        purpose: Purpose,
        reader: Option<&str>,
        overview: &Overview,
        told: &[NotifiedSignal],
        others: &[SignalRecord],
        link: Option<&CompanyLink>,
    ) -> Self {
        let inbox = format!("signals inbox --for {}", reader.map_or("NAME".to_owned(), quoted));
        Content {
            subject: subject(purpose, overview, told),
            intro: intro(purpose, overview.types.len()).to_owned(),
            items: told.iter().map(|told| SignalCard::of(told, link)).collect(),
            lines: others.iter().map(|signal| SignalLine::of(signal, link)).collect(),
            left_out: overview.types.len().saturating_sub(told.len() + others.len()) as u64,
            closing: format!(
                "Sent by signals. `signals ack` closes a signal and `{inbox} --mark-read` marks all as read."
            ),
            inbox,
        }
    }

    /// A content that only proves that messages arrive.
    pub(super) fn of_test(person: &str) -> Self {
        let person = harmless(person);
        Content {
            subject: "Test message of signals".to_owned(),
            intro: format!("This is a test message for {person}: notifications arrive."),
            closing: "Sent by `signals notify test`.".to_owned(),
            ..Content::default()
        }
    }

    pub(super) fn text(&self) -> Result<String> {
        self.render("content.txt", include_str!("content.txt"))
    }

    /// The content as HTML without external resources.
    pub(super) fn html(&self) -> Result<String> {
        self.render("content.html", include_str!("content.html"))
    }

    /// The file extension of the template's name decides how values are escaped.
    fn render(&self, name: &str, template: &str) -> Result<String> {
        let content = minijinja::Value::from(Serde(self));
        let more = (self.left_out > 0).then(|| and_more(self.left_out, &self.inbox));
        Ok(Environment::new().render_named_str(name, template, context! { content, more })?)
    }

    /// The content as a Slack message of at most 50 blocks. `mentions`: the names of the team with
    /// their Slack ids.
    pub(super) fn slack(&self, mentions: &[(String, String)]) -> serde_json::Value {
        let subject = short_for_slack(&self.subject, LONGEST_HEADING);
        let heading = json!({"type": "plain_text", "emoji": false, "text": subject});
        let heading = json!({"type": "header", "text": heading});
        let mut blocks = vec![heading, section(&self.slack_intro(mentions))];
        blocks.extend(self.items.iter().map(|item| section(&item.slack(mentions))));
        let mut lines = self.lines.iter().map(SignalLine::slack).peekable();
        while lines.peek().is_some() && blocks.len() < self.items.len() + 2 + MOST_BLOCKS_OF_LINES {
            blocks.push(section(&block(&mut lines)));
        }
        let left_out = self.left_out + lines.count() as u64;
        let mut closing = self.closing.clone();
        if left_out > 0 {
            closing = format!("{}\n{closing}", and_more(left_out, &self.inbox));
        }
        if self.inbox.contains('`') {
            // The command contains the reader's name.
            closing = closing.replace(&self.inbox, &self.inbox.replace('`', "\u{02cb}"));
        }
        let closing = mrkdwn(&entities_for_slack(&closing));
        blocks.push(json!({"type": "context", "elements": [closing]}));
        json!({"text": for_slack(&self.subject), "blocks": blocks})
    }

    fn slack_intro(&self, mentions: &[(String, String)]) -> String {
        let mut people: Vec<&String> = self.items.iter().flat_map(|item| &item.people).collect();
        people.sort();
        people.dedup();
        let known = people.iter().filter_map(|person| mention(person, mentions));
        let known = known.collect::<Vec<_>>().join(" ");
        let intro = for_slack(&self.intro);
        if known.is_empty() { intro } else { format!("{known} {intro}") }
    }
}

impl SignalCard {
    fn of(told: &NotifiedSignal, link: Option<&CompanyLink>) -> Self {
        let signal = &told.signal;
        let mut facts = CardFacts::default();
        let SignalRecord { id, signal_type, raised_on, .. } = signal;
        facts.add("signal", format!("{id}, {signal_type}, raised on {raised_on}"));
        facts.add("csm", signal.csm.as_deref().map_or("nobody".to_owned(), harmless));
        if let Some(contract) = &told.contract {
            facts.add_contract(contract);
        }
        facts.add_evidence(signal);
        facts.add_stopped(&told.stopped);
        facts.add("why", why(signal));
        if signal.acknowledgement.is_none() {
            facts.add_tasks(&told.tasks, signal);
        }
        facts.add_command("look", format!("signals show {id}"));
        match &signal.acknowledgement {
            Some(closed) => facts.add("closed", harmless(&closed.reason)),
            None => facts.add_command("close", format!("signals ack {id} --reason TEXT")),
        }
        SignalCard {
            company: company(signal),
            link: link.map(|link| link.of(&signal.company_id)),
            headline: harmless(&signal.detail),
            facts: facts.0,
            people: told.people.clone(),
        }
    }

    fn slack(&self, mentions: &[(String, String)]) -> String {
        let mut lines =
            vec![headline_for_slack(&self.company, self.link.as_deref(), &self.headline)];
        if !self.people.is_empty() {
            let name = |person: &String| {
                mention(person, mentions).unwrap_or_else(|| short_for_slack(&harmless(person), 50))
            };
            let names: Vec<String> = self.people.iter().take(MOST_PEOPLE).map(name).collect();
            lines.push(format!("for: {}", names.join(", ")));
        }
        lines.extend(self.facts.iter().map(|fact| match fact.is_command {
            true => format!("{}: `{}`", fact.name, for_slack_command(&fact.value)),
            false => format!("{}: {}", fact.name, short_for_slack(&fact.value, 250)),
        }));
        block(&mut lines.into_iter().peekable())
    }
}

impl SignalLine {
    fn of(signal: &SignalRecord, link: Option<&CompanyLink>) -> Self {
        SignalLine {
            company: company(signal),
            link: link.map(|link| link.of(&signal.company_id)),
            headline: harmless(&signal.detail),
            signal_type: signal.signal_type.as_str(),
            look: format!("signals show {}", signal.id),
        }
    }

    fn slack(&self) -> String {
        let what = headline_for_slack(&self.company, self.link.as_deref(), &self.headline);
        format!("{what} ({}, `{}`)", self.signal_type, self.look)
    }
}

/// A company's name with a link, and what happened. The URL has no character that ends a link on
/// Slack: those of ids are escaped, and `&` is an entity.
fn headline_for_slack(company: &str, link: Option<&str>, headline: &str) -> String {
    let (company, headline) = (short_for_slack(company, 150), short_for_slack(headline, 500));
    match link.map(for_slack) {
        Some(link) => format!("*<{link}|{}>*: {headline}", company.replace('|', "¦")),
        None => format!("*{company}*: {headline}"),
    }
}

/// As many of the lines as fit into a Slack block, at least one.
fn block(lines: &mut Peekable<impl Iterator<Item = String>>) -> String {
    let mut text = lines.next().unwrap_or_default();
    let mut length = text.chars().count();
    while let Some(line) = lines.next_if(|line| length + 1 + line.chars().count() <= LONGEST_BLOCK)
    {
        length += 1 + line.chars().count();
        text = text + "\n" + &line;
    }
    text
}

#[derive(Default)]
struct CardFacts(Vec<CardFact>);

impl CardFacts {
    fn add_evidence(&mut self, signal: &SignalRecord) {
        match &signal.evidence {
            Evidence::Trend(evidence) => {
                let Comparison { previous, current, observation, decision } = evidence.comparison;
                let watch = signal.definition.logic.trend().map(|trend| trend.watch().to_string());
                self.add("event", harmless(&watch.unwrap_or_default()));
                self.add("before", format!("{} ({observation})", render::thousands(previous)));
                self.add("now", format!("{} ({decision})", render::thousands(current)));
                self.add("change", evidence.change_text());
                if let Some(chance) = evidence.chance {
                    self.add("chance", render::chance_in_words(chance));
                }
            }
            Evidence::Adoption(adoption) => {
                let done = adoption.done_on.map_or("not yet".to_owned(), |done| done.to_string());
                self.add("event", harmless(&adoption.event));
                adoption.due_on.iter().for_each(|due| self.add("due", due.to_string()));
                self.add("done", done);
            }
            Evidence::Condition(reading) => {
                let values: Vec<String> =
                    reading.values.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                self.add("values", harmless(&values.join(", ")));
            }
        }
    }

    fn add_contract(&mut self, contract: &ContractSummary) {
        if let Some(mrr) = contract.mrr {
            self.add("pays", format!("{} a month", Cell::Money(mrr).text()));
        }
        if let Some(day) = contract.renews_on {
            self.add("renews", day.to_string());
        }
    }

    fn add_stopped(&mut self, people: &[String]) {
        if people.is_empty() {
            return;
        }
        let mut names: Vec<String> =
            people.iter().take(MOST_PEOPLE).map(|name| harmless(name)).collect();
        if people.len() > MOST_PEOPLE {
            names.push(format!("{} more", people.len() - MOST_PEOPLE));
        }
        self.add("stopped", names.join(", "));
    }

    /// The tasks, or general advice for signals without tasks.
    fn add_tasks(&mut self, tasks: &[TaskRecord], signal: &SignalRecord) {
        for TaskRecord { id, title, assignee, owner, due_on, .. } in tasks.iter().take(MOST_TASKS) {
            let whose = assignee.clone().unwrap_or_else(|| owner.to_string());
            let (title, whose) = (harmless(title), harmless(&whose));
            self.add("to do", format!("{title} (task {id}, {whose}, due {due_on})"));
        }
        if tasks.is_empty() {
            self.add("to do", advice(signal.signal_type).to_owned());
        }
    }

    fn add(&mut self, name: &'static str, value: String) {
        self.0.push(CardFact { name, padded: format!("{name:<8}"), value, is_command: false });
    }

    fn add_command(&mut self, name: &'static str, value: String) {
        self.0.push(CardFact { name, padded: format!("{name:<8}"), value, is_command: true });
    }
}

fn company(signal: &SignalRecord) -> String {
    harmless(signal.company_name.as_deref().unwrap_or(&signal.company_id))
}

/// A short company name, so that what happened stays visible.
fn short_company(signal: &SignalRecord) -> String {
    const LONGEST_NAME: usize = 50;
    shortened(&company(signal), LONGEST_NAME)
}

fn why(signal: &SignalRecord) -> String {
    let rule = harmless(&signal.rule);
    match &signal.definition.logic {
        RuleLogic::Trend(TrendRule { threshold, timeframe, .. }) => {
            format!(
                "the rule {rule} tells of changes of more than {threshold} % in {timeframe} days"
            )
        }
        RuleLogic::Adoption(_) => format!("the rule {rule} watches whether this is done, and when"),
        RuleLogic::Condition(condition) => {
            format!("the rule {rule} watches for {}", harmless(&condition.when))
        }
    }
}

/// Advice on a signal whose rule opens no tasks.
fn advice(signal_type: SignalType) -> &'static str {
    match signal_type {
        SignalType::Bad => {
            "find out what changed, talk to the customer, and close the signal with what you found"
        }
        SignalType::Good => "build on it when you next talk to the customer, and close the signal",
        SignalType::Info => "know it when you next talk to the customer, and close the signal",
    }
}

/// The number of signals by type and, if few, their companies: `1 bad signal: Acme: login fell …`.
fn subject(purpose: Purpose, overview: &Overview, told: &[NotifiedSignal]) -> String {
    let beginning = match purpose {
        Purpose::Realtime => "",
        Purpose::Reminder => "Still unread: ",
        Purpose::Digest => "Daily digest: ",
        Purpose::Retraction => "Retracted: ",
    };
    let rest = match told {
        [only] if overview.types.len() == 1 => {
            format!("{}: {}", short_company(&only.signal), harmless(&only.signal.detail))
        }
        _ => companies(overview.companies, told),
    };
    shortened(&format!("{beginning}{}: {rest}", count(&overview.types)), LONGEST)
}

/// `1 bad signal`, `3 signals (2 bad, 1 good)`.
fn count(types: &[SignalType]) -> String {
    let of = |wanted: SignalType| types.iter().filter(|found| **found == wanted).count() as u64;
    let counts = SignalType::ALL.iter().map(|wanted| (of(*wanted), *wanted));
    let present: Vec<(u64, SignalType)> = counts.filter(|(count, _)| *count > 0).collect();
    match present[..] {
        [(number, only)] => counted(number, &format!("{only} signal"), &format!("{only} signals")),
        _ => {
            let part = |(number, one): &(u64, _)| format!("{} {one}", render::thousands(*number));
            let parts: Vec<String> = present.iter().map(part).collect();
            format!("{} ({})", counted(types.len() as u64, "signal", "signals"), parts.join(", "))
        }
    }
}

/// `Acme, Beta, Gamma and 3 more`: the first few of `number` companies.
fn companies(number: usize, told: &[NotifiedSignal]) -> String {
    const NAMED: usize = 3;
    let mut named: Vec<&SignalRecord> = Vec::new();
    for signal in told.iter().map(|told| &told.signal) {
        if named.len() < NAMED && !named.iter().any(|known| known.company == signal.company) {
            named.push(signal);
        }
    }
    let names: Vec<String> = named.iter().map(|signal| short_company(signal)).collect();
    let (more, text) = (number.saturating_sub(named.len()) as u64, names.join(", "));
    if more > 0 { format!("{text} and {} more", render::thousands(more)) } else { text }
}

fn intro(purpose: Purpose, signals: usize) -> &'static str {
    match (purpose, signals) {
        (Purpose::Realtime, 1) => "This signal needs attention.",
        (Purpose::Realtime, _) => "These signals need attention.",
        (Purpose::Reminder, 1) => "This signal is still unread in your inbox.",
        (Purpose::Reminder, _) => "These signals still lie unread in your inbox.",
        (Purpose::Digest, _) => "What else there is to know today.",
        (Purpose::Retraction, 1) => {
            "You were told of this signal. Late data refute it, so there is nothing to do."
        }
        (Purpose::Retraction, _) => {
            "You were told of these signals. Late data refute them, so there is nothing to do."
        }
    }
}

fn and_more(left_out: u64, inbox: &str) -> String {
    format!("And {} more: `{inbox}` lists all.", render::thousands(left_out))
}

/// Quotes a name as one word of a shell command, or substitutes a placeholder if it cannot be
/// shown.
fn quoted(name: &str) -> String {
    match name {
        "" => "NAME".to_owned(),
        _ if harmless(name) != name => "NAME".to_owned(),
        _ if name.chars().all(|content| content.is_ascii_alphanumeric()) => name.to_owned(),
        _ => format!("'{}'", name.replace('\'', r"'\''")),
    }
}

/// One line without control characters and direction marks, cut to a maximum length.
pub(super) fn harmless(text: &str) -> String {
    let visible = text.replace(escape::is_hostile, " ");
    shortened(&visible.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST)
}

/// Text for Slack, cut to `most` without splitting an entity.
fn short_for_slack(text: &str, most: usize) -> String {
    let mut short = String::new();
    let mut length = 0;
    let mut rest = for_slack(text);
    while !rest.is_empty() {
        let end = match rest.find(';').filter(|_| rest.starts_with('&')) {
            Some(end) => end + 1,
            None => rest.chars().next().map_or(0, char::len_utf8),
        };
        let next: String = rest.drain(..end).collect();
        length += next.chars().count();
        if length >= most {
            return short + "…";
        }
        short.push_str(&next);
    }
    short
}

fn mention(person: &str, mentions: &[(String, String)]) -> Option<String> {
    let (_, id) = mentions.iter().find(|(name, _)| name == person)?;
    // Anything else could be `!channel`.
    let is_id = !id.is_empty() && id.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
    is_id.then(|| format!("<@{id}>"))
}

fn section(text: &str) -> serde_json::Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

/// `verbatim` stops Slack from looking for names and links in the text.
fn mrkdwn(text: &str) -> serde_json::Value {
    json!({"type": "mrkdwn", "verbatim": true, "text": text})
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashSet};
    use std::sync::Arc;

    use super::*;
    use crate::domain::company::CompanyKey;
    use crate::domain::day::{Day, DayRange};
    use crate::domain::evidence::{Adoption, ConditionEvidence, ReadValue};
    use crate::domain::rule::{AdoptionRule, Aim, ConditionRule, Rule, TrendRule};
    use crate::domain::signal::{Comparison, SignalId};
    use crate::domain::task::{Owner, TaskId};
    use crate::domain::trend::TrendEvidence;

    fn told(id: i64, name: &str, signal_type: SignalType) -> NotifiedSignal {
        let day = |number| Day::from_number(number);
        let signal = SignalRecord {
            id: SignalId(id),
            // Each name is its own company.
            company: CompanyKey(name.bytes().map(u32::from).sum()),
            company_id: "acme".to_owned(),
            company_name: Some(name.to_owned()),
            churned_on: None,
            csm: None,
            rule: "login".to_owned(),
            definition: of_logic(RuleLogic::Trend(TrendRule::of_event("login"))),
            signal_type,
            raised_on: day(20_543),
            evidence: Evidence::Trend(TrendEvidence {
                comparison: Comparison {
                    observation: DayRange { from: day(20_530), to: day(20_536) },
                    previous: 1000,
                    decision: DayRange { from: day(20_537), to: day(20_543) },
                    current: 500,
                },
                chance: Some(0.0071),
                spread: None,
                reference: None,
            }),
            change_pct: Some(-50.0),
            detail: "login fell from 1,000 to 500 (-50.0 %)".to_owned(),
            holds: None,
            renewed_on: None,
            snoozed_until: None,
            assigned_to: None,
            acknowledgement: None,
        };
        NotifiedSignal {
            signal,
            tasks: vec![task(7, "Call the champion")],
            people: vec!["ana".to_owned()],
            stopped: vec!["bo".to_owned(), "cy".to_owned()],
            contract: Some(ContractSummary { mrr: Some(1234.5), renews_on: Some(day(20_605)) }),
        }
    }

    fn task(id: i64, title: &str) -> TaskRecord {
        TaskRecord {
            id: TaskId(id),
            company: CompanyKey(1),
            company_id: "acme".to_owned(),
            company_name: None,
            csm: None,
            title: title.to_owned(),
            due_on: Day::from_number(20_545),
            owner: Owner::Csm,
            assignee: Some("ana".to_owned()),
            playbook: None,
            signal: None,
            added_on: Day::from_number(20_543),
            closed: None,
        }
    }

    fn overview(told: &[NotifiedSignal]) -> Overview {
        let companies: HashSet<CompanyKey> = told.iter().map(|told| told.signal.company).collect();
        Overview {
            types: told.iter().map(|told| told.signal.signal_type).collect(),
            companies: companies.len(),
        }
    }

    fn content(told: &[NotifiedSignal]) -> Content {
        Content::about(Purpose::Realtime, Some("ana"), &overview(told), told, &[], None)
    }

    #[test]
    fn a_subject_says_how_many_and_what() {
        use SignalType::{Bad, Good, Info};
        let subject = |purpose, signals: &[(&str, SignalType)]| {
            let told: Vec<NotifiedSignal> =
                signals.iter().map(|(name, one)| told(1, name, *one)).collect();
            Content::about(purpose, None, &overview(&told), &told, &[], None).subject
        };
        assert_eq!(
            subject(Purpose::Realtime, &[("Acme", Bad)]),
            "1 bad signal: Acme: login fell from 1,000 to 500 (-50.0 %)"
        );
        assert_eq!(
            subject(Purpose::Realtime, &[("Acme", Bad), ("Acme", Bad)]),
            "2 bad signals: Acme"
        );
        assert_eq!(
            subject(Purpose::Realtime, &[(&"a".repeat(5000), Bad)]),
            format!("1 bad signal: {}…: login fell from 1,000 to 500 (-50.0 %)", "a".repeat(49))
        );
        assert_eq!(
            subject(Purpose::Digest, &[("Acme", Bad), ("B", Good), ("C", Info), ("D", Info)]),
            "Daily digest: 4 signals (1 bad, 1 good, 2 info): Acme, B, C and 1 more"
        );
        assert_eq!(
            subject(Purpose::Reminder, &[("A", Info), ("B", Info)]),
            "Still unread: 2 info signals: A, B"
        );
    }

    #[test]
    fn plain_text_has_all_that_should_be_known() {
        let text = content(&[told(12, "Acme", SignalType::Bad)]).text().unwrap();
        let expected = "\
This signal needs attention.

Acme: login fell from 1,000 to 500 (-50.0 %)
  signal    12, bad, raised on 2026-03-31
  csm       nobody
  pays      1,234.50 a month
  renews    2026-06-01
  event     login
  before    1,000 (2026-03-18..2026-03-24)
  now       500 (2026-03-25..2026-03-31)
  change    -50.0 %
  chance    By chance alone, about 1 in 141 comparisons would look like this.
  stopped   bo, cy
  why       the rule login tells of changes of more than 15 % in 7 days
  to do     Call the champion (task 7, ana, due 2026-04-02)
  look      signals show 12
  close     signals ack 12 --reason TEXT

Sent by signals. `signals ack` closes a signal and `signals inbox --for ana --mark-read` marks all as read.
";
        assert_eq!(text.trim_end(), expected.trim_end());
    }

    fn of_logic(logic: RuleLogic) -> Arc<Rule> {
        Arc::new(Rule::new("login", logic))
    }

    fn facts(logic: RuleLogic, evidence: Evidence) -> Vec<String> {
        let mut told = told(12, "Acme", SignalType::Bad);
        told.signal.definition = of_logic(logic);
        told.signal.evidence = evidence;
        let facts = SignalCard::of(&told, None).facts;
        facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect()
    }

    #[test]
    fn adoption_and_condition_rules_say_what_they_saw() {
        let aim = Aim::Event { event: "export".to_owned(), within: Some(14) };
        let adoption = Adoption {
            event: "export".to_owned(),
            is_goal: false,
            goal: None,
            started_on: None,
            due_on: Some(Day::from_number(20_543)),
            done_on: None,
        };
        let told = facts(
            RuleLogic::Adoption(AdoptionRule { aim, retroactive: false }),
            Evidence::Adoption(adoption),
        );
        assert_eq!(told[4..7], ["event: export", "due: 2026-03-31", "done: not yet"]);
        assert_eq!(told[8], "why: the rule login watches whether this is done, and when");
        let values = BTreeMap::from([
            ("nps".to_owned(), ReadValue::Whole(3)),
            ("seats".to_owned(), ReadValue::Null),
        ]);
        let told = facts(
            RuleLogic::Condition(ConditionRule::new("nps < 5", SignalType::Bad)),
            Evidence::Condition(ConditionEvidence { key: None, values }),
        );
        assert_eq!(told[4], "values: nps: 3, seats: unknown");
        assert_eq!(told[6], "why: the rule login watches for nps < 5");
    }

    #[test]
    fn html_and_slack_say_the_same() {
        let content =
            content(&[told(12, "Acme", SignalType::Bad), told(13, "Beta", SignalType::Bad)]);
        let (html, slack) = (content.html().unwrap(), content.slack(&[]).to_string());
        for item in &content.items {
            for text in
                item.facts.iter().map(|fact| &fact.value).chain([&item.company, &item.headline])
            {
                assert!(html.contains(text.as_str()), "{text} is not in {html}");
                assert!(slack.contains(text.as_str()), "{text} is not in {slack}");
            }
        }
    }

    #[test]
    fn hostile_names_harm_nobody() {
        let name = "Acme\r\nBcc: x@example.com <!channel> <script>\u{202e}& <@U1>";
        let content = content(&[told(12, name, SignalType::Bad)]);
        let line = "Acme Bcc: x@example.com <!channel> <script> & <@U1>";
        assert_eq!(content.items[0].company, line);
        assert!(!content.subject.contains(['\r', '\n']), "{}", content.subject);
        let text = content.text().unwrap();
        assert!(text.contains(&format!("\n{line}: login")), "{text}");
        let html = content.html().unwrap();
        assert!(html.contains("&lt;!channel&gt; &lt;script&gt; &amp; &lt;@U1&gt;"), "{html}");
        assert!(!html.contains("<script"), "{html}");
        let slack = content.slack(&[]);
        let section = slack["blocks"][2]["text"]["text"].as_str().unwrap();
        assert!(section.contains(
            "*Acme Bcc: x@example.com &lt;!channel&gt; &lt;script&gt; &amp; &lt;@U1&gt;*"
        ));
        assert!(!slack["text"].as_str().unwrap().contains('<'));
    }

    #[test]
    fn a_company_leads_to_its_page_in_another_product() {
        let told = [told(1, "Acme & <Söhne>", SignalType::Bad)];
        let link: CompanyLink = "https://crm.example/a?b=1&id={company_id}".parse().unwrap();
        let content =
            Content::about(Purpose::Realtime, None, &overview(&told), &told, &[], Some(&link));
        let (text, html) = (content.text().unwrap(), content.html().unwrap());
        assert!(text.contains("https://crm.example/a?b=1&id=acme"), "{text}");
        let page = scraper::Html::parse_document(&html);
        let links = scraper::Selector::parse("h3 a").unwrap();
        let link = page.select(&links).next().unwrap();
        assert_eq!(link.attr("href"), Some("https://crm.example/a?b=1&id=acme"));
        assert_eq!(link.text().collect::<String>(), "Acme & <Söhne>");
        let slack = texts(&content.slack(&[])).join("\n");
        let expected = "*<https://crm.example/a?b=1&amp;id=acme|Acme &amp; &lt;Söhne&gt;>*: ";
        assert!(slack.contains(expected), "{slack}");
    }

    #[test]
    fn only_ids_of_slack_are_mentioned() {
        let ids = |id: &str| {
            let content = content(&[told(12, "Acme", SignalType::Bad)]);
            let slack = content.slack(&[("ana".to_owned(), id.to_owned())]);
            slack["blocks"][1]["text"]["text"].as_str().unwrap().to_owned()
        };
        assert_eq!(ids("U012AB"), "<@U012AB> This signal needs attention.");
        for wrong in ["", "!channel", "u1", "U1> <!here"] {
            assert_eq!(ids(wrong), "This signal needs attention.");
        }
    }

    #[test]
    fn a_signal_without_tasks_has_advice_and_its_csm_is_named() {
        let mut told = told(12, "Acme", SignalType::Good);
        told.tasks = Vec::new();
        told.signal.csm = Some("Ana\nPop".to_owned());
        let text = content(&[told]).text().unwrap();
        assert!(text.contains("\n  csm       Ana Pop\n"), "{text}");
        assert!(
            text.contains("\n  to do     build on it when you next talk to the customer"),
            "{text}"
        );
    }

    #[test]
    fn the_inbox_is_named_as_a_shell_takes_it() {
        assert_eq!(quoted("ana"), "ana");
        assert_eq!(quoted("Ana Pop"), "'Ana Pop'");
        assert_eq!(quoted("O'Neil ; rm"), r"'O'\''Neil ; rm'");
        for hidden in ["", "Ana\nPop", "\u{202e}ana", &"n".repeat(3000)] {
            assert_eq!(quoted(hidden), "NAME");
        }
    }

    /// A content of `number` bad signals, each of another company.
    fn long_letter(number: usize, name: &str) -> Content {
        let signals: Vec<NotifiedSignal> = (0..number as i64)
            .map(|id| {
                let mut told = told(id, &format!("{name}{id:04}"), SignalType::Bad);
                told.signal.company = CompanyKey(id as u32);
                told
            })
            .collect();
        let (first, others) = signals.split_at(MOST_ITEMS.min(number));
        let others: Vec<SignalRecord> =
            others.iter().take(MOST_SIGNALS - MOST_ITEMS).map(|told| told.signal.clone()).collect();
        Content::about(Purpose::Realtime, Some("ana"), &overview(&signals), first, &others, None)
    }

    fn texts(slack: &serde_json::Value) -> Vec<String> {
        let blocks = slack["blocks"].as_array().unwrap();
        blocks
            .iter()
            .map(|block| block["text"]["text"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    #[test]
    fn long_letters_have_a_line_for_each_further_signal() {
        let content = long_letter(60, "Company ");
        assert_eq!(
            content.subject, "60 bad signals: Company 0000, Company 0001, Company 0002 and 57 more",
            "all are counted, not only those that are told of at length"
        );
        let (text, html) = (content.text().unwrap(), content.html().unwrap());
        let slack = content.slack(&[]);
        let all = texts(&slack).join("\n");
        for id in 0..60 {
            assert!(text.contains(&format!("Company {id:04}: login fell")), "{id} in {text}");
            assert!(html.contains(&format!("Company {id:04}: login fell")), "{id} in {html}");
            assert!(all.contains(&format!("*Company {id:04}*: login fell")), "{id} in {all}");
        }
        assert!(
            text.contains(
                "\n  Company 0059: login fell from 1,000 to 500 (-50.0 %) (bad, signals show 59)\n"
            ),
            "{text}"
        );
        assert!(!text.contains(" more: "), "{text}");
        assert_eq!(slack["blocks"].as_array().unwrap().len(), 2 + MOST_ITEMS + 1 + 1);
    }

    #[test]
    fn very_long_letters_count_what_they_leave_out() {
        let content = long_letter(1500, &"<".repeat(100));
        assert!(
            content
                .text()
                .unwrap()
                .contains("\nAnd 500 more: `signals inbox --for ana` lists all.\n")
        );
        let slack = content.slack(&[]);
        let (blocks, texts) = (slack["blocks"].as_array().unwrap(), texts(&slack));
        assert_eq!(blocks.len(), 2 + MOST_ITEMS + MOST_BLOCKS_OF_LINES + 1);
        assert!(texts.iter().all(|text| text.chars().count() <= LONGEST_BLOCK));
        let shown = texts
            .iter()
            .flat_map(|text| text.lines())
            .filter(|line| line.contains("*: login fell"))
            .count();
        let closing = blocks.last().unwrap()["elements"][0]["text"].as_str().unwrap();
        let left_out = render::thousands(1500 - shown as u64);
        assert!(
            closing.starts_with(&format!(
                "And {left_out} more: `signals inbox --for ana` lists all.\n"
            )),
            "{closing}"
        );
    }

    #[test]
    fn text_too_long_for_slack_is_cut() {
        let mut long = told(1, &"<".repeat(5000), SignalType::Bad);
        long.signal.detail = "&".repeat(5000);
        long.signal.rule = ">".repeat(5000);
        long.signal.csm = Some("<".repeat(5000));
        long.signal.definition = of_logic(RuleLogic::Trend(TrendRule::of_event(&"&".repeat(5000))));
        long.tasks = vec![task(1, &"<".repeat(5000)); 100];
        long.people = vec!["<".repeat(5000); 100];
        let slack = content(&[long]).slack(&[]);
        let texts = texts(&slack);
        assert!(texts[2].chars().count() <= LONGEST_BLOCK);
        let heading = &texts[0];
        assert!(heading.ends_with("&lt;…") && heading.chars().count() <= 150, "{heading}");
    }
}
