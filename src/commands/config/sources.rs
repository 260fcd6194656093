//! `[[source]]`: databases from which counts are pulled.

use anyhow::Result;

use super::section::{Definition, Section};
use crate::configuration::{Block, ConfigTable};
use crate::domain::source::{
    Columns, Engine, PullSource, Rows, Timeout, USUAL_LATE_DAYS, USUAL_PEOPLE_DAYS,
};
use crate::pull;
use crate::store::Store;

pub(super) const SECTION: Section = Section {
    heading: "[[source]]",
    read,
    own: |store| Ok(store.sources()?.iter().map(PullSource::block).collect()),
};

const KEYS: [&str; 14] = [
    "name",
    "engine",
    "url",
    "relation",
    "query",
    "company_id",
    "event",
    "at",
    "at_is",
    "person_id",
    "event_id",
    "late_days",
    "people_days",
    "timeout",
];

fn read(table: &ConfigTable<'_>) -> Option<Box<dyn Definition>> {
    table.allow(&KEYS);
    let (name, url) = (table.name("name"), table.required("url"));
    table.required("engine");
    let engine: Option<Engine> = table.word("engine");
    let usual = Columns::default();
    let column = |key: &str, usual: String| table.filled(key).map_or(usual, str::to_owned);
    let columns = Columns {
        company_id: column("company_id", usual.company_id),
        event: column("event", usual.event),
        at: column("at", usual.at),
        person_id: column("person_id", usual.person_id),
        event_id: table.filled("event_id").map(str::to_owned),
    };
    let rows = rows(table);
    let at_is = table.filled("at_is");
    if let Some(other) = at_is.filter(|zone| *zone != "UTC") {
        let message = format!("at_is is '{other}': times without a zone can only be in UTC");
        table.error("at_is", message, Some("convert them in a view or in `query`"));
    }
    let days = |key: &str, usual: u16| table.whole(key, &(0..=3660), " of days").unwrap_or(usual);
    let source = PullSource {
        name: name?.to_owned(),
        engine: engine?,
        url: url?.to_owned(),
        rows: rows?,
        columns,
        at_is_utc: at_is.is_some(),
        late_days: days("late_days", USUAL_LATE_DAYS),
        people_days: days("people_days", USUAL_PEOPLE_DAYS),
        timeout: table.word("timeout").unwrap_or_default(),
    };
    if let Err(failure) = pull::check(&source) {
        table.error_of("url", &failure);
    }
    Some(Box::new(source))
}

fn rows(table: &ConfigTable<'_>) -> Option<Rows> {
    match (table.filled("relation"), table.filled("query")) {
        (Some(relation), None) => Some(Rows::Relation(relation.to_owned())),
        (None, Some(query)) => Some(Rows::Query(query.to_owned())),
        (Some(_), Some(_)) => {
            table.wrong("query", "a source has a relation or a query, and not both")
        }
        (None, None) => {
            let hint = "relation = \"SCHEMA.TABLE\", or query = \"select …\"";
            table.error("", "a source needs a relation or a query", Some(hint));
            None
        }
    }
}

impl Definition for PullSource {
    fn block(&self) -> Block {
        let (columns, usual) = (&self.columns, Columns::default());
        let (relation, query) = match &self.rows {
            Rows::Relation(name) => (Some(name.as_str()), None),
            Rows::Query(query) => (None, Some(query.as_str())),
        };
        Block::new("[[source]]", format!("source '{}'", self.name))
            .with("name", self.name.as_str())
            .with("engine", self.engine.as_str())
            .with("url", self.url.as_str())
            .with_some("relation", relation)
            .with_some("query", query)
            .with_unusual("company_id", columns.company_id.as_str(), usual.company_id)
            .with_unusual("event", columns.event.as_str(), usual.event)
            .with_unusual("at", columns.at.as_str(), usual.at)
            .with_some("at_is", self.at_is_utc.then_some("UTC"))
            .with_unusual("person_id", columns.person_id.as_str(), usual.person_id)
            .with_some("event_id", columns.event_id.as_deref())
            .with_unusual("late_days", u32::from(self.late_days), u32::from(USUAL_LATE_DAYS))
            .with_unusual("people_days", u32::from(self.people_days), u32::from(USUAL_PEOPLE_DAYS))
            .with_unusual("timeout", self.timeout.to_string(), Timeout::default().to_string())
    }

    fn present(&self, store: &Store) -> Result<Option<Block>> {
        Ok(store.source(&self.name)?.as_ref().map(PullSource::block))
    }

    fn save(&self, store: &Store, _table: &ConfigTable<'_>) -> Result<()> {
        store.save_source(self)
    }
}
