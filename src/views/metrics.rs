//! The list of metrics.

use super::{Listing, or_dash, plain};
use crate::domain::metric::{Metric, MetricDefinition};
use crate::render::{Align, Tone, Value};

/// The list of metrics.
pub(crate) const METRICS: Listing<Metric> = Listing {
    fields: &["name", "event", "measure", "days", "formula"],
    values,
    columns: &[
        ("metric", Align::Left),
        ("event", Align::Left),
        ("measure", Align::Left),
        ("days", Align::Right),
        ("formula", Align::Left),
    ],
    cells,
    when_empty: "no metrics yet; `signals metric add NAME --event EVENT --measure count --days 28` makes one",
};

fn values(metric: &Metric) -> Vec<Value<'_>> {
    let name = (&metric.name).into();
    match &metric.definition {
        MetricDefinition::Counted { event, measure, days } => {
            vec![name, event.into(), measure.as_str().into(), i64::from(*days).into(), Value::Null]
        }
        MetricDefinition::Formula(formula) => {
            vec![name, Value::Null, Value::Null, Value::Null, formula.into()]
        }
    }
}

fn cells(metric: &Metric) -> Vec<(String, Tone)> {
    let none = || or_dash(None::<&str>);
    match &metric.definition {
        MetricDefinition::Counted { event, measure, days } => {
            vec![plain(&metric.name), plain(event), plain(measure), plain(days), plain(none())]
        }
        MetricDefinition::Formula(formula) => {
            vec![plain(&metric.name), plain(none()), plain(none()), plain(none()), plain(formula)]
        }
    }
}
