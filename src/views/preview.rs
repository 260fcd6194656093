//! What a rule would have raised over the last days of data: per week, and for each CSM.

use std::collections::BTreeMap;

use serde_json::json;

use crate::domain::day::DayRange;
use crate::render::{Align, Screen, TextTable};

/// One way of applying a rule, and what would have come of it.
pub struct Variant {
    /// The name of the way, for people.
    pub title: &'static str,
    /// The name of the way, for other programs.
    pub field: &'static str,
    /// How many signals it would have raised, by CSM; the empty name is for companies without one.
    pub by_csm: BTreeMap<String, u64>,
}

/// What a rule would have raised.
pub struct PreviewView {
    /// The rule.
    pub rule: String,
    /// The days that were looked at.
    pub days: DayRange,
    /// The rule as it is first, then with other guards.
    pub variants: Vec<Variant>,
}

/// How many CSMs are named before the others are left out.
const MOST_CSMS: usize = 10;

impl PreviewView {
    /// The screen for people.
    pub fn draw(&self, screen: &mut Screen) {
        let DayRange { from, to } = self.days;
        screen.heading(&format!("What '{}' would have raised, {from} to {to}", self.rule));
        let titles = self.variants.iter().map(|variant| (variant.title, Align::Right));
        let mut table = TextTable::new([("signals a week", Align::Left)].into_iter().chain(titles));
        let row = |name: &str, rates: Vec<f64>| {
            let rates = rates.into_iter().map(|rate| format!("{rate:.1}"));
            [name.to_owned()].into_iter().chain(rates).collect::<Vec<_>>()
        };
        table.row(row("all", self.rates(|variant| variant.by_csm.values().sum())));
        let csms = self.csms();
        // One row for everybody says it all where nobody looks after anybody.
        if csms != [""] {
            for csm in csms.iter().take(MOST_CSMS) {
                table.row(row(if csm.is_empty() { "(no CSM)" } else { csm }, self.rates_of(csm)));
            }
        }
        screen.table(&table);
        if csms.len() > MOST_CSMS {
            screen.line(&format!("and {} more CSMs", csms.len() - MOST_CSMS));
        }
    }

    /// The same for other programs.
    pub fn json(&self) -> serde_json::Value {
        let rates = |rates: Vec<f64>| -> serde_json::Map<String, serde_json::Value> {
            let fields = self.variants.iter().map(|variant| variant.field.to_owned());
            fields.zip(rates.into_iter().map(|rate| json!((rate * 10.0).round() / 10.0))).collect()
        };
        let per_csm: Vec<_> = self
            .csms()
            .into_iter()
            .map(|csm| json!({"csm": csm, "per_week": rates(self.rates_of(csm))}))
            .collect();
        json!({
            "from": self.days.from.to_string(),
            "to": self.days.to.to_string(),
            "per_week": rates(self.rates(|variant| variant.by_csm.values().sum())),
            "per_csm": per_csm,
        })
    }

    /// The CSMs, those with most signals first.
    fn csms(&self) -> Vec<&str> {
        let mut csms: Vec<&str> = self
            .variants
            .iter()
            .flat_map(|variant| variant.by_csm.keys())
            .map(String::as_str)
            .collect();
        csms.sort_unstable();
        csms.dedup();
        csms.sort_by(|a, b| self.rates_of(b)[0].total_cmp(&self.rates_of(a)[0]));
        csms
    }

    fn rates_of(&self, csm: &str) -> Vec<f64> {
        self.rates(|variant| variant.by_csm.get(csm).copied().unwrap_or_default())
    }

    /// Signals a week, for each variant.
    fn rates(&self, count: impl Fn(&Variant) -> u64) -> Vec<f64> {
        let days = self.days.len().max(1) as f64;
        self.variants.iter().map(|variant| count(variant) as f64 * 7.0 / days).collect()
    }
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
            variants: vec![
                Variant {
                    title: "as it is",
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
        });
        assert_eq!(preview.json(), expected);
    }
}
