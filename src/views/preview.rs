//! What a rule would raise, for each CSM: on its first run, and over the last days of data.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::domain::day::DayRange;
use crate::render::{Align, Screen, TextTable};

/// The number of signals for each CSM; the empty name stands for companies without one.
pub(crate) type ByCsm = BTreeMap<String, u64>;

/// A variant of a rule, and what it would have raised.
pub(crate) struct Variant {
    /// Its name for people.
    pub title: &'static str,
    /// Its name for programs.
    pub field: &'static str,
    pub by_csm: ByCsm,
}

pub(crate) struct PreviewView {
    pub rule: String,
    /// The days that were evaluated. The last one is the day of the first run.
    pub days: DayRange,
    pub first_run: ByCsm,
    /// The rule as it is, then with other guards.
    pub variants: Vec<Variant>,
}

const MOST_CSMS: usize = 10;

impl PreviewView {
    pub(crate) fn draw(&self, screen: &mut Screen) {
        let DayRange { from, to } = self.days;
        screen.heading(&format!(
            "What '{}' would raise: on its first run ({to}), and a week ({from} to {to})",
            self.rule
        ));
        let titles = self.variants.iter().map(|variant| (variant.title, Align::Right));
        let columns = [("signals", Align::Left), ("first run", Align::Right)];
        let mut table = TextTable::new(columns.into_iter().chain(titles));
        let row = |name: &str, first_run: u64, rates: Vec<f64>| {
            let rates = rates.into_iter().map(|rate| format!("{rate:.1}"));
            [name.to_owned(), first_run.to_string()].into_iter().chain(rates).collect::<Vec<_>>()
        };
        let rates = self.rates(|variant| variant.by_csm.values().sum());
        table.row(row("all", self.first_run.values().sum(), rates));
        let csms = self.csms();
        // If no company has a CSM, the row for everybody is enough.
        if csms != [""] {
            for csm in csms.iter().take(MOST_CSMS) {
                let name = if csm.is_empty() { NO_CSM } else { csm };
                table.row(row(name, self.first_run_of(csm), self.rates_of(csm)));
            }
        }
        screen.table(&table);
        if csms.len() > MOST_CSMS {
            screen.line(&format!("and {} more CSMs", csms.len() - MOST_CSMS));
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        let rates = |rates: Vec<f64>| -> serde_json::Map<String, serde_json::Value> {
            let fields = self.variants.iter().map(|variant| variant.field.to_owned());
            fields.zip(rates.into_iter().map(|rate| json!((rate * 10.0).round() / 10.0))).collect()
        };
        let csms = self.csms();
        let per_csm = |csm: &&str| json!({"csm": csm, "per_week": rates(self.rates_of(csm))});
        let first_run = |csm: &&str| json!({"csm": csm, "signals": self.first_run_of(csm)});
        json!({
            "from": self.days.from.to_string(),
            "to": self.days.to.to_string(),
            "per_week": rates(self.rates(|variant| variant.by_csm.values().sum())),
            "per_csm": csms.iter().map(per_csm).collect::<Vec<_>>(),
            "first_run": {
                "day": self.days.to.to_string(),
                "signals": self.first_run.values().sum::<u64>(),
                "per_csm": csms.iter().map(first_run).collect::<Vec<_>>(),
            },
        })
    }

    fn first_run_of(&self, csm: &str) -> u64 {
        self.first_run.get(csm).copied().unwrap_or_default()
    }

    /// The CSMs, most signals first.
    fn csms(&self) -> Vec<&str> {
        let of_variants = self.variants.iter().flat_map(|variant| variant.by_csm.keys());
        let csms: BTreeSet<&String> = of_variants.chain(self.first_run.keys()).collect();
        let mut csms: Vec<&str> = csms.into_iter().map(String::as_str).collect();
        let as_it_is = |csm: &str| self.variants[0].by_csm.get(csm).copied();
        csms.sort_by_key(|csm| {
            Reverse((as_it_is(csm).unwrap_or_default(), self.first_run_of(csm)))
        });
        csms
    }

    fn rates_of(&self, csm: &str) -> Vec<f64> {
        self.rates(|variant| variant.by_csm.get(csm).copied().unwrap_or_default())
    }

    /// Signals per week, for each variant.
    fn rates(&self, count: impl Fn(&Variant) -> u64) -> Vec<f64> {
        let days = self.days.len().max(1) as f64;
        self.variants.iter().map(|variant| count(variant) as f64 * 7.0 / days).collect()
    }
}

const NO_CSM: &str = "(no CSM)";

/// What several rules would raise: one line each, then the sums for each CSM.
pub(crate) fn draw_all(previews: &[PreviewView], screen: &mut Screen) {
    let Some(DayRange { from, to }) = previews.first().map(|preview| preview.days) else { return };
    screen.heading(&format!(
        "What these rules would raise: on their first run ({to}), and a week ({from} to {to})"
    ));
    let columns = [("signals", Align::Left), ("first run", Align::Right), ("a week", Align::Right)];
    let mut table = TextTable::new(columns);
    let weeks = (to - from + 1).max(1) as f64 / 7.0;
    let mut row = |name: &str, first_run: u64, signals: u64| {
        let rate = format!("{:.1}", signals as f64 / weeks);
        table.row([name.to_owned(), first_run.to_string(), rate]);
    };
    let as_it_is = |preview: &PreviewView| preview.variants.first().map(|way| way.by_csm.clone());
    for preview in previews {
        let signals = as_it_is(preview).unwrap_or_default().values().sum();
        row(&preview.rule, preview.first_run.values().sum(), signals);
    }
    let first_run = added(previews.iter().map(|preview| preview.first_run.clone()));
    let signals = added(previews.iter().filter_map(as_it_is));
    row("all", first_run.values().sum(), signals.values().sum());
    let csms: BTreeSet<&String> = signals.keys().chain(first_run.keys()).collect();
    for csm in csms.into_iter().filter(|csm| !csm.is_empty()).take(MOST_CSMS) {
        let of = |counts: &ByCsm| counts.get(csm).copied().unwrap_or_default();
        row(&format!("  for {csm}"), of(&first_run), of(&signals));
    }
    screen.table(&table);
}

/// The sums over several rules.
pub(crate) fn added(counts: impl Iterator<Item = ByCsm>) -> ByCsm {
    let mut all = ByCsm::new();
    for (csm, count) in counts.flatten() {
        *all.entry(csm).or_default() += count;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_per_week_and_by_csm() {
        let day = |text: &str| text.parse().unwrap();
        let counts = |counts: &[(&str, u64)]| {
            counts.iter().map(|(csm, count)| ((*csm).to_owned(), *count)).collect()
        };
        let preview = PreviewView {
            rule: "login".into(),
            days: DayRange { from: day("2026-03-04"), to: day("2026-03-31") },
            first_run: counts(&[("ana", 1)]),
            variants: vec![
                Variant {
                    title: "a week",
                    field: "as_it_is",
                    by_csm: counts(&[("ana", 4), ("ben", 10), ("", 2)]),
                },
                Variant { title: "guarded", field: "guarded", by_csm: counts(&[("ana", 1)]) },
            ],
        };
        // 28 days are four weeks.
        let expected = json!({
            "from": "2026-03-04",
            "to": "2026-03-31",
            "per_week": {"as_it_is": 4.0, "guarded": 0.3},
            "per_csm": [
                {"csm": "ben", "per_week": {"as_it_is": 2.5, "guarded": 0.0}},
                {"csm": "ana", "per_week": {"as_it_is": 1.0, "guarded": 0.3}},
                {"csm": "", "per_week": {"as_it_is": 0.5, "guarded": 0.0}},
            ],
            "first_run": {
                "day": "2026-03-31",
                "signals": 1,
                "per_csm": [
                    {"csm": "ben", "signals": 0},
                    {"csm": "ana", "signals": 1},
                    {"csm": "", "signals": 0},
                ],
            },
        });
        assert_eq!(preview.json(), expected);
    }
}
