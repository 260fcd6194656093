//! The results of a backtest: a row for each rule and period, with remarks.

use rustc_hash::FxHashMap;

use super::{Column, Field, Listing, RecordFields, or_dash, plain, table};
use crate::backtest::trial::{Tally, Trial};
use crate::backtest::tune::TunedSet;
use crate::backtest::{
    BacktestResult, BandRow, BlindSpot, HealthOutcome, ReplayedSignal, ResultRow, RuleSet,
    TestPeriod,
};
use crate::domain::backtest::{FEWEST_CHURNS, Measured, Settings};
use crate::domain::company::CompanyKey;
use crate::render::{Screen, Tone, Value, counted, money, thousands};

pub(crate) const ROWS: Listing<ResultRow> = Listing {
    fields: RecordFields::Each(&FIELDS),
    columns: &COLUMNS,
    when_empty: "no rule was measured",
};

/// The fields that both kinds of rows have.
impl<S> Field<ResultRow<S>> {
    const PART: Self = Field::new("part", |row| row.part.as_str().into());
    const SIGNALS: Self = Field::new("signals", |row| row.measured.signals.into());
    const LIFT: Self = Field::new("lift", |row| row.measured.lift.into());
    const LIFT_LOW: Self =
        Field::new("lift_low", |row| row.measured.interval.map(|i| i.low).into());
    const LIFT_HIGH: Self =
        Field::new("lift_high", |row| row.measured.interval.map(|i| i.high).into());
    const CHURNS: Self = Field::new("churns", |row| row.measured.churns.into());
    const COVERED: Self = Field::new("covered", |row| row.measured.covered.into());
    const COVERAGE: Self = Field::new("coverage", |row| row.measured.coverage.into());
    const SIGNALS_PER_CSM_WEEK: Self =
        Field::new("signals_per_csm_week", |row| row.signals_per_csm_week.into());
}

/// The columns that both kinds of rows have.
impl<S> Column<ResultRow<S>> {
    const LIFT: Self =
        Column::right("lift", |row| (number(row.measured.lift, 2), tone(&row.measured)));
    const INTERVAL: Self = Column::right("95 %", |row| plain(interval(&row.measured)));
    const COVERED: Self = Column::right("churns covered", |row| plain(covered(&row.measured)));
}

/// The fields for other programs. They are a stable interface: new ones are added at the end.
const FIELDS: [Field<ResultRow>; 16] = [
    Field::PART,
    Field::new("rule", |row| row.subject.name().into()),
    Field::SIGNALS,
    Field::new("right", |row| row.measured.right.into()),
    Field::new("late", |row| row.measured.late.into()),
    Field::new("precision", |row| row.measured.precision.into()),
    Field::new("base", |row| row.measured.base.into()),
    Field::LIFT,
    Field::LIFT_LOW,
    Field::LIFT_HIGH,
    Field::CHURNS,
    Field::COVERED,
    Field::COVERAGE,
    Field::new("median_lead_days", |row| row.measured.median_lead_days.into()),
    Field::new("signals_per_100_customers_week", |row| {
        row.measured.signals_per_100_customers_week.into()
    }),
    Field::SIGNALS_PER_CSM_WEEK,
];

const COLUMNS: [Column<ResultRow>; 8] = [
    Column::left("rule", |row| plain(title(&row.subject))),
    Column::LIFT,
    Column::INTERVAL,
    Column::COVERED,
    Column::right("lead", |row| {
        plain(or_dash(row.measured.median_lead_days.map(|days| format!("{days} days"))))
    }),
    Column::right("signals", |row| plain(thousands(row.measured.signals))),
    Column::right("per week and 100", |row| {
        plain(number(row.measured.signals_per_100_customers_week, 1))
    }),
    Column::right("and CSM", |row| plain(number(row.signals_per_csm_week, 1))),
];

