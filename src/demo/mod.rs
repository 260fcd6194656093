//! The data of the demonstration: invented companies, forty of which are customers during its 120
//! days, their activity, and the story in it.
//!
//! Pure and deterministic: the files are the same on every machine, so that the documentation can
//! show the output. Only integers are used, because fractions may be rounded differently elsewhere.

mod random;

use std::fmt::Write;

use anyhow::{Context, Result};
use serde::Deserialize;

use self::random::Random;
use crate::domain::day::{Day, DayRange};

const COMPANIES: &str = include_str!("companies.csv");

/// The files besides the events, as a user would export them.
pub(crate) const FILES: [(&str, &str); 6] = [
    ("companies.csv", COMPANIES),
    ("subscriptions.csv", include_str!("subscriptions.csv")),
    ("surveys.csv", include_str!("surveys.csv")),
    ("team.csv", include_str!("team.csv")),
    ("tickets.csv", include_str!("tickets.csv")),
    ("touchpoints.csv", include_str!("touchpoints.csv")),
];

/// The commands of a user: comments, empty lines and commands.
pub(crate) const SCRIPT: &str = include_str!("script.txt");

const STORY: &str = include_str!("story.toml");

/// 2025-12-02 to 2026-03-31.
pub(crate) const DAYS: DayRange =
    DayRange { from: Day::from_number(20_424), to: Day::from_number(20_543) };

/// A person's usual activity: a number of attempts per day, each with a success rate in thousandths
/// on working days and at weekends. Many likely attempts vary less than few unlikely ones, as
/// habits do.
struct Habit {
    event: &'static str,
    attempts: u64,
    working_day: u64,
    weekend: u64,
}

const HABITS: [Habit; 5] = [
    Habit { event: "login", attempts: 1, working_day: 820, weekend: 90 },
    Habit { event: "dashboard_viewed", attempts: 2, working_day: 740, weekend: 50 },
    Habit { event: "report_exported", attempts: 1, working_day: 480, weekend: 20 },
    Habit { event: "user_invited", attempts: 1, working_day: 12, weekend: 0 },
    Habit { event: "ticket_opened", attempts: 1, working_day: 25, weekend: 4 },
];

/// How many times as active a company's champion is.
const CHAMPION: u64 = 5;

/// The first names of people, in the order in which a company's people are named.
const NAMES: [&str; 20] = [
    "priya", "lucas", "hanna", "omar", "chloe", "mateo", "ingrid", "kofi", "sofia", "daniel",
    "yuki", "emma", "radu", "nora", "felix", "amina", "pablo", "greta", "ivan", "lena",
];

#[derive(Debug)]
struct DemoCompany {
    company_id: &'static str,
    name: &'static str,
    product: &'static str,
    people: u64,
}

#[derive(Debug, Deserialize)]
struct Story {
    turn: Vec<UsageChange>,
}

/// A change of habits, as explained in `story.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageChange {
    company: Option<String>,
    product: Option<String>,
    people: Option<Vec<u64>>,
    event: Option<String>,
    from: Option<String>,
    to: Option<String>,
    thousandths: u64,
}

impl UsageChange {
    fn concerns(&self, company: &DemoCompany, person: u64, event: &str, day: &str) -> bool {
        // ISO dates compare as texts.
        self.company.as_ref().is_none_or(|id| *id == company.company_id)
            && self.product.as_ref().is_none_or(|product| *product == company.product)
            && self.people.as_ref().is_none_or(|people| people.contains(&person))
            && self.event.as_ref().is_none_or(|name| name == event)
            && self.from.as_deref().is_none_or(|from| from <= day)
            && self.to.as_deref().is_none_or(|to| day <= to)
    }
}

/// The file of events.
pub(crate) fn events() -> Result<String> {
    let companies = companies();
    let story: Story =
        toml::from_str(STORY).context("the story of the demonstration cannot be read")?;
    let mut file = "company_id,event,timestamp,person_id\n".to_owned();
    for day in DAYS.days() {
        for line in lines_of(day, &companies, &story.turn) {
            writeln!(file, "{line}")?;
        }
    }
    Ok(file)
}

/// Parses our own file, which has no quotes.
fn companies() -> Vec<DemoCompany> {
    let mut lines = COMPANIES.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let header = lines.next().unwrap_or_default();
    let place = |name| header.iter().position(|column| *column == name).unwrap_or(usize::MAX);
    let [id, name, product, seats] = ["company_id", "name", "product", "seats_used"].map(place);
    let company = |cells: Vec<&'static str>| {
        let cell = |place: usize| cells.get(place).copied().unwrap_or_default();
        let people = cell(seats).parse().unwrap_or(0);
        DemoCompany { company_id: cell(id), name: cell(name), product: cell(product), people }
    };
    lines.map(company).collect()
}

