//! `[[health.profile]]`: how the health of companies is judged.

use anyhow::Result;

use super::section::{Advice, Definition, Section};
use crate::configuration::{Block, Table, Value};
use crate::domain::health::{Bands, Measure, PRIORITIES, Profile, Scale, Scoring, USUAL_PRIORITY};
use crate::error::Failure;
use crate::store::{Catalogue, Store};

/// The section.
pub const SECTION: Section = Section {
    path: &["health", "profile"],
    heading: "[[health.profile]]",
    is_list: true,
    read,
    own: |store| Ok(store.profiles()?.iter().map(block).collect()),
};

fn read(table: &Table<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["name", "where", "priority", "good", "average", "measure"]);
    let usual = Bands::default();
    let bands = Bands {
        good: table.number("good").unwrap_or(usual.good),
        average: table.number("average").unwrap_or(usual.average),
    };
    let priority = table.whole("priority", &PRIORITIES, "").unwrap_or(USUAL_PRIORITY);
    let condition = table.filled("where").map(str::to_owned);
    let measures: Vec<Option<Measure>> = measure_tables(table).iter().map(read_measure).collect();
    let name = table.name("name")?.to_owned();
    let scoring = Scoring { name, bands, measures: measures.into_iter().collect::<Option<_>>()? };
    let profile = Profile { condition, priority, scoring };
    if let Some(problem) = profile.problem() {
        table.fault("", problem, None);
    }
    Some(Box::new(profile))
}

fn measure_tables<'d>(table: &Table<'d>) -> Vec<Table<'d>> {
    table.tables("measure", "[[health.profile.measure]]", true)
}

fn read_measure(table: &Table<'_>) -> Option<Measure> {
    table.allow(&["name", "kind", "value", "from", "to", "map", "weight"]);
    for key in ["kind", "weight"].into_iter().filter(|key| !table.has(key)) {
        table.fault(key, format!("{key} is missing"), None);
    }
    let (name, kind, value) = (table.name("name"), table.word("kind"), table.required("value"));
    let (scale, weight) = (read_scale(table), table.number("weight"));
    Some(Measure { name: name?.to_owned(), kind: kind?, value: value?.to_owned(), scale: scale?, weight: weight? })
}

fn read_scale(table: &Table<'_>) -> Option<Scale> {
    match ["from", "to", "map"].map(|key| table.has(key)) {
        [true, true, false] => {
            let (from, to) = (table.number("from"), table.number("to"));
            Some(Scale::Linear { from: from?, to: to? })
        }
        [false, false, true] => table.map("map").map(Scale::Map),
        _ => {
            table.fault("", "a measure needs from and to, or a map", Some("from = 0 and to = 100, for example"));
            None
        }
    }
}

fn block(profile: &Profile) -> Block {
    let Scoring { name, bands, measures } = &profile.scoring;
    let usual = Bands::default();
    let block = Block::new("health.profile", profile.title())
        .with("name", name)
        .with_some("where", profile.condition.as_ref())
        .with_unusual("priority", profile.priority, USUAL_PRIORITY)
        .with_unusual("good", bands.good, usual.good)
        .with_unusual("average", bands.average, usual.average);
    Block { inner: measures.iter().map(measure_block).collect(), ..block }
}

fn measure_block(measure: &Measure) -> Block {
    let block = Block::new("health.profile.measure", format!("measure '{}'", measure.name))
        .with("name", &measure.name)
        .with("kind", measure.kind.as_str())
        .with("value", &measure.value);
    let block = match &measure.scale {
        Scale::Linear { from, to } => block.with("from", *from).with("to", *to),
        Scale::Map(scores) => {
            let scores = scores.iter().map(|(text, score)| (text.clone(), *score));
            block.with_some("map", Some(Value::Map(scores.collect())))
        }
    };
    block.with("weight", measure.weight)
}

impl Definition for Profile {
    fn title(&self) -> String {
        format!("health profile '{}'", self.name())
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(store.profiles()?.iter().find(|profile| profile.name() == self.name()).map(block))
    }

    fn wanted(&self, _store: &Store) -> Result<Block> {
        Ok(block(self))
    }

    fn save(&self, store: &Store, _table: &Table<'_>) -> Result<()> {
        store.put_profile(self)
    }

    fn check(&self, _store: &Store, catalogue: &Catalogue, table: &Table<'_>) -> Result<()> {
        if let Some(condition) = &self.condition {
            check(catalogue, condition, "where", table)?;
        }
        for (measure, table) in self.scoring.measures.iter().zip(measure_tables(table)) {
            check(catalogue, &measure.value, "value", &table)?;
        }
        Ok(())
    }

    fn advise(&self, _store: &Store) -> Result<Vec<Advice>> {
        Ok(self.advice().map(Advice::Hint).into_iter().collect())
    }
}

fn check(catalogue: &Catalogue, text: &str, key: &str, table: &Table<'_>) -> Result<()> {
    match catalogue.check_health_expression(text).map_err(anyhow::Error::downcast::<Failure>) {
        Ok(()) => Ok(()),
        Err(Ok(failure)) => {
            table.fault_of(key, &failure);
            Ok(())
        }
        Err(Err(error)) => Err(error),
    }
}