/// The name of a row on screens and pages.
pub(crate) fn title(subject: &RuleSet) -> String {
    match subject {
        RuleSet::Rule(name) => name.clone(),
        RuleSet::Together => "all together".to_owned(),
        RuleSet::OneACompany => "together, one a company in 28 days".to_owned(),
        RuleSet::Yardstick => "yardstick: events, 7 days, 15 %".to_owned(),
    }
}

fn number(number: Option<f64>, decimals: usize) -> String {
    or_dash(number.map(|number| format!("{number:.decimals$}")))
}

fn interval(measured: &Measured) -> String {
    or_dash(
        measured.interval.map(|interval| format!("{:.2} to {:.2}", interval.low, interval.high)),
    )
}

fn covered(measured: &Measured) -> String {
    let Measured { covered, churns, coverage, .. } = measured;
    let share = coverage.map(|share| format!(" ({:.0} %)", share * 100.0)).unwrap_or_default();
    format!("{covered} of {churns}{share}")
}

/// Better or worse than random choice, if the interval shows it.
fn tone(measured: &Measured) -> Tone {
    match measured.interval {
        Some(interval) if interval.low > 1.0 => Tone::Good,
        Some(interval) if interval.high < 1.0 => Tone::Bad,
        _ => Tone::Plain,
    }
}

/// Whether signals foretell churn, in words.
pub(crate) fn answer(outcome: &BacktestResult) -> String {
    let Some(ResultRow { measured, .. }) = outcome.together(TestPeriod::All) else {
        return String::new();
    };
    let churns = outcome.churns();
    if churns < FEWEST_CHURNS {
        let churns = counted(churns, "churn is", "churns are");
        return format!("{churns} too few to judge the rules by.");
    }
    let (Some(lift), Some(interval)) = (measured.lift, measured.interval) else {
        return format!("No signal came early enough before any of {churns} churns to judge by.");
    };
    let verdict = match interval {
        _ if interval.low > 1.0 => "Yes",
        _ if interval.high < 1.0 => "No",
        _ => "Not shown",
    };
    let chance = if interval.includes_one() { ", which chance alone explains" } else { "" };
    let share = measured.coverage.unwrap_or_default() * 100.0;
    let ahead = measured
        .median_lead_days
        .map(|days| format!(", usually {} ahead", counted(days.round() as u64, "day", "days")));
    format!(
        "{verdict}: customers with a signal churned {lift:.2} times as often as customers picked \
         at random (95 % interval {:.2} to {:.2}){chance}. Signals came before {} of {churns} \
         churns ({share:.0} %){}.",
        interval.low,
        interval.high,
        measured.covered,
        ahead.unwrap_or_default(),
    )
}

/// Caveats about the numbers, one sentence each.
pub(crate) fn remarks(outcome: &BacktestResult) -> Vec<String> {
    let mut remarks = Vec::new();
    let churns = outcome.churns();
    if churns < FEWEST_CHURNS {
        let few = counted(churns, "churn is", "churns are");
        remarks.push(format!(
            "{few} too few to judge: with fewer than {FEWEST_CHURNS}, chance decides"
        ));
    }
    let all = outcome.rows.iter().filter(|row| row.part == TestPeriod::All);
    let unclear = all.filter(|row| row.measured.interval.is_some_and(|i| i.includes_one()));
    let unclear: Vec<String> = unclear.map(|row| title(&row.subject)).collect();
    if !unclear.is_empty() {
        remarks.push(format!("not shown to be better than picking by lot: {}", unclear.join("; ")));
    }
    if outcome.churns_too_early > 0 {
        remarks.push(format!(
            "{} left out: the company was not established, or not active enough, in time to be \
             warned of",
            counted(outcome.churns_too_early, "churn is", "churns are")
        ));
    }
    if outcome.is_derived_from_silence {
        remarks.push(
            "these churns look derived from silence, which flatters silence: more than 80 % of \
             them lie one day after the last event"
                .to_owned(),
        );
    }
    if !outcome.without_history.is_empty() {
        let what = outcome.without_history.join(", ");
        remarks.push(format!("no history, so that today's value was used for every day: {what}"));
    }
    if !outcome.recorded_by_runs.is_empty() {
        remarks.push(format!(
            "known only on days that were run, and unknown or 0 on all others: {}",
            outcome.recorded_by_runs.join(", ")
        ));
    }
    remarks.push(
        "rules that were edited after these customers were seen look better than they are"
            .to_owned(),
    );
    remarks
}

