//! `[[health.profile]]`: health profiles.

use std::ops::RangeInclusive;

use anyhow::Result;

use super::section::{Advice, Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::domain::health::{Bands, Measure, Profile, Scale, Scoring, USUAL_PRIORITY};
use crate::error::CommandError;
use crate::store::{Catalogue, Store};

pub(super) const SECTION: Section = Section {
    heading: "[[health.profile]]",
    read,
    own: |store| Ok(store.profiles()?.iter().map(Profile::block).collect()),
};

const PRIORITIES: RangeInclusive<i64> = i64::MIN..=i64::MAX;

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&["name", "where", "priority", "good", "average", "measure"]);
    let name = table.name("name");
    let priority = table.whole("priority", &PRIORITIES, "").unwrap_or(USUAL_PRIORITY);
    let [good, average] = ["good", "average"].map(|key| table.number(key));
    let usual = Bands::default();
    let bands =
        Bands { good: good.unwrap_or(usual.good), average: average.unwrap_or(usual.average) };
    let condition =
        if table.has("where") { Some(table.required("where")?.to_owned()) } else { None };
    let tables = measures_of(table);
    let measures: Vec<Option<Measure>> = tables.iter().map(read_measure).collect();
    let measures = measures.into_iter().collect::<Option<_>>()?;
    let profile = Profile {
        condition,
        priority,
        scoring: Scoring { name: name?.to_owned(), bands, measures },
    };
    report_faults(table, &tables, &profile);
    Some(Box::new(profile))
}

/// Records what is wrong with a profile: at the line of a band or measure if it is one of theirs.
fn report_faults(table: &ConfigTable<'_>, measures: &[ConfigTable<'_>], profile: &Profile) {
    let scoring = &profile.scoring;
    let bands = scoring.bands.validate();
    if let Err(error) = &bands {
        table.error(if table.has("good") { "good" } else { "average" }, error, None);
    }
    let of_measures: Vec<_> = (0..measures.len())
        .filter_map(|place| Some((&measures[place], scoring.validate_measure(place).err()?)))
        .collect();
    of_measures.iter().for_each(|(measure, error)| measure.error("", error, None));
    if bands.is_ok()
        && of_measures.is_empty()
        && let Err(error) = profile.validate()
    {
        table.error("", error, None);
    }
}

fn measures_of<'d>(table: &ConfigTable<'d>) -> Vec<ConfigTable<'d>> {
    table.tables("[[health.profile.measure]]")
}

fn read_measure(table: &ConfigTable<'_>) -> Option<Measure> {
    table.allow(&["name", "kind", "value", "from", "to", "map", "weight"]);
    for key in ["kind", "weight"].iter().filter(|key| !table.has(key)) {
        table.error(key, format!("{key} is missing"), None);
    }
    let (name, kind, value) = (table.name("name"), table.word("kind"), table.required("value"));
    let (weight, scale) = (table.number("weight"), scale(table));
    Some(Measure {
        name: name?.to_owned(),
        kind: kind?,
        value: value?.to_owned(),
        scale: scale?,
        weight: weight?,
    })
}

fn scale(table: &ConfigTable<'_>) -> Option<Scale> {
    match (table.has("from"), table.has("to"), table.has("map")) {
        (true, true, false) => {
            Some(Scale::Linear { from: table.number("from")?, to: table.number("to")? })
        }
        (false, false, true) => Some(Scale::Map(table.map("map")?)),
        _ => {
            let hint = "from = 0, to = 100 scores along a line, map = { good = 100, bad = 0 } scores texts";
            table.error("map", "a measure needs from and to, or a map", Some(hint));
            None
        }
    }
}

fn measure_block(measure: &Measure) -> Block {
    let Measure { name, kind, value, scale, weight } = measure;
    let block = Block::new("[[health.profile.measure]]", format!("measure '{name}'"))
        .with("name", name.as_str())
        .with("kind", kind.as_str())
        .with("value", value.as_str());
    match scale {
        Scale::Linear { from, to } => block.with("from", *from).with("to", *to),
        Scale::Map(scores) => block.with("map", scores.clone()),
    }
    .with("weight", *weight)
}

impl Definition for Profile {
    fn block(&self) -> Block {
        let Profile { condition, priority, scoring: Scoring { name, bands, measures } } = self;
        let usual = Bands::default();
        let block = Block::new("[[health.profile]]", format!("health profile '{name}'"))
            .with("name", name.as_str())
            .with_some("where", condition.as_deref())
            .with_unusual("priority", *priority, USUAL_PRIORITY)
            .with_unusual("good", bands.good, usual.good)
            .with_unusual("average", bands.average, usual.average);
        Block { inner: measures.iter().map(measure_block).collect(), ..block }
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        let profiles = store.all_profiles()?;
        let present = profiles.iter().find(|profile| profile.name() == self.name());
        Ok(present.map(Profile::block))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        match store.save_profile(self) {
            // The checks report the error with its line.
            Err(error) if error.downcast_ref::<CommandError>().is_some() => Ok(()),
            result => result,
        }
    }

    fn check(&self, _store: &Store, catalogue: &Catalogue, table: &ConfigTable<'_>) -> Result<()> {
        if let Some(Err(failure)) =
            self.condition.as_ref().map(|condition| catalogue.read(condition))
        {
            table.error_of("where", &failure);
        }
        for (measure, table) in self.scoring.measures.iter().zip(measures_of(table)) {
            if let Err(failure) = catalogue.read(&measure.value) {
                table.error_of("value", &failure);
            }
        }
        Ok(())
    }

    fn check_together(
        &self,
        _store: &Store,
        catalogue: &Catalogue,
        table: &ConfigTable<'_>,
    ) -> Result<()> {
        if let Err(error) = catalogue.check_profile(self) {
            table.error_of("", &error.downcast::<CommandError>()?);
        }
        Ok(())
    }

    fn advise(&self, _store: &Store) -> Result<Vec<Advice>> {
        Ok(self.advice().map(Advice::Hint).into_iter().collect())
    }
}
