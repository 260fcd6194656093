//! A company's health, as scored on the latest day run.

use super::rows::{number, text};
use super::{Attribute, AttributeGroup, Datum, Of};
use crate::domain::health::{Band, to_grain};

/// The health of a company on a day and on days before.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct HealthFacts {
    /// The band; `None` for a company that was not scored, because it had churned or was not yet a
    /// customer.
    pub band: Option<Band>,
    /// The score, not rounded.
    pub score: Option<f64>,
    /// The score of the latest day run on or before the day 7 days earlier.
    pub week_before: Option<f64>,
    /// The score of the latest day run on or before the day 28 days earlier.
    pub month_before: Option<f64>,
    /// The measure that lowers the score most.
    pub main_driver: Option<String>,
}

impl HealthFacts {
    fn change_from(&self, before: Option<f64>) -> Datum {
        self.score
            .zip(before)
            .map_or(Datum::Null, |(now, before)| Datum::Score(to_grain(now - before)))
    }
}

use AttributeGroup::Health as H;

pub(super) const ATTRIBUTES: [Attribute; 5] = [
    number(
        "health_score",
        H,
        "0 to 100",
        "the health score; unknown when too little is known of the company",
        Of::Health(|f| f.score.map_or(Datum::Null, Datum::Score)),
    ),
    text(
        "health_band",
        H,
        "good, average, poor or unknown",
        Of::Health(|f| f.band.map(Band::as_str).into()),
    ),
    number(
        "health_change_7d",
        H,
        "points",
        "change of the health score against 7 days before",
        Of::HealthChange(|f| f.change_from(f.week_before)),
    ),
    number(
        "health_change_28d",
        H,
        "points",
        "change of the health score against 28 days before",
        Of::HealthChange(|f| f.change_from(f.month_before)),
    ),
    text(
        "health_main_driver",
        H,
        "the measure that pulls the health score down most",
        Of::HealthDriver(|f| f.main_driver.as_ref().into()),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// In floating point, 60.1 - 70.1 is -9.999999999999993, so `health_change_7d <= -10` would be
    /// false.
    #[test]
    fn a_change_of_ten_points_is_ten_points() {
        let facts = HealthFacts { score: Some(60.1), ..HealthFacts::default() };
        for (before, expected) in [(70.1, -10.0), (60.1, 0.0), (40.05, 20.05)] {
            assert_eq!(facts.change_from(Some(before)), Datum::Score(expected), "from {before}");
        }
        assert_eq!(facts.change_from(None), Datum::Null);
    }
}
