//! The kinds of data in `columns.toml`: columns, types, names in other products.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::spelling::folded;
use crate::error::{CommandError, usage};

/// A kind of data: what its rows are, and its columns.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactKind {
    /// The value of `--kind`.
    pub name: String,
    /// Names that make a header ambiguous, whatever else it has; folded.
    #[serde(default)]
    pub without: Vec<String>,
    /// Whether it is never detected, only given by `--kind`.
    #[serde(default)]
    pub only_when_said: bool,
    /// Whether unknown columns become custom attributes.
    #[serde(default)]
    pub custom: bool,
    /// Names of a column that decides which row of an id is the latest; folded.
    #[serde(default)]
    pub latest_by: Vec<String>,
    /// Columns of which a header must have one to be detected as this kind, and then only if this
    /// kind has every column that the other possible kinds have.
    #[serde(default)]
    pub told_by: Vec<String>,
    /// Required ones first.
    #[serde(rename = "column")]
    pub columns: Vec<Column>,
}

impl FactKind {
    /// The kind with that name.
    ///
    /// # Errors
    /// A usage error if there is none.
    pub fn named(name: &str) -> Result<&'static FactKind, CommandError> {
        let kinds = &catalogue().kinds;
        kinds.iter().find(|kind| folded(&kind.name) == folded(name)).ok_or_else(|| {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
            usage(format!("there is no kind '{name}'"))
                .hint(format!("--kind is one of {}", names.join(", ")))
        })
    }

    /// Whether ids are all that its files must have.
    pub fn has_only_ids(&self) -> bool {
        let mut required = self.columns.iter().filter(|column| column.required);
        required.all(|column| column.cell == CellType::Id)
    }

    /// The column with that name, regardless of spelling.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| folded(&column.name) == folded(name))
    }
}

#[derive(Debug, Deserialize)]
pub struct Column {
    pub name: String,
    #[serde(flatten)]
    pub cell: CellType,
    /// Whether a file without it is refused, and a row without a value rejected.
    #[serde(default)]
    pub required: bool,
    /// The column that a file may have instead of this required one.
    pub unless: Option<String>,
    /// Whether it is the end of something, for which `9999-12-31` and the like mean no end.
    #[serde(default)]
    pub open_ended: bool,
    /// Whether a number in it may have a label.
    #[serde(default)]
    pub labelled: bool,
    /// Whether the cells of a required column may be empty.
    #[serde(default)]
    pub blank: bool,
    /// Names that identify this column as surely as its own; folded.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Names that are used if there is nothing better; folded.
    #[serde(default)]
    pub instead: Vec<String>,
    /// Names of two columns, a month and a year, that together can replace a date: the last day of
    /// that month; folded.
    pub month_and_year: Option<[String; 2]>,
    /// Words of a survey question: the only column whose name has one, and whose cells fit, is
    /// used.
    #[serde(default)]
    pub asks: Vec<String>,
}

/// What the cells of a column may contain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum CellType {
    /// An id: without invisible characters, and not changed by a spreadsheet.
    Id,
    /// One line of text.
    Text,
    /// Text that may contain tabs and line breaks.
    Prose,
    /// A number of events; empty is one.
    Count,
    /// A whole number.
    Whole {
        min: i64,
        max: i64,
    },
    Money,
    /// An instant in the past.
    Past,
    /// A calendar day.
    Date,
    /// One of a few words.
    Choice {
        /// The words, in lower case.
        of: Vec<String>,
        /// Synonyms of these words.
        #[serde(default)]
        words: BTreeMap<String, String>,
    },
    /// A list of such words, separated by `;`.
    Choices {
        /// The words, in lower case.
        of: Vec<String>,
        /// The word for none of them, also where it is a placeholder elsewhere.
        #[serde(default)]
        nothing: Option<String>,
    },
}

/// A product whose exports are recognized by their header.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    pub name: String,
    /// The kind of data in this export.
    pub kind: String,
    /// A header with all of these names is from this product; folded.
    pub signature: Vec<String>,
    /// A header with one of these names is not; folded.
    #[serde(default)]
    pub without: Vec<String>,
    /// Whether columns that are not listed are ignored, whatever their names.
    #[serde(default)]
    pub only: bool,
    /// Whether a row below the header is a second header if it is blank in the first column of the
    /// signature.
    #[serde(default)]
    pub second_header: bool,
    /// Names, best first, of the column that decides which row of a company is the only one that
    /// counts; folded.
    #[serde(default)]
    pub latest_by: Vec<String>,
    #[serde(rename = "column")]
    pub columns: Vec<From>,
}

/// Where a product has a column.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct From {
    /// The name of the column.
    pub name: String,
    /// The headers to read it from, best first; folded.
    pub from: Vec<String>,
    /// Objects in which the general names of the column are searched too; folded.
    #[serde(default)]
    pub within: Vec<String>,
    /// Whether blank cells are looked up in the next of the headers.
    #[serde(default)]
    pub coalesce: bool,
    /// Whether times without an offset are in UTC.
    #[serde(default)]
    pub utc: bool,
    /// Whether the column of the file may also be used for another column.
    #[serde(default)]
    pub shared: bool,
}

impl From {
    /// All names that the product may have for the column `general`, best first; folded.
    pub fn names(&self, general: &Column) -> Vec<String> {
        let nested = self
            .within
            .iter()
            .flat_map(|object| general.names().map(move |name| format!("{object}.{name}")));
        self.from.iter().cloned().chain(nested).collect()
    }
}

impl Product {
    /// Where it has a column, if listed.
    pub fn column(&self, name: &str) -> Option<&From> {
        self.columns.iter().find(|from| from.name == name)
    }
}

/// The contents of `columns.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    #[serde(rename = "kind")]
    pub kinds: Vec<FactKind>,
    /// The products that are recognized.
    #[serde(rename = "product")]
    pub products: Vec<Product>,
}

/// The catalogue, parsed once.
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
    /// Whether its cells are days, as its name says: `created_on`, as opposed to `closed_at`.
    pub fn holds_days(&self) -> bool {
        self.name.ends_with("_on") || self.name == "day"
    }

    /// All names of the column, surest first; folded.
    pub fn names(&self) -> impl Iterator<Item = String> + '_ {
        [folded(&self.name)].into_iter().chain(self.aliases.iter().chain(&self.instead).cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_are_those_of_the_documentation() {
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
