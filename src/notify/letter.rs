//! What a message says: the same in plain text, in HTML and on Slack.
//!
//! Everything that came from a file is made one line of harmless text here; each form escapes it once more in its own way.

use anyhow::Result;
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Serialize;
use serde_json::json;

use crate::domain::finding::Evidence;
use crate::domain::notify::Purpose;
use crate::domain::rule::RuleLogic;
use crate::domain::signal::SignalType;
use crate::render::{self, counted, escape};
use crate::store::SignalRecord;

/// After so many signals a message only counts the others.
pub const MOST_ITEMS: usize = 40;

/// The longest text of an item, in characters. Slack takes 3000 for a whole block.
const LONGEST: usize = 200;

/// After so many people who are to know of a signal, Slack is told of no others.
const MOST_PEOPLE: usize = 10;

/// The longest heading that Slack takes, in characters.
const LONGEST_HEADING: usize = 150;

/// A message, as it is read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// How many signals and what they say.
    pub subject: String,
    /// Why it comes.
    pub intro: String,
    /// The signals.
    pub items: Vec<Item>,
    /// What to say at the end.
    pub closing: Vec<String>,
}

/// A signal, as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// The company.
    pub company: String,
    /// What happened.
    pub headline: String,
    /// All that should be known of it.
    pub facts: Vec<Fact>,
    /// Who is to know, by the names of the team; used on Slack.
    pub people: Vec<String>,
}

/// A line of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is about.
    pub name: &'static str,
    /// The same, as wide as the widest.
    pub padded: String,
    /// What there is to say.
    pub value: String,
    /// Whether it is a command to be typed.
    pub is_command: bool,
}

/// A signal and those who are to know of it.
pub struct Told {
    /// The signal.
    pub signal: SignalRecord,
    /// What is to be done about it, where its rule says so.
    pub playbook: Option<String>,
    /// Their names.
    pub people: Vec<String>,
}

impl Letter {
    /// The letter about these signals, of which there are as many of each type as `types` has entries of it: more than
    /// [`MOST_ITEMS`] are only counted.
    pub fn about(purpose: Purpose, types: &[SignalType], told: &[Told]) -> Self {
        let left_out = types.len().saturating_sub(told.len()) as u64;
        let mut closing = Vec::new();
        if left_out > 0 {
            closing.push(format!("And {} more: `signals inbox --for NAME` lists all.", render::thousands(left_out)));
        }
        closing.push(
            "Sent by signals. Acknowledging a signal, or `signals inbox --mark-read`, marks it as read.".to_owned(),
        );
        Letter {
            subject: subject(purpose, types, told),
            intro: intro(purpose).to_owned(),
            items: told.iter().map(Item::of).collect(),
            closing,
        }
    }

    /// A letter that only shows that it arrives.
    pub fn of_test(person: &str) -> Self {
        Letter {
            subject: "Test message of signals".to_owned(),
            intro: format!("This is a test message for {}: notifications arrive.", harmless(person)),
            items: Vec::new(),
            closing: vec!["Sent by `signals notify test`.".to_owned()],
        }
    }

    /// The letter as plain text.
    ///
    /// # Errors
    /// A template that cannot be filled, which would be our mistake.
    pub fn text(&self) -> Result<String> {
        self.render("letter.txt", include_str!("letter.txt"))
    }

    /// The letter as HTML that loads nothing from outside.
    ///
    /// # Errors
    /// As [`Letter::text`].
    pub fn html(&self) -> Result<String> {
        self.render("letter.html", include_str!("letter.html"))
    }

    /// The ending of the template's name decides how values are escaped.
    fn render(&self, name: &str, template: &str) -> Result<String> {
        let letter = minijinja::Value::from(Serde(self));
        Ok(Environment::new().render_named_str(name, template, context! { letter })?)
    }

