//! The list of metrics.

use super::{Column, Field, Listing, RecordFields, or_dash, plain};
use crate::domain::metric::{Metric, MetricDefinition, MetricMeasure};

pub(crate) const METRICS: Listing<Metric> = Listing {
    fields: RecordFields::Each(&[
        Field::new("name", |metric| (&metric.name).into()),
        Field::new("event", |metric| counted(metric).map(|(event, ..)| event).into()),
        Field::new("measure", |metric| {
            counted(metric).map(|(_, measure, _)| measure.as_str()).into()
        }),
        Field::new("days", |metric| counted(metric).map(|(.., days)| i64::from(days)).into()),
        Field::new("formula", |metric| formula(metric).into()),
    ]),
    columns: &[
        Column::left("metric", |metric| plain(&metric.name)),
        Column::left("event", |metric| plain(or_dash(counted(metric).map(|(event, ..)| event)))),
        Column::left("measure", |metric| {
            plain(or_dash(counted(metric).map(|(_, measure, _)| measure)))
        }),
        Column::right("days", |metric| plain(or_dash(counted(metric).map(|(.., days)| days)))),
        Column::left("formula", |metric| plain(or_dash(formula(metric)))),
    ],
    when_empty: "no metrics yet; `signals metric add NAME --event EVENT --measure count --days 28` makes one",
};

/// The event, the measure and the days of a metric that is counted.
fn counted(metric: &Metric) -> Option<(&String, MetricMeasure, u16)> {
    match &metric.definition {
        MetricDefinition::Counted { event, measure, days } => Some((event, *measure, *days)),
        MetricDefinition::Formula(_) => None,
    }
}

fn formula(metric: &Metric) -> Option<&String> {
    match &metric.definition {
        MetricDefinition::Counted { .. } => None,
        MetricDefinition::Formula(formula) => Some(formula),
    }
}
