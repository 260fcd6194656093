//! The health of companies: a list, one company in detail, and what changed for all.

use anyhow::Result;
use serde_json::json;

use super::{Column, Field, Listing, RecordFields, object, or_dash, plain, table};
use crate::domain::attributes::{AsOf, Datum, MONTH};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayRange};
use crate::domain::health::{
    Assessment, Band, Driver, Measure, MeasureChange, MeasureReading, Movement, change,
};
use crate::domain::pulse::to_one_decimal;
use crate::render::{self, Screen, Tone, Value, counted};
use crate::store::{Scope, SignalFilter, SignalOrder, SignalRecord, SortKey, Store};
use crate::views::signals;

pub(crate) struct HealthRow {
    /// The values of [`HealthRow::ATTRIBUTES`].
    pub attributes: Vec<Datum>,
    /// The profile that applied.
    pub profile: String,
    /// The known share of the profile's weight, 0 to 1.
    pub coverage: f64,
    pub scored_on: Day,
}

impl HealthRow {
    pub(crate) const ATTRIBUTES: [&str; 8] = [
        "company_id",
        "name",
        "csm",
        "health_score",
        "health_band",
        "health_change_7d",
        "health_change_28d",
        "health_main_driver",
    ];

    fn text(&self, place: usize) -> String {
        or_dash(self.attributes[place].text())
    }

    fn tone(&self) -> Tone {
        self.text(4).parse().map_or(Tone::Plain, band_tone)
    }

    fn change(&self, place: usize) -> (String, Tone) {
        match &self.attributes[place] {
            Datum::Score(change) => change_text(*change),
            _ => plain("-"),
        }
    }
}

pub(crate) const HEALTH: Listing<HealthRow> = Listing {
    fields: RecordFields::Each(&[
        Field::new("company_id", |row| (&row.attributes[0]).into()),
        Field::new("company_name", |row| (&row.attributes[1]).into()),
        Field::new("csm", |row| (&row.attributes[2]).into()),
        Field::new("health_score", |row| (&row.attributes[3]).into()),
        Field::new("health_band", |row| (&row.attributes[4]).into()),
        Field::new("health_change_7d", |row| (&row.attributes[5]).into()),
        Field::new("health_change_28d", |row| (&row.attributes[6]).into()),
        Field::new("health_main_driver", |row| (&row.attributes[7]).into()),
        Field::new("coverage", |row| row.coverage.into()),
        Field::new("profile", |row| (&row.profile).into()),
        Field::new("scored_on", |row| row.scored_on.into()),
    ]),
    columns: &[
        Column::left("company", |row| {
            plain(or_dash(row.attributes[1].text().or(row.attributes[0].text())))
        }),
        Column::left("csm", |row| plain(row.text(2))),
        Column::right("score", |row| (row.text(3), row.tone())),
        Column::left("band", |row| (row.text(4), row.tone())),
        Column::right("7 days", |row| row.change(5)),
        Column::right("28 days", |row| row.change(6)),
        Column::left("pulled down by", |row| plain(row.text(7))),
        Column::right("known", |row| plain(percent(row.coverage))),
        Column::left("profile", |row| plain(&row.profile)),
    ],
    when_empty: "no health scores match",
};

fn band_tone(band: Band) -> Tone {
    match band {
        Band::Good => Tone::Good,
        Band::Average => Tone::Plain,
        Band::Poor => Tone::Bad,
        Band::Unknown => Tone::Faint,
    }
}