/// The lines of one day, ordered by time.
fn lines_of(day: Day, companies: &[DemoCompany], turns: &[UsageChange]) -> Vec<String> {
    let text = day.to_string();
    let mut timed = Vec::new();
    for (place, company) in companies.iter().enumerate() {
        for person in 0..company.people {
            // A seed for each person and day, so that a change of the story in one place changes
            // nothing elsewhere.
            let seed = (day.number() as u64) << 32 | (place as u64) << 16 | person;
            let mut random = Random::new(seed);
            for habit in &HABITS {
                let turns =
                    turns.iter().filter(|turn| turn.concerns(company, person, habit.event, &text));
                let thousandths =
                    turns.fold(1000, |product, turn| product * turn.thousandths / 1000);
                let times = how_often(habit, person, is_weekend(day), thousandths, &mut random);
                timed.extend(
                    (0..times).map(|_| (second_of_day(&mut random), person, company, habit.event)),
                );
            }
        }
    }
    timed.sort_by_key(|(second, person, company, event)| {
        (*second, company.company_id, *person, *event)
    });
    timed
        .into_iter()
        .map(|(second, person, company, event)| line(&text, second, company, person, event))
        .collect()
}

fn how_often(
    habit: &Habit,
    person: u64,
    is_weekend: bool,
    thousandths: u64,
    random: &mut Random,
) -> usize {
    let is_champion = person == 0 && matches!(habit.event, "dashboard_viewed" | "report_exported");
    let attempts = habit.attempts * if is_champion { CHAMPION } else { 1 };
    let chance = if is_weekend { habit.weekend } else { habit.working_day } * thousandths / 1000;
    (0..attempts).filter(|_| random.happens(chance)).count()
}

/// 1970-01-01 was a Thursday.
fn is_weekend(day: Day) -> bool {
    (day.number() + 3).rem_euclid(7) >= 5
}

/// A second between 8:00 and 18:00.
fn second_of_day(random: &mut Random) -> u64 {
    8 * 3600 + random.below(10 * 3600)
}

fn line(day: &str, second: u64, company: &DemoCompany, person: u64, event: &str) -> String {
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let id = company.company_id;
    format!("{id},{event},{day}T{hour:02}:{minute:02}:{second:02}Z,{}", person_id(company, person))
}

/// Such as `priya@northgate.example`.
fn person_id(company: &DemoCompany, person: u64) -> String {
    let domain: String =
        company.name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    let name = NAMES[person as usize % NAMES.len()];
    format!("{name}@{domain}.example")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(events: &str, parts: &[&str]) -> usize {
        events.lines().filter(|line| parts.iter().all(|part| line.contains(part))).count()
    }

    #[test]
    fn the_days_are_120_of_a_quarter_and_the_month_before() {
        assert_eq!(
            (DAYS.from.to_string(), DAYS.to.to_string()),
            ("2025-12-02".into(), "2026-03-31".into())
        );
        assert_eq!(DAYS.len(), 120);
    }

    #[test]
    fn the_file_is_the_same_every_time() {
        assert_eq!(events().unwrap(), events().unwrap());
    }

    #[test]
    fn the_story_is_in_the_data() {
        let events = events().unwrap();
        // The champion leaves on 13 March.
        assert!(count(&events, &["report_exported,2026-03-12", "priya@northgate"]) > 0);
        assert_eq!(count(&events, &["2026-03-13", "priya@northgate"]), 0);
        // Two days without dashboards in the cloud, but with logins.
        assert_eq!(count(&events, &["C-101,dashboard_viewed,2026-01-21"]), 0);
        assert!(
            count(&events, &["C-101,login,2026-01-21"]) > 0
                && count(&events, &["C-103,dashboard_viewed,2026-01-21"]) > 0
        );
        // The newcomer, and the one that has stopped.
        assert_eq!(count(&events, &["C-130,", "2026-02-15"]), 0);
        assert!(
            count(&events, &["C-130,", "2026-02-16"]) > 0
                && count(&events, &["C-113,", "2026-03-17"]) > 0
        );
        assert_eq!(count(&events, &["C-113,", "2026-03-18"]), 0);
    }

    #[test]
    fn weekends_are_low() {
        let events = events().unwrap();
        // A Wednesday and a Saturday.
        let [wednesday, saturday] =
            ["2026-02-04", "2026-02-07"].map(|day| count(&events, &["login", day]));
        assert!(saturday * 5 < wednesday, "{saturday} {wednesday}");
    }

    #[test]
    fn every_company_has_people_of_different_names() {
        // Three churned before the period begins.
        let (gone, companies): (Vec<_>, Vec<_>) =
            companies().into_iter().partition(|company| company.people == 0);
        assert_eq!((gone.len(), companies.len()), (3, 40));
        assert!(
            companies.iter().all(|company| (5..=NAMES.len() as u64).contains(&company.people)),
            "{companies:?}"
        );
    }
}
