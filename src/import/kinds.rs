//! The kinds of data there are, as `columns.toml` tells them: columns, types, names in other
//! products.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::spelling::folded;
use crate::error::{CommandError, usage};

/// A kind of data: what its rows are, and what columns it has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactKind {
    /// Its name, as `--kind` takes it.
    pub name: String,
    /// A header with one of these names may be of another kind, whatever else it has; folded.
    #[serde(default)]
    pub without: Vec<String>,
    /// Whether no header is taken for this kind: `--kind` must say so.
    #[serde(default)]
    pub only_when_said: bool,
    /// Whether every column that is not known becomes a custom attribute.
    #[serde(default)]
    pub custom: bool,
    /// Names of the column by which of several rows of one id the latest counts; folded.
    #[serde(default)]
    pub latest_by: Vec<String>,
    /// Columns of which a header must have one to be taken for this kind; and then only where
    /// this kind knows every column that the other possible kinds know.
    #[serde(default)]
    pub told_by: Vec<String>,
    /// Its columns, required ones first.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
}

impl FactKind {
    /// The kind of that name.
    ///
    /// # Errors
    /// A usage error when there is none.
    pub fn named(name: &str) -> Result<&'static FactKind, CommandError> {
        let kinds = &catalogue().kinds;
        kinds.iter().find(|kind| folded(&kind.name) == folded(name)).ok_or_else(|| {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
            usage(format!("there is no kind '{name}'"))
                .hint(format!("--kind is one of {}", names.join(", ")))
        })
    }

    /// The column of that name, however it is spelt.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| folded(&column.name) == folded(name))
    }
}

/// A column of a kind.
#[derive(Debug, Deserialize)]
pub struct Column {
    /// Its own name.
    pub name: String,
    /// What its cells may hold.
    #[serde(flatten)]
    pub cell: CellType,
    /// Whether a file without it is refused, and a row with nothing in it rejected.
    #[serde(default)]
    pub required: bool,
    /// The column that a file may have in place of this required one.
    pub unless: Option<String>,
    /// Whether it is the end of something, so that `9999-12-31` and its like mean that there is none.
    #[serde(default)]
    pub open_ended: bool,
    /// Whether a number in it may have a label.
    #[serde(default)]
    pub labelled: bool,
    /// Whether the cells of a required column may be empty all the same.
    #[serde(default)]
    pub blank: bool,
    /// Names that mean this column as surely as its own; folded.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Names that stand in for it where nothing better is there; folded.
    #[serde(default)]
    pub instead: Vec<String>,
    /// Names of two columns, a month and a year, that together stand in for a date: the last day of
    /// that month; folded.
    pub month_and_year: Option<[String; 2]>,
    /// Words of a question: the only column of which the name has one, and the cells fit, stands in
    /// for this one.
    #[serde(default)]
    pub asks: Vec<String>,
}

/// What the cells of a column may hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum CellType {
    /// An id: nothing invisible in it, nothing a spreadsheet has made.
    Id,
    /// One line of text.
    Text,
    /// Text that may have tabs and line breaks.
    Prose,
    /// How many events; nothing is one.
    Count,
    /// A whole number.
    Whole {
        /// The least it may be.
        min: i64,
        /// The most it may be.
        max: i64,
    },
    /// An amount of money.
    Money,
    /// An instant that has happened.
    Past,
    /// A calendar day.
    Date,
    /// One of a few words.
    Choice {
        /// The words, in lower case.
        of: Vec<String>,
        /// Other words, and which of these each means.
        #[serde(default)]
        words: BTreeMap<String, String>,
    },
    /// Some of a few words, with `;` between.
    Choices {
        /// The words, in lower case.
        of: Vec<String>,
    },
}

/// A product whose exports are recognised by their header.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    pub name: String,
    /// The kind of data that this export of it holds.
    pub kind: String,
    /// A header with all of these names is one of its; folded.
    pub signature: Vec<String>,
    /// A header with one of these names is something else after all; folded.
    #[serde(default)]
    pub without: Vec<String>,
    /// Whether columns that are not listed are left out, whatever they are called.
    #[serde(default)]
    pub only: bool,
    /// Whether a row under the header that has nothing in the first column of the signature is no
    /// data.
    #[serde(default)]
    pub second_header: bool,
    /// The names, the best first, of the column by which the latest row of a company counts alone;
    /// folded.
    #[serde(default)]
    pub latest_by: Vec<String>,
    /// Where its columns are.
    #[serde(rename = "column")]
    pub columns: Vec<From>,
}