fn change_text(change: f64) -> (String, Tone) {
    let tone = match to_one_decimal(change) {
        change if change > 0.0 => Tone::Good,
        change if change < 0.0 => Tone::Bad,
        _ => Tone::Plain,
    };
    (render::score_change(change), tone)
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// The default number of days of a company's trend.
pub(crate) const SHOWN_DAYS: i32 = 2 * MONTH;

/// The health of one company, and why it changed.
pub(crate) struct HealthView {
    /// The day of the latest run; `None` before the first.
    day: Option<Day>,
    /// The health on that day; `None` if the company was not a customer.
    health: Option<Assessment>,
    /// The days of the trend.
    days: DayRange,
    /// The health on those days that were run.
    history: Vec<(Day, Assessment)>,
    comparisons: Vec<HealthComparison>,
}

/// The health of a company compared with an earlier day.
struct HealthComparison {
    /// How many days earlier.
    days: i32,
    /// The latest day run at that time, and the health on it.
    before: Option<(Day, Assessment)>,
    /// The change of each measure, largest first; `None` without a score on both days.
    changes: Option<Vec<MeasureChange>>,
    /// The signals raised in between, oldest first.
    signals: Vec<SignalRecord>,
}

impl HealthView {
    /// Reads the health of a company, with its trend over `days` days.
    pub(crate) fn gather(
        store: &Store,
        company: CompanyKey,
        as_of: AsOf,
        days: i32,
    ) -> Result<HealthView> {
        let days = DayRange { from: as_of.day - days + 1, to: as_of.day };
        let day = store.health_day(as_of)?;
        let is_customer = !store.breaks(company)?.iter().any(|away| away.covers(as_of.day));
        let health = match day.filter(|_| is_customer) {
            Some(day) => scored(store, company, day)?,
            None => None,
        };
        let now = day.zip(health.as_ref());
        let compared = [7, MONTH].into_iter();
        let comparisons = compared
            .map(|earlier| HealthComparison::gather(store, company, as_of, earlier, now))
            .collect::<Result<_>>()?;
        // The value just before the first day shows where the line begins, and whether the scoring
        // changed on it.
        let first = store.latest_run_day_until(days.from)?.unwrap_or(days.from);
        let history = store.health_history(company, DayRange { from: first, to: days.to })?;
        Ok(HealthView { day, health, days, history, comparisons })
    }

    /// The fields that follow the company's id, name and CSM.
    pub(crate) const FIELDS: RecordFields<HealthView> = RecordFields::Each(&[
        Field::new("profile", |view| view.of(|health| Some(&health.scoring.name)).into()),
        Field::new("health_score", |view| {
            view.of(|health| health.score.map(to_one_decimal)).into()
        }),
        Field::new("health_band", |view| view.of(|health| Some(health.band().as_str())).into()),
        Field::new("coverage", |view| view.of(|health| Some(health.coverage)).into()),
        Field::new("health_main_driver", |view| view.of(Assessment::main_driver).into()),
        Field::new("scored_on", |view| view.day.filter(|_| view.health.is_some()).into()),
        Field::new("measures", |view| view.health.as_ref().map_or(json!([]), measures_json).into()),
        Field::new("trend", |view| view.trend_json().into()),
        Field::new("changes", |view| view.changes_json().into()),
    ]);

    fn of<'v, V>(&'v self, value: fn(&'v Assessment) -> Option<V>) -> Option<V> {
        self.health.as_ref().and_then(value)
    }

    /// Everything, nested in other JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        object(HealthView::FIELDS.of(self))
    }

    fn changes_json(&self) -> serde_json::Value {
        self.comparisons.iter().map(|comparison| comparison.json(self.health.as_ref())).collect()
    }

    fn trend_json(&self) -> serde_json::Value {
        let in_range = self.history.iter().filter(|(day, _)| self.days.contains(*day));
        let row = |(day, health): &(Day, Assessment)| {
            json!({
                "day": day.to_string(),
                "health_score": health.score.map(to_one_decimal),
                "health_band": health.band().as_str(),
                "profile": health.scoring.name,
                "definition_changed": self.redefinitions().any(|(changed, ..)| changed == *day),
            })
        };
        in_range.map(row).collect()
    }

    /// The days on which the scoring differs from that of the day before, with both.
    fn redefinitions(&self) -> impl Iterator<Item = (Day, &Assessment, &Assessment)> {
        let pairs = self.history.iter().zip(self.history.iter().skip(1));
        pairs
            .filter(|((_, a), (_, b))| a.scoring != b.scoring)
            .map(|((_, a), (day, b))| (*day, a, b))
    }

    /// A summary in one line: `46.5, average, on 2026-03-30`.
    pub(crate) fn headline(&self) -> String {
        match (&self.health, self.day) {
            (Some(health), Some(day)) => {
                let score = health.score.map(|score| format!("{}, ", render::score(score)));
                format!("{}{}, on {day}", score.unwrap_or_default(), health.band())
            }
            (None, Some(day)) => {
                format!("none on {day}: it had churned, or was not a customer yet")
            }
            (_, None) => "none yet; `signals run` scores companies".to_owned(),
        }
    }

    pub(crate) fn draw_measures(&self, screen: &mut Screen) {
        let Some(health) = &self.health else { return };
        let bands = health.scoring.bands;
        let name = &health.scoring.name;
        let profile = format!("{name}: good from {}, average from {}", bands.good, bands.average);
        screen.pairs([
            ("profile", profile),
            ("known", format!("{} of the weight", percent(health.coverage))),
            ("pulled down by", or_dash(health.main_driver())),
            ("trend", format!("{}  {}", self.line(), self.days)),
        ]);
        for (day, before, now) in self.redefinitions().filter(|(day, ..)| self.days.contains(*day))
        {
            let (before, now) = (&before.scoring.name, &now.scoring.name);
            let names =
                if before == now { now.clone() } else { format!("{now} instead of {before}") };
            screen.line(&format!("  the definition changed on {day}: {names}"));
        }
        screen.gap();
        let columns = [
            Column::left("measure", |(measure, _): &(&Measure, &MeasureReading)| {
                plain(&measure.name)
            }),
            Column::left("kind", |(measure, _)| plain(measure.kind)),
            Column::right("value", |(_, reading)| value_text(Some(&reading.raw))),
            Column::right("scores", |(_, reading)| score_text(reading.scaled)),
            Column::right("weight", |(measure, _)| plain(measure.weight)),
            Column::right("contributes", |(_, reading)| score_text(reading.contribution)),
        ];
        screen.table(&table(&columns, &health.measures().collect::<Vec<_>>()));
    }

    /// A bar for each day. Days that were not run have the health of the latest run before them.
    fn line(&self) -> String {
        let mut history = self.history.iter().peekable();
        let mut score = None;
        let scores = self.days.days().map(|day| {
            while let Some((_, health)) = history.next_if(|(scored_on, _)| *scored_on <= day) {
                score = health.score;
            }
            score
        });
        render::score_line(scores)
    }

    /// The whole screen, below a heading.
    pub(crate) fn draw(&self, screen: &mut Screen) {
        self.draw_measures(screen);
        if let Some(health) = &self.health {
            self.comparisons.iter().for_each(|comparison| comparison.draw(screen, health));
        }
    }
}