/// The fields of the file of replayed signals.
pub(crate) const SIGNAL_FIELDS: [&str; 4] = ["rule", "company_id", "raised_on", "type"];

/// A replayed signal, in the order of [`SIGNAL_FIELDS`].
pub(crate) fn signal<'v>(
    rule: &'v str,
    company_id: Option<&'v str>,
    signal: &ReplayedSignal,
) -> [Value<'v>; 4] {
    [rule.into(), company_id.into(), signal.on.into(), signal.signal_type.as_str().into()]
}

/// What was measured, in one line.
pub(crate) fn heading(outcome: &BacktestResult) -> String {
    let Settings { horizon, min_lead, .. } = outcome.settings;
    format!(
        "Backtest {} to {}: {} of {}, foretold when they follow within {min_lead} to {horizon} days",
        outcome.days.from,
        outcome.days.to,
        counted(outcome.churns(), "churn", "churns"),
        counted(outcome.companies as u64, "customer", "customers"),
    )
}

pub(crate) fn draw(outcome: &BacktestResult, screen: &mut Screen) {
    screen.heading(&heading(outcome));
    screen.wrapped("", &format!("Do the signals foretell churn? {}", answer(outcome)), Tone::Plain);
    screen.gap();
    let rows = |part| ROWS.table(outcome.rows.iter().filter(|row| row.part == part));
    screen.table(&rows(TestPeriod::All));
    if let Some(split) = outcome.split {
        for (part, which) in [(TestPeriod::First, "up to"), (TestPeriod::Later, "after")] {
            screen.heading(&format!("The days {which} {split}"));
            screen.table(&rows(part));
        }
    }
    if let Some(health) = &outcome.health {
        screen.heading("Health");
        screen.table(&table(&BANDS, &health.bands));
        screen.line(&below_good(health));
    }
    if !outcome.blind_spots.is_empty() {
        screen.heading("Churns that no rule foretold");
        screen.table(&table(&BLIND_SPOTS, outcome.blind_spots.iter().take(MOST_BLIND_SPOTS)));
        let left_out = outcome.blind_spots.len().saturating_sub(MOST_BLIND_SPOTS);
        if left_out > 0 {
            screen.line(&format!("and {left_out} more"));
        }
    }
    screen.heading("How to read this");
    remarks(outcome).iter().for_each(|remark| screen.wrapped("- ", remark, Tone::Plain));
}

const BANDS: [Column<BandRow>; 4] = [
    Column::left("band", |row| plain(row.band)),
    Column::right("share of days", |row| plain(percent(row.share))),
    Column::right("churn rate", |row| plain(percent(row.churn_rate))),
    Column::right("lift", |row| plain(number(row.lift, 2))),
];

fn percent(share: Option<f64>) -> String {
    or_dash(share.map(|share| format!("{:.1} %", share * 100.0)))
}

/// How many of the churned customers were below `good` 60 days before.
pub(crate) fn below_good(health: &HealthOutcome) -> String {
    let HealthOutcome { churns_scored, below_good, .. } = health;
    format!(
        "{below_good} of {churns_scored} churned customers with a score 60 days before were below \
         good then"
    )
}

const MOST_BLIND_SPOTS: usize = 10;

const BLIND_SPOTS: [Column<BlindSpot>; 4] = [
    Column::left("company", |spot| plain(&spot.company_id)),
    Column::left("churned on", |spot| plain(spot.churned_on)),
    Column::right("MRR", |spot| plain(or_dash(spot.mrr.map(money)))),
    Column::left("what the rules saw at their nearest", |spot| plain(spot.seen.join("; "))),
];

/// The sets of rules that `tune` compares.
pub(crate) const SETS: Listing<ResultRow<TunedSet>> = Listing {
    fields: RecordFields::Each(&SET_FIELDS),
    columns: &SET_COLUMNS,
    when_empty: "no set of rules was measured",
};

