//! `[[metric]]`: attributes that a team defines.

use anyhow::Result;

use super::rules::unknown_event;
use super::section::{Advice, Definition, Section};
use crate::commands::metric;
use crate::configuration::{Block, ConfigTable};
use crate::domain::attributes::AttributeGroup;
use crate::domain::metric::{DAYS, Metric, MetricDefinition, MetricMeasure, USUAL_DAYS};
use crate::error::CommandError;
use crate::store::{Catalogue, Store};

pub(super) const SECTION: Section = Section {
    heading: "[[metric]]",
    read,
    own: |store| Ok(store.metrics()?.iter().map(Metric::block).collect()),
};

const COUNTED: [&str; 3] = ["event", "measure", "days"];

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["name", "event", "measure", "days", "formula"]);
    let name = table.name("name");
    let definition = if table.has("formula") { formula(table) } else { counted(table) };
    Some(Box::new(Metric { name: name?.to_owned(), definition: definition? }))
}

fn formula(table: &ConfigTable<'_>) -> Option<MetricDefinition> {
    for key in COUNTED.iter().filter(|key| table.has(key)) {
        let message = "a metric has either a formula or an event";
        table.error(key, message, Some("leave one of the two out"));
    }
    Some(MetricDefinition::Formula(table.required("formula")?.to_owned()))
}

fn counted(table: &ConfigTable<'_>) -> Option<MetricDefinition> {
    if !table.has("event") {
        return table.wrong("event", "a metric needs an event or a formula");
    }
    let (measure, days) = (table.word("measure"), table.whole("days", &DAYS, " of days"));
    Some(MetricDefinition::Counted {
        event: table.required("event")?.to_owned(),
        measure: measure.unwrap_or(MetricMeasure::Count),
        days: days.unwrap_or(USUAL_DAYS),
    })
}

impl Definition for Metric {
    fn block(&self) -> Block {
        let name = self.name.as_str();
        let block = Block::new("[[metric]]", format!("metric '{name}'")).with("name", name);
        match &self.definition {
            MetricDefinition::Counted { event, measure, days } => block
                .with("event", event.as_str())
                .with("measure", measure.as_str())
                .with("days", u32::from(*days)),
            MetricDefinition::Formula(formula) => block.with("formula", formula.as_str()),
        }
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(store.metric(&self.name)?.as_ref().map(Metric::block))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_metric(self)
    }

    fn check(&self, _store: &Store, catalogue: &Catalogue, table: &ConfigTable<'_>) -> Result<()> {
        if let Err(failure) = metric::check_name(catalogue, &self.name) {
            table.error_of("name", &failure);
        }
        if let MetricDefinition::Formula(formula) = &self.definition {
            let read = catalogue.read_new(formula);
            let checked =
                read.and_then(|read| metric::refuse_circle(catalogue, &self.name, &read.names));
            checked.unwrap_or_else(|failure| table.error_of("formula", &failure));
        }
        Ok(())
    }

    /// A formula that depends on health must not be part of health.
    fn check_together(
        &self,
        store: &Store,
        catalogue: &Catalogue,
        table: &ConfigTable<'_>,
    ) -> Result<()> {
        let MetricDefinition::Formula(formula) = &self.definition else { return Ok(()) };
        let names = catalogue.comes_down_to(&catalogue.read(formula)?)?;
        if names.iter().all(|attribute| attribute.group != AttributeGroup::Health) {
            return Ok(());
        }
        for profile in store.profiles()? {
            if let Err(error) = catalogue.check_profile(&profile) {
                table.error_of("formula", &error.downcast::<CommandError>()?);
            }
        }
        Ok(())
    }

    fn advise(&self, store: &Store) -> Result<Vec<Advice>> {
        match &self.definition {
            MetricDefinition::Counted { event, .. } => {
                Ok(unknown_event(store, event)?.into_iter().collect())
            }
            MetricDefinition::Formula(_) => Ok(Vec::new()),
        }
    }
}