fn scored(store: &Store, company: CompanyKey, day: Day) -> Result<Option<Assessment>> {
    Ok(store.health_on(day, Scope::One(company))?.remove(&company))
}

pub(crate) fn measures_json(health: &Assessment) -> serde_json::Value {
    let measures = health.measures().map(|(measure, reading)| {
        json!({
            "name": measure.name,
            "kind": measure.kind.as_str(),
            "value": measure.value,
            "raw": Value::from(&reading.raw),
            "scaled": reading.scaled,
            "weight": measure.weight,
            "contribution": reading.contribution,
        })
    });
    measures.collect()
}

fn score_text(score: Option<f64>) -> (String, Tone) {
    plain(or_dash(score.map(render::score)))
}

/// The value of a measure's expression, for people.
fn value_text(value: Option<&Datum>) -> (String, Tone) {
    plain(match value {
        Some(Datum::Number(number)) => format!("{number:.1}"),
        other => or_dash(other.and_then(Datum::text)),
    })
}

impl HealthComparison {
    fn gather(
        store: &Store,
        company: CompanyKey,
        as_of: AsOf,
        days: i32,
        now: Option<(Day, &Assessment)>,
    ) -> Result<HealthComparison> {
        let none = HealthComparison { days, before: None, changes: None, signals: Vec::new() };
        let Some((day, health)) = now else { return Ok(none) };
        let Some(since) = store.health_day(AsOf { day: as_of.day - days, ..as_of })? else {
            return Ok(none);
        };
        let filter = SignalFilter {
            company: Some(company),
            since: Some(since.next()),
            until: Some(day),
            ..SignalFilter::default()
        };
        let oldest_first = SignalOrder { key: SortKey::Date, is_descending: false, limit: None };
        let signals = store.signals(&filter, oldest_first)?;
        let before = scored(store, company, since)?;
        let changes = before.as_ref().and_then(|before| change::explain(before, health));
        let before = before.map(|before| (since, before));
        Ok(HealthComparison { days, before, changes, signals })
    }

    fn score_before(&self) -> Option<f64> {
        self.before.as_ref().and_then(|(_, before)| before.score)
    }

    /// The change of the score; `None` without a score on both days.
    fn change(&self, now: &Assessment) -> Option<f64> {
        Some(now.score? - self.score_before()?)
    }