    /// The letter as a post of at most 50 blocks. `mentions`: names of the team and what Slack knows them by.
    pub fn slack(&self, mentions: &[(String, String)]) -> serde_json::Value {
        let mut blocks = vec![json!({
            "type": "header",
            "text": {"type": "plain_text", "emoji": false, "text": short_for_slack(&self.subject, LONGEST_HEADING)},
        })];
        blocks.push(section(&self.slack_intro(mentions)));
        blocks.extend(self.items.iter().map(|item| section(&item.slack(mentions))));
        let closing: Vec<String> = self.closing.iter().map(|line| for_slack(line)).collect();
        blocks.push(json!({"type": "context", "elements": [mrkdwn(&closing.join("\n"))]}));
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

impl Item {
    fn of(told: &Told) -> Self {
        let signal = &told.signal;
        let mut facts = Facts::default();
        facts.add("signal", format!("{}, {}, raised on {}", signal.id, signal.signal_type, signal.raised_on));
        facts.add_evidence(signal);
        facts.add("why", why(signal));
        if let Some(playbook) = &told.playbook {
            facts.add("playbook", harmless(playbook));
        }
        facts.add_command("look", format!("signals show {}", signal.id));
        facts.add_command("close", format!("signals ack {} --reason TEXT", signal.id));
        Item {
            company: company(signal),
            headline: harmless(&signal.detail),
            facts: facts.0,
            people: told.people.clone(),
        }
    }

    fn slack(&self, mentions: &[(String, String)]) -> String {
        // All of it together must fit into a block.
        let (company, headline) = (short_for_slack(&self.company, 150), short_for_slack(&self.headline, 500));
        let mut lines = vec![format!("*{company}*: {headline}")];
        lines.extend(self.facts.iter().map(|fact| match fact.is_command {
            true => format!("{}: `{}`", fact.name, for_slack(&fact.value)),
            false => format!("{}: {}", fact.name, short_for_slack(&fact.value, 250)),
        }));
        if !self.people.is_empty() {
            let name =
                |person: &String| mention(person, mentions).unwrap_or_else(|| short_for_slack(&harmless(person), 50));
            let names: Vec<String> = self.people.iter().take(MOST_PEOPLE).map(name).collect();
            lines.push(format!("for: {}", names.join(", ")));
        }
        lines.join("\n")
    }
}

#[derive(Default)]
struct Facts(Vec<Fact>);

impl Facts {
    /// What the rule saw.
    fn add_evidence(&mut self, signal: &SignalRecord) {
        match (&signal.evidence, &signal.definition) {
            (Evidence::Trend { comparison, chance }, definition) => {
                let watch = definition.trend().map(|trend| trend.watch.to_string()).unwrap_or_default();
                self.add("event", harmless(&watch));
                self.add("before", format!("{} ({})", render::thousands(comparison.previous), comparison.observation));
                self.add("now", format!("{} ({})", render::thousands(comparison.current), comparison.decision));
                self.add("change", comparison.change_text());
                self.add("chance", format!("{} that this happens when nothing has changed", render::chance(*chance)));
            }
            (Evidence::Adoption(adoption), _) => {
                self.add("event", harmless(&adoption.event));
                adoption.due_on.iter().for_each(|due| self.add("due", due.to_string()));
                self.add("done", adoption.done_on.map_or("not yet".to_owned(), |done| done.to_string()));
            }
            (Evidence::Condition(reading), _) => {
                let values: Vec<String> =
                    reading.values.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                self.add("values", harmless(&values.join(", ")));
            }
        }
    }

    fn add(&mut self, name: &'static str, value: String) {
        self.0.push(Fact { name, padded: format!("{name:<8}"), value, is_command: false });
    }

    fn add_command(&mut self, name: &'static str, value: String) {
        self.0.push(Fact { name, padded: format!("{name:<8}"), value, is_command: true });
    }
}

fn company(signal: &SignalRecord) -> String {
    harmless(signal.company_name.as_deref().unwrap_or(&signal.company_id))
}

/// Why somebody should care, in a sentence.
fn why(signal: &SignalRecord) -> String {
    let advice = match signal.signal_type {
        SignalType::Bad => "something to act on before the customer does",
        SignalType::Good => "something to build on",
        SignalType::Info => "something to know before you talk to them",
    };
    let rule = harmless(&signal.rule);
    let reason = match &signal.definition {
        RuleLogic::Trend(trend) => {
            format!("more than the {} % in {} days that the rule {rule} lets pass", trend.threshold, trend.timeframe)
        }
        RuleLogic::Adoption(_) => format!("the rule {rule} watches whether this is done, and when"),
        RuleLogic::Condition(condition) => format!("the rule {rule} watches for {}", harmless(&condition.when)),
    };
    format!("{reason}; {advice}")
}

/// How many signals of which types and, while few, of whom: `1 bad signal: Acme: login fell …`.
fn subject(purpose: Purpose, types: &[SignalType], told: &[Told]) -> String {
    let beginning = match purpose {
        Purpose::Realtime => "",
        Purpose::Reminder => "Still unread: ",
        Purpose::Digest => "Daily digest: ",
    };
    let rest = match told {
        [only] if types.len() == 1 => format!("{}: {}", company(&only.signal), harmless(&only.signal.detail)),
        _ => companies(told),
    };
    shortened(&format!("{beginning}{}: {rest}", count(types)), LONGEST)
}

/// `1 bad signal`, `3 signals (2 bad, 1 good)`.
fn count(types: &[SignalType]) -> String {
    let of = |wanted: SignalType| types.iter().filter(|found| **found == wanted).count() as u64;
    let present: Vec<(u64, SignalType)> =
        SignalType::ALL.iter().map(|wanted| (of(*wanted), *wanted)).filter(|(count, _)| *count > 0).collect();
    match present[..] {
        [(number, only)] => counted(number, &format!("{only} signal"), &format!("{only} signals")),
        _ => {
            let parts: Vec<String> =
                present.iter().map(|(number, one)| format!("{} {one}", render::thousands(*number))).collect();
            format!("{} ({})", counted(types.len() as u64, "signal", "signals"), parts.join(", "))
        }
    }
}

/// `Acme, Beta and 3 more`.
fn companies(told: &[Told]) -> String {
    const NAMED: usize = 3;
    let mut names: Vec<String> = Vec::new();
    for name in told.iter().map(|told| company(&told.signal)) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let text = names.join(", ");
    if more > 0 { format!("{text} and {more} more") } else { text }
}

fn intro(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Realtime => "These signals need attention.",
        Purpose::Reminder => "These signals still lie unread in your inbox.",
        Purpose::Digest => "What else there is to know today.",
    }
}

/// One line without control characters and marks that turn the direction of writing round, and not too long.
pub fn harmless(text: &str) -> String {
    let visible: String = text.chars().map(|letter| if escape::is_hostile(letter) { ' ' } else { letter }).collect();
    shortened(&visible.split_whitespace().collect::<Vec<_>>().join(" "), LONGEST)
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

/// Text for Slack: what begins a mention, a link or an entity is written out.
fn for_slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The same, no longer than `most` and never cut within an entity.
fn short_for_slack(text: &str, most: usize) -> String {
    let mut short = String::new();
    let mut length = 0;
    for letter in text.chars() {
        let safe = for_slack(letter.encode_utf8(&mut [0; 4]));
        length += safe.chars().count();
        if length >= most {
            return short + "…";
        }
        short.push_str(&safe);
    }
    short
}

fn mention(person: &str, mentions: &[(String, String)]) -> Option<String> {
    let (_, id) = mentions.iter().find(|(name, _)| name == person)?;
    // Anything else could be `!channel`.
    let is_id = !id.is_empty() && id.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit());
    is_id.then(|| format!("<@{id}>"))
}

fn section(text: &str) -> serde_json::Value {
    json!({"type": "section", "text": mrkdwn(text)})
}

/// With `verbatim`, Slack does not look for names and links in the text by itself.
fn mrkdwn(text: &str) -> serde_json::Value {
    json!({"type": "mrkdwn", "verbatim": true, "text": text})
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::adoption::Adoption;
    use crate::domain::company::CompanyKey;
    use crate::domain::condition::{ReadValue, Reading};
    use crate::domain::day::{Day, DayRange};
    use crate::domain::rule::{AdoptionRule, Aim, ConditionRule, TrendRule, Watch};
    use crate::domain::signal::{Comparison, SignalId};

    fn told(id: i64, name: &str, signal_type: SignalType) -> Told {
        let day = |number| Day::from_number(number);
        let signal = SignalRecord {
            id: SignalId(id),
            company: CompanyKey(1),
            company_id: "acme".to_owned(),
            company_name: Some(name.to_owned()),
            csm: None,
            rule: "login".to_owned(),
            definition: RuleLogic::Trend(TrendRule::new(Watch::Event("login".to_owned()))),
            where_expr: None,
            signal_type,
            raised_on: day(20_543),
            evidence: Evidence::Trend {
                comparison: Comparison {
                    observation: DayRange { from: day(20_530), to: day(20_536) },
                    previous: 1000,
                    decision: DayRange { from: day(20_537), to: day(20_543) },
                    current: 500,
                },
                chance: 0.0071,
            },
            change_pct: Some(-50.0),
            detail: "login fell from 1,000 to 500 (-50.0 %)".to_owned(),
            acknowledgement: None,
        };
        Told { signal, playbook: Some("Re-engage".to_owned()), people: vec!["ana".to_owned()] }
    }

    fn letter(told: &[Told]) -> Letter {
        let types: Vec<SignalType> = told.iter().map(|told| told.signal.signal_type).collect();
        Letter::about(Purpose::Realtime, &types, told)
    }

    #[test]
    fn a_subject_says_how_many_and_what() {
        use SignalType::{Bad, Good, Info};
        let subject = |purpose, signals: &[(&str, SignalType)]| {
            let told: Vec<Told> = signals.iter().map(|(name, one)| told(1, name, *one)).collect();
            let types: Vec<SignalType> = signals.iter().map(|(_, one)| *one).collect();
            Letter::about(purpose, &types, &told).subject
        };
        assert_eq!(
            subject(Purpose::Realtime, &[("Acme", Bad)]),
            "1 bad signal: Acme: login fell from 1,000 to 500 (-50.0 %)"
        );
        assert_eq!(subject(Purpose::Realtime, &[("Acme", Bad), ("Acme", Bad)]), "2 bad signals: Acme");
        assert_eq!(
            subject(Purpose::Digest, &[("Acme", Bad), ("B", Good), ("C", Info), ("D", Info)]),
            "Daily digest: 4 signals (1 bad, 1 good, 2 info): Acme, B, C and 1 more"
        );
        assert_eq!(subject(Purpose::Reminder, &[("A", Info), ("B", Info)]), "Still unread: 2 info signals: A, B");
    }

    #[test]
    fn plain_text_has_all_that_should_be_known() {
        let text = letter(&[told(12, "Acme", SignalType::Bad)]).text().unwrap();
        let expected = "\
These signals need attention.

Acme: login fell from 1,000 to 500 (-50.0 %)
  signal    12, bad, raised on 2026-03-31
  event     login
  before    1,000 (2026-03-18..2026-03-24)
  now       500 (2026-03-25..2026-03-31)
  change    -50.0 %
  chance    0.0071 that this happens when nothing has changed
  why       more than the 15 % in 7 days that the rule login lets pass; something to act on before the customer does
  playbook  Re-engage
  look      signals show 12
  close     signals ack 12 --reason TEXT

Sent by signals. Acknowledging a signal, or `signals inbox --mark-read`, marks it as read.
";
        assert_eq!(text.trim_end(), expected.trim_end());
    }

    fn facts(definition: RuleLogic, evidence: Evidence) -> Vec<String> {
        let mut told = told(12, "Acme", SignalType::Bad);
        told.signal.definition = definition;
        told.signal.evidence = evidence;
        let facts = Item::of(&told).facts;
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
        let told = facts(RuleLogic::Adoption(AdoptionRule { aim, retroactive: false }), Evidence::Adoption(adoption));
        assert_eq!(told[1..4], ["event: export", "due: 2026-03-31", "done: not yet"]);
        assert_eq!(
            told[4],
            "why: the rule login watches whether this is done, and when; something to act on before the customer does"
        );
        let values = BTreeMap::from([("nps".to_owned(), ReadValue::Whole(3)), ("seats".to_owned(), ReadValue::Null)]);
        let told = facts(
            RuleLogic::Condition(ConditionRule::new("nps < 5", SignalType::Bad)),
            Evidence::Condition(Reading { key: None, values }),
        );
        assert_eq!(told[1], "values: nps: 3, seats: unknown");
        assert_eq!(told[2], "why: the rule login watches for nps < 5; something to act on before the customer does");
    }

    #[test]
    fn html_and_slack_say_the_same() {
        let letter = letter(&[told(12, "Acme", SignalType::Bad), told(13, "Beta", SignalType::Bad)]);
        let (html, slack) = (letter.html().unwrap(), letter.slack(&[]).to_string());
        for item in &letter.items {
            for text in item.facts.iter().map(|fact| &fact.value).chain([&item.company, &item.headline]) {
                assert!(html.contains(text.as_str()), "{text} is not in {html}");
                assert!(slack.contains(text.as_str()), "{text} is not in {slack}");
            }
        }
    }

    #[test]
    fn hostile_names_harm_nobody() {
        let name = "Acme\r\nBcc: x@example.com <!channel> <script>\u{202e}& <@U1>";
        let letter = letter(&[told(12, name, SignalType::Bad)]);
        let line = "Acme Bcc: x@example.com <!channel> <script> & <@U1>";
        assert_eq!(letter.items[0].company, line);
        assert!(!letter.subject.contains(['\r', '\n']), "{}", letter.subject);
        let text = letter.text().unwrap();
        assert!(text.contains(&format!("\n{line}: login")), "{text}");
        let html = letter.html().unwrap();
        assert!(html.contains("&lt;!channel&gt; &lt;script&gt; &amp; &lt;@U1&gt;"), "{html}");
        assert!(!html.contains("<script"), "{html}");
        let slack = letter.slack(&[]);
        let section = slack["blocks"][2]["text"]["text"].as_str().unwrap();
        assert!(section.contains("*Acme Bcc: x@example.com &lt;!channel&gt; &lt;script&gt; &amp; &lt;@U1&gt;*"));
        assert!(!slack["text"].as_str().unwrap().contains('<'));
    }

    #[test]
    fn only_ids_of_slack_are_mentioned() {
        let ids = |id: &str| {
            let letter = letter(&[told(12, "Acme", SignalType::Bad)]);
            let slack = letter.slack(&[("ana".to_owned(), id.to_owned())]);
            slack["blocks"][1]["text"]["text"].as_str().unwrap().to_owned()
        };
        assert_eq!(ids("U012AB"), "<@U012AB> These signals need attention.");
        for wrong in ["", "!channel", "u1", "U1> <!here"] {
            assert_eq!(ids(wrong), "These signals need attention.");
        }
    }

    #[test]
    fn long_letters_count_what_they_leave_out() {
        let signals: Vec<Told> = (0..MOST_ITEMS as i64).map(|id| told(id, "Acme", SignalType::Bad)).collect();
        let letter = Letter::about(Purpose::Realtime, &[SignalType::Bad; 1500], &signals);
        assert_eq!(letter.subject, "1,500 bad signals: Acme");
        assert_eq!(letter.closing[0], "And 1,460 more: `signals inbox --for NAME` lists all.");
        let slack = letter.slack(&[]);
        assert_eq!(slack["blocks"].as_array().unwrap().len(), MOST_ITEMS + 3);
        let mut long = told(1, &"<".repeat(5000), SignalType::Bad);
        long.signal.detail = "&".repeat(5000);
        long.signal.rule = ">".repeat(5000);
        long.signal.definition = RuleLogic::Trend(TrendRule::new(Watch::Event("&".repeat(5000))));
        long.playbook = Some("<".repeat(5000));
        long.people = vec!["<".repeat(5000); 100];
        let slack = super::tests::letter(&[long]).slack(&[]);
        assert!(slack["blocks"][2]["text"]["text"].as_str().unwrap().chars().count() < 3000);
        let heading = slack["blocks"][0]["text"]["text"].as_str().unwrap();
        assert!(heading.ends_with("&lt;…") && heading.chars().count() <= 150, "{heading}");
    }
}