/// Where a product keeps a column.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct From {
    /// The name of the column.
    pub name: String,
    /// The headers to take it from, the best first; folded.
    pub from: Vec<String>,
    /// Objects in which the general names of the column are looked for too; folded.
    #[serde(default)]
    pub within: Vec<String>,
    /// Whether a blank cell is looked up in the next of the headers that is there.
    #[serde(default)]
    pub coalesce: bool,
    /// Whether times without an offset are in UTC.
    #[serde(default)]
    pub utc: bool,
    /// Whether the column of the file may be read as another one too.
    #[serde(default)]
    pub shared: bool,
}

impl From {
    /// All names under which the product may have the column `general`, the best first; folded.
    pub fn names(&self, general: &Column) -> Vec<String> {
        let nested = self
            .within
            .iter()
            .flat_map(|object| general.names().map(move |name| format!("{object}.{name}")));
        self.from.iter().cloned().chain(nested).collect()
    }
}

impl Product {
    /// Where it keeps a column, if anywhere of its own.
    pub fn column(&self, name: &str) -> Option<&From> {
        self.columns.iter().find(|from| from.name == name)
    }
}

/// Everything in `columns.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The kinds of data.
    #[serde(rename = "kind")]
    pub kinds: Vec<FactKind>,
    /// The products that are recognised.
    #[serde(rename = "product")]
    pub products: Vec<Product>,
}

/// The catalogue, read once.
pub(crate) fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| with_folded_names(crate::shipped::COLUMNS.read()));
    &CATALOGUE
}

fn with_folded_names(mut catalogue: Catalogue) -> Catalogue {
    let fold = |names: &mut Vec<String>| names.iter_mut().for_each(|name| *name = folded(name));
    catalogue.kinds.iter_mut().for_each(|kind| fold(&mut kind.without));
    for column in catalogue.kinds.iter_mut().flat_map(|kind| &mut kind.columns) {
        fold(&mut column.aliases);
        fold(&mut column.instead);
        column.month_and_year.iter_mut().flatten().for_each(|name| *name = folded(name));
    }
    catalogue.kinds.iter_mut().for_each(|kind| fold(&mut kind.latest_by));
    for product in &mut catalogue.products {
        fold(&mut product.signature);
        fold(&mut product.without);
        fold(&mut product.latest_by);
        for column in &mut product.columns {
            fold(&mut column.from);
            fold(&mut column.within);
        }
    }
    catalogue
}

impl Column {
    /// Whether its cells are about days, as its name says: `created_on`, as against `closed_at`.
    pub fn holds_days(&self) -> bool {
        self.name.ends_with("_on") || self.name == "day"
    }

    /// All names under which the column is looked for, the surest first; folded.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        [folded(&self.name)].into_iter().chain(self.aliases.iter().chain(&self.instead).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_those_of_the_contract() {
        fn required(kind: &FactKind) -> Vec<&str> {
            kind.columns
                .iter()
                .filter(|column| column.required)
                .map(|column| column.name.as_str())
                .collect()
        }
        let kinds: Vec<_> =
            catalogue().kinds.iter().map(|kind| (kind.name.as_str(), required(kind))).collect();
        let expected: [(&str, &[&str]); 14] = [
            ("events", &["company_id", "event", "timestamp"]),
            ("counts", &["company_id", "event", "day", "count"]),
            ("companies", &["company_id"]),
            ("subscriptions", &["company_id", "subscription_id", "started_on"]),
            ("people", &["person_id", "company_id"]),
            ("nps", &["company_id", "score", "responded_on"]),
            ("tickets", &["company_id", "ticket_id", "opened_at"]),
            ("invoices", &["company_id", "invoice_id", "due_on"]),
            ("touchpoints", &["company_id", "occurred_at", "direction"]),
            ("goals", &["company_id", "event", "due_on"]),
            ("acks", &["signal_id", "reason"]),
            ("pulses", &["company_id", "pulse", "set_on"]),
            ("churn", &["company_id", "churned_on"]),
            ("team", &["name", "role"]),
        ];
        assert_eq!(kinds, expected.map(|(name, columns)| (name, columns.to_vec())));
    }

    #[test]
    fn no_name_means_two_columns_of_a_kind() {
        for kind in &catalogue().kinds {
            let mut names: Vec<String> = Vec::new();
            for column in &kind.columns {
                names.extend(column.names());
            }
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all, "{}", kind.name);
        }
    }

    #[test]
    fn products_name_columns_that_exist() {
        for product in &catalogue().products {
            let kind = FactKind::named(&product.kind).unwrap();
            for column in &product.columns {
                assert!(kind.column(&column.name).is_some(), "{}: {}", product.name, column.name);
            }
        }
    }

    #[test]
    fn other_words_mean_words_that_exist() {
        for column in catalogue().kinds.iter().flat_map(|kind| &kind.columns) {
            if let CellType::Choice { of, words } = &column.cell {
                assert!(words.values().all(|word| of.contains(word)), "{}", column.name);
            }
        }
    }
}
