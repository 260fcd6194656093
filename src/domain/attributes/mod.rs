//! The catalogue of attributes: every named fact about a company on an as-of date.
//!
//! Each attribute has one row in the file of its group: its name, type, unit, a line of help, and
//! how to compute its value from the facts of one family. `store::attributes` reads the facts of a
//! family for all companies at once. Customer lists, filters, segments, metrics, rules, health,
//! reports and exports refer to attributes by name.

mod company;
mod engagement;
mod health;
mod money;
mod pulse;
mod sentiment;
mod signals;
mod support;
mod usage;
mod work;

pub(crate) use company::CompanyFacts;
pub(crate) use engagement::Contact;
pub(crate) use health::HealthFacts;
pub(crate) use pulse::PulseFacts;
pub(crate) use signals::SignalFacts;
pub(crate) use usage::{
    EventCounts, EventDays, NewPeople, PeopleCounts, PeriodFacts, YEAR, usual_days,
};
pub(crate) use work::{DatedGoal, TaskFacts};

pub(crate) use super::datum::Datum;
use super::day::{Day, DayRange};
use super::fact_kinds::{AttributeType, Invoice, NpsResponse, Ticket};
use super::named::named;
use super::words::Words;

/// A named fact about a company.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attribute {
    /// The name in expressions, options and output.
    pub name: &'static str,
    pub group: AttributeGroup,
    pub kind: AttributeType,
    /// What its values count or measure; empty for texts and days.
    pub unit: &'static str,
    /// A description in one line.
    pub help: &'static str,
    /// How to compute its value, and from which facts.
    pub of: Of,
}

/// What attributes are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AttributeGroup {
    /// The company's own record.
    Company,
    Signals,
    /// The events of its people in the product.
    Usage,
    /// Dates and seats of its contract.
    Contract,
    /// Its answers to NPS surveys.
    Sentiment,
    /// Its tickets.
    Support,
    /// Its invoices.
    Money,
    /// The contacts between it and the team.
    Engagement,
    /// How the team judges it.
    Pulse,
    /// Its health under the profile that applies.
    Health,
    /// Tasks and goals.
    Work,
}
named!(AttributeGroup {
    Company = "company",
    Signals = "signals",
    Usage = "usage",
    Contract = "contract",
    Sentiment = "sentiment",
    Support = "support",
    Money = "money",
    Engagement = "engagement",
    Pulse = "pulse",
    Health = "health",
    Work = "work",
});