    fn json(&self, now: Option<&Assessment>) -> serde_json::Value {
        let change = |change: &MeasureChange| {
            json!({
                "measure": change.measure,
                "change": change.change,
                "raw_before": change.before.as_ref().map(Value::from),
                "raw_now": change.now.as_ref().map(Value::from),
            })
        };
        let signal = |signal: &SignalRecord| {
            json!({
                "id": signal.id.0,
                "raised_on": signal.raised_on.to_string(),
                "type": signal.signal_type.as_str(),
                "rule": signal.rule,
                "detail": signal.detail,
            })
        };
        json!({
            "days": self.days,
            "since": self.before.as_ref().map(|(since, _)| since.to_string()),
            "health_score": self.score_before().map(to_one_decimal),
            "profile": self.before.as_ref().map(|(_, before)| before.scoring.name.as_str()),
            "change": now.and_then(|now| self.change(now)).map(to_one_decimal),
            "measures": self.changes.iter().flatten().map(change).collect::<Vec<_>>(),
            "signals": self.signals.iter().map(signal).collect::<Vec<_>>(),
        })
    }

    fn draw(&self, screen: &mut Screen, now: &Assessment) {
        let (Some((since, before)), Some(change), Some(changes)) =
            (&self.before, self.change(now), &self.changes)
        else {
            screen.heading(&format!("Against {} days ago", self.days));
            screen.line("  there is no score to compare with");
            return;
        };
        let [from, to] = [before.score, now.score].map(|score| or_dash(score.map(render::score)));
        let (days, change) = (self.days, render::score_change(change));
        screen.heading(&format!("Since {since}, {days} days ago: {change}, from {from} to {to}"));
        if before.scoring != now.scoring {
            screen.line(&format!("  scored by another definition then: {}", before.scoring.name));
        }
        const COLUMNS: [Column<MeasureChange>; 4] = [
            Column::left("measure", |change| plain(&change.measure)),
            Column::right("change", |change| change_text(change.change)),
            Column::right("value then", |change| value_text(change.before.as_ref())),
            Column::right("value now", |change| value_text(change.now.as_ref())),
        ];
        let is_known = |value: &Option<Datum>| !matches!(value, None | Some(Datum::Null));
        let known =
            changes.iter().filter(|change| is_known(&change.before) || is_known(&change.now));
        screen.table(&table(&COLUMNS, known));
        self.draw_signals(screen);
    }

    fn draw_signals(&self, screen: &mut Screen) {
        const SHOWN: usize = 5;
        for signal in self.signals.iter().rev().take(SHOWN) {
            let text = format!("  {} {}: {}", signal.raised_on, signal.signal_type, signal.detail);
            screen.toned_line(&text, signals::tone(signal.signal_type));
        }
        if self.signals.len() > SHOWN {
            let more = counted((self.signals.len() - SHOWN) as u64, "signal", "signals");
            screen.line(&format!("  and {more} raised before them"));
        }
    }
}

pub(crate) struct DriverRow {
    pub driver: Driver,
    /// How many companies had a score on both days.
    pub companies: u64,
    /// The first day.
    pub since: Day,
    /// The second day.
    pub day: Day,
}

impl DriverRow {
    pub(crate) fn all(movement: &Movement, since: Day, day: Day) -> Vec<DriverRow> {
        let companies = movement.companies;
        let row = |driver: &Driver| DriverRow { driver: driver.clone(), companies, since, day };
        movement.drivers.iter().map(row).collect()
    }
}

pub(crate) const DRIVERS: Listing<DriverRow> = Listing {
    fields: RecordFields::Each(&[
        Field::new("measure", |row| (&row.driver.measure).into()),
        Field::new("change", |row| row.driver.change.into()),
        Field::new("companies_up", |row| row.driver.up.into()),
        Field::new("companies_down", |row| row.driver.down.into()),
        Field::new("companies", |row| row.companies.into()),
        Field::new("since", |row| row.since.into()),
        Field::new("until", |row| row.day.into()),
    ]),
    columns: &[
        Column::left("measure", |row| plain(&row.driver.measure)),
        Column::right("change", |row| change_text(row.driver.change)),
        Column::right("companies up", |row| plain(render::thousands(row.driver.up))),
        Column::right("companies down", |row| plain(render::thousands(row.driver.down))),
    ],
    when_empty: "no company has a score on both days",
};

pub(crate) fn movement_text(movement: &Movement, since: Day, day: Day) -> String {
    format!(
        "{}, {since} to {day}: mean health from {} to {} ({})",
        counted(movement.companies, "company", "companies"),
        render::score(movement.before),
        render::score(movement.now),
        render::score_change(movement.now - movement.before),
    )
}