const SET_FIELDS: [Field<ResultRow<TunedSet>>; 11] = [
    Field::new("set", |row| set_name(row).into()),
    Field::PART,
    Field::new("rules", |row| row.subject.rules.join("; ").into()),
    Field::SIGNALS,
    Field::LIFT,
    Field::LIFT_LOW,
    Field::LIFT_HIGH,
    Field::CHURNS,
    Field::COVERED,
    Field::COVERAGE,
    Field::SIGNALS_PER_CSM_WEEK,
];

const SET_COLUMNS: [Column<ResultRow<TunedSet>>; 7] = [
    Column::left("set", |row| plain(set_name(row))),
    Column::left("part", |row| plain(row.part.as_str())),
    Column::LIFT,
    Column::INTERVAL,
    Column::COVERED,
    Column::right("a week and CSM", |row| plain(number(row.signals_per_csm_week, 1))),
    Column::left("rules", |row| plain(row.subject.rules.join("; "))),
];

fn set_name(row: &ResultRow<TunedSet>) -> &'static str {
    if row.subject.is_shipped { "shipped" } else { "chosen" }
}

/// The effect of an edit of a rule.
pub(crate) struct TrialView {
    pub rule: String,
    pub trial: Trial,
    /// The company ids of the added and removed signals.
    pub ids: FxHashMap<CompanyKey, String>,
}

const MOST_NAMED: usize = 10;

impl TrialView {
    pub(crate) fn draw(&self, screen: &mut Screen) {
        let Trial { days, now, then, added, removed, added_tally, removed_tally, per_csm_week } =
            &self.trial;
        screen.heading(&format!("What the edit of '{}' would do, {days}", self.rule));
        let columns = [
            Column::left("", |(name, _): &(&str, &Tally)| plain(name)),
            Column::right("signals", |(_, tally)| plain(thousands(tally.signals))),
            Column::right("before a churn", |(_, tally)| plain(thousands(tally.before_churn))),
        ];
        let tallies =
            [("now", now), ("then", then), ("added", added_tally), ("removed", removed_tally)];
        screen.table(&table(&columns, &tallies));
        if let Some((now, then)) = per_csm_week {
            screen.line(&format!("signals a week and CSM: {now:.1} now, {then:.1} then"));
        }
        self.list("added", added, screen);
        self.list("removed", removed, screen);
    }

    fn list(&self, what: &str, signals: &[ReplayedSignal], screen: &mut Screen) {
        for signal in signals.iter().take(MOST_NAMED) {
            let id = self.ids.get(&signal.company).map(String::as_str).unwrap_or_default();
            screen.line(&format!("{what}: {id}, {} on {}", signal.signal_type, signal.on));
        }
        let more = signals.len().saturating_sub(MOST_NAMED);
        if more > 0 {
            screen.line(&format!("{what}: and {more} more"));
        }
    }
}

pub(crate) const TRIAL_FIELDS: RecordFields<TrialView> = RecordFields::Each(&[
    Field::new("rule", |view| (&view.rule).into()),
    Field::new("from", |view| view.trial.days.from.into()),
    Field::new("to", |view| view.trial.days.to.into()),
    Field::new("signals_now", |view| view.trial.now.signals.into()),
    Field::new("signals_then", |view| view.trial.then.signals.into()),
    Field::new("added", |view| view.trial.added_tally.signals.into()),
    Field::new("added_before_churn", |view| view.trial.added_tally.before_churn.into()),
    Field::new("removed", |view| view.trial.removed_tally.signals.into()),
    Field::new("removed_before_churn", |view| view.trial.removed_tally.before_churn.into()),
    Field::new("signals_per_csm_week_now", |view| {
        view.trial.per_csm_week.map(|(now, _)| now).into()
    }),
    Field::new("signals_per_csm_week_then", |view| {
        view.trial.per_csm_week.map(|(_, then)| then).into()
    }),
]);