/// The family of facts of an attribute, and how to compute its value from them. A family is read
/// from the database only if one of its attributes is needed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of {
    /// The company's own record.
    Company(fn(&CompanyFacts<'_>) -> Datum),
    /// The company's record with its subscriptions.
    Contract(fn(&CompanyFacts<'_>) -> Datum),
    /// The types and states of its signals.
    Signals(fn(&SignalFacts) -> Datum),
    SignalDays(fn(&SignalFacts) -> Datum),
    /// Day counts of the last `days` days, 365 at most.
    Counts {
        days: i32,
        value: fn(&EventCounts) -> Datum,
    },
    /// The event names of the last 28 days.
    Features(fn(&EventCounts) -> Datum),
    /// The people of the last 7 days.
    PeopleOfWeek(fn(&PeopleCounts) -> Datum),
    /// The people of the last 56 days.
    People(fn(&PeopleCounts) -> Datum),
    /// The first day of every person.
    NewPeople(fn(&NewPeople) -> Datum),
    /// The present period as a customer.
    Period(fn(&PeriodFacts) -> Datum),
    /// The active days expected in the last 28, from the 168 days before and from what all
    /// customers did.
    Expectation(fn(&PeriodFacts) -> Datum),
    /// The gaps between the active days of the last 365 days.
    Gaps(fn(&PeriodFacts) -> Datum),
    /// The company's first and last day with an event.
    EventDays(fn(&EventDays) -> Datum),
    /// Survey responses, oldest first.
    Nps(fn(&Facts<'_, NpsResponse>) -> Datum),
    /// Tickets, oldest first.
    Tickets(fn(&Facts<'_, Ticket>) -> Datum),
    /// Invoices, earliest due date first.
    Invoices(fn(&Facts<'_, Invoice>) -> Datum),
    /// Contacts, oldest first.
    Contacts(fn(&Facts<'_, Contact>) -> Datum),
    /// The pulses that people set.
    Pulses(fn(&PulseFacts<'_>) -> Datum),
    /// Its open tasks.
    Tasks(fn(&TaskFacts) -> Datum),
    /// Its health on the day.
    Health(fn(&HealthFacts) -> Datum),
    /// Its health on the day and on days before.
    HealthChange(fn(&HealthFacts) -> Datum),
    /// The measure that lowers its health score most.
    HealthDriver(fn(&HealthFacts) -> Datum),
    /// Goals, earliest deadline first.
    Goals(fn(&Facts<'_, DatedGoal>) -> Datum),
}

/// The point in time for which attributes are computed. Facts dated on or before the day count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AsOf {
    /// The as-of date.
    pub day: Day,
    /// Which signals and which entries of their history count.
    pub stage: Stage,
}

/// Which signals and entries of the history count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Entries up to the day, and signals raised before it: the state before the first rules of the
    /// day are applied.
    BeforeTrends,
    /// Entries up to the day, and signals raised up to the day, except by condition rules on the
    /// day itself, so that all condition rules of a day see the same signals.
    BeforeConditions,
    /// Entries and signals up to the day.
    EndOfDay,
    /// All entries and signals, in their current state.
    Now {
        /// Today's date, from the clock.
        today: Day,
    },
}

impl AsOf {
    /// The end of a day.
    pub(crate) fn end_of(day: Day) -> Self {
        AsOf { day, stage: Stage::EndOfDay }
    }

    /// The current state on `today`, with facts up to `day`.
    pub(crate) fn at_present(day: Day, today: Day) -> Self {
        AsOf { day, stage: Stage::Now { today } }
    }

    pub(crate) fn is_present(self) -> bool {
        matches!(self.stage, Stage::Now { .. })
    }

    /// The last day whose entries count; `None` if all do.
    pub(crate) fn last_entry(self) -> Option<Day> {
        (!self.is_present()).then_some(self.day)
    }

    /// The day to compare people's own entries with, such as the due dates of tasks.
    pub(crate) fn today(self) -> Day {
        match self.stage {
            Stage::Now { today } => today,
            _ => self.day,
        }
    }

    /// The last day of any fact or entry: a clock may be behind the imported facts.
    pub(crate) fn last_day(self) -> Day {
        self.day.max(self.today())
    }
}

/// Imported facts of one kind about one company, dated on or before an as-of date.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts<'a, T> {
    /// The facts, in the order of the family.
    pub rows: &'a [T],
    /// Whether any company has a fact of this kind on or before the as-of date; if not, counts are
    /// unknown.
    pub has_begun: bool,
    /// The as-of date.
    pub day: Day,
    /// The words for urgent priorities and settled invoices.
    pub words: &'a Words,
}

impl<'a, T> Facts<'a, T> {
    /// The number of wanted facts; unknown before the first fact of the kind.
    fn count(&self, is_wanted: impl Fn(&T) -> bool) -> Datum {
        self.counted(self.rows.iter().filter(|row| is_wanted(row)).count())
    }

    /// A count of facts; unknown before the first fact of the kind.
    fn counted(&self, count: usize) -> Datum {
        if self.has_begun { count.into() } else { Datum::Null }
    }

    /// The last `days` days, including the as-of date.
    fn last(&self, days: i32) -> DayRange {
        last(self.day, days)
    }

    /// The last 28 days.
    fn now(&self) -> DayRange {
        last(self.day, MONTH)
    }

    /// The 28 days before the last 28.
    fn before(&self) -> DayRange {
        last(self.day - MONTH, MONTH)
    }
}

/// Four whole weeks. Windows of 30 days contain different numbers of weekends, which looks like a
/// trend.
pub(crate) const MONTH: i32 = 28;

/// The last `days` days up to and including `day`.
pub(crate) fn last(day: Day, days: i32) -> DayRange {
    DayRange { from: day - days + 1, to: day }
}

/// The change in percent; unknown if `previous` is 0.
fn change_pct(previous: u64, current: u64) -> Datum {
    match previous {
        0 => Datum::Null,
        _ => Datum::Number((current as f64 - previous as f64) * 100.0 / previous as f64),
    }
}

/// The mean; unknown without values.
fn mean(values: impl Iterator<Item = f64>) -> Datum {
    let (count, sum) = values.fold((0_u32, 0.0), |(count, sum), value| (count + 1, sum + value));
    if count == 0 { Datum::Null } else { Datum::from(sum / f64::from(count)) }
}

/// All attributes, by group, in display order.
pub(crate) fn catalogue() -> impl Iterator<Item = &'static Attribute> {
    let groups: [&'static [Attribute]; 10] = [
        &company::ATTRIBUTES,
        &signals::ATTRIBUTES,
        &usage::ATTRIBUTES,
        &sentiment::ATTRIBUTES,
        &support::ATTRIBUTES,
        &money::ATTRIBUTES,
        &engagement::ATTRIBUTES,
        &pulse::ATTRIBUTES,
        &health::ATTRIBUTES,
        &work::ATTRIBUTES,
    ];
    groups.into_iter().flatten()
}

/// The attribute with this name, ignoring case as SQL does.
pub(crate) fn find(name: &str) -> Option<&'static Attribute> {
    catalogue().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// Short constructors for the rows of the catalogue.
mod rows {
    use super::{Attribute, AttributeGroup, AttributeType, Of};

    pub(super) const fn number(
        name: &'static str,
        group: AttributeGroup,
        unit: &'static str,
        help: &'static str,
        of: Of,
    ) -> Attribute {
        Attribute { name, group, kind: AttributeType::Number, unit, help, of }
    }

    pub(super) const fn text(
        name: &'static str,
        group: AttributeGroup,
        help: &'static str,
        of: Of,
    ) -> Attribute {
        Attribute { name, group, kind: AttributeType::Text, unit: "", help, of }
    }

    pub(super) const fn day(
        name: &'static str,
        group: AttributeGroup,
        help: &'static str,
        of: Of,
    ) -> Attribute {
        Attribute { name, group, kind: AttributeType::Date, unit: "", help, of }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_unique_and_found_in_any_case() {
        let names: HashSet<&str> = catalogue().map(|attribute| attribute.name).collect();
        assert_eq!(names.len(), catalogue().count());
        assert_eq!(find("Events_28D").map(|attribute| attribute.name), Some("events_28d"));
        assert!(find("events").is_none());
    }

    #[test]
    fn windows_include_the_as_of_date() {
        let day = Day::from_number(100);
        assert_eq!(last(day, 7), DayRange { from: Day::from_number(94), to: day });
        let facts = Facts::<()> { rows: &[], has_begun: true, day, words: &Words::default() };
        assert_eq!(facts.now(), DayRange { from: Day::from_number(73), to: day });
        assert_eq!(
            facts.before(),
            DayRange { from: Day::from_number(45), to: Day::from_number(72) }
        );
    }

    #[test]
    fn a_count_is_unknown_before_the_first_fact_of_its_kind() {
        let words = Words::default();
        let count = |has_begun| {
            let facts =
                Facts { rows: &[1, 2, 3], has_begun, day: Day::from_number(100), words: &words };
            facts.count(|row| *row > 1)
        };
        assert_eq!([count(false), count(true)], [Datum::Null, Datum::Whole(2)]);
    }

    #[test]
    fn entries_count_up_to_the_day_and_without_a_day_all_of_them() {
        let (day, today) = (Day::from_number(100), Day::from_number(107));
        let end = AsOf::end_of(day);
        assert_eq!((end.is_present(), end.last_entry(), end.today()), (false, Some(day), day));
        let now = AsOf::at_present(day, today);
        assert_eq!((now.is_present(), now.last_entry(), now.today()), (true, None, today));
    }

    #[test]
    fn a_change_from_nothing_is_unknown() {
        let cases = [
            (0, 0, Datum::Null),
            (0, 5, Datum::Null),
            (4, 5, Datum::Number(25.0)),
            (4, 0, Datum::Number(-100.0)),
            (4, 4, Datum::Number(0.0)),
        ];
        for (previous, current, expected) in cases {
            assert_eq!(change_pct(previous, current), expected, "{previous} {current}");
        }
        assert_eq!(mean(std::iter::empty()), Datum::Null);
        assert_eq!(mean([1.0, 2.0].into_iter()), Datum::Number(1.5));
    }
}
