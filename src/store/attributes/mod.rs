//! The values of attributes, for all companies at once.
//!
//! [`Store::attributes`] is the only entry point. It looks up names in the catalogue
//! (`domain::attributes`), reads each family of facts that is needed once, and lets the catalogue
//! turn facts into values. Attributes that are not asked for cost nothing.

mod companies;
mod counted;
mod entries;
mod events;
mod facts;
mod health;
mod signals;

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::Store;
use crate::domain::attributes::{self, AsOf, Attribute, AttributeGroup, Datum, Of};
use crate::domain::company::CompanyKey;
use crate::domain::fact_kinds::AttributeType;
use crate::domain::metric::{Metric, MetricDefinition, MetricMeasure};
use crate::domain::similar_names::nearest;
use crate::error::{CommandError, not_allowed};
use crate::expression::{Evaluator, Expression};

/// The companies whose values are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    All,
    One(CompanyKey),
}

impl Scope {
    /// The first and the last company key.
    fn keys(self) -> (u32, u32) {
        match self {
            Scope::All => (0, u32::MAX),
            Scope::One(key) => (key.0, key.0),
        }
    }
}

/// All attributes of this database: those of the program, custom columns of companies, and metrics.
pub(crate) struct Catalogue {
    own: Vec<(String, AttributeType)>,
    metrics: Vec<Metric>,
    evaluator: Evaluator,
}

/// An attribute of this database.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Known<'c> {
    /// Every database has it.
    BuiltIn(&'static Attribute),
    /// A custom column of companies, with its name.
    Own(&'c str, AttributeType),
    /// A metric that a user defined.
    Metric(&'c Metric),
}

impl<'c> Known<'c> {
    pub(crate) fn name(self) -> &'c str {
        match self {
            Known::BuiltIn(attribute) => attribute.name,
            Known::Own(name, _) => name,
            Known::Metric(metric) => &metric.name,
        }
    }

    /// The type of its values; `None` for a formula, whose type depends on its result.
    pub(crate) fn kind(self) -> Option<AttributeType> {
        match self {
            Known::BuiltIn(attribute) => Some(attribute.kind),
            Known::Own(_, kind) => Some(kind),
            Known::Metric(Metric { definition: MetricDefinition::Counted { .. }, .. }) => {
                Some(AttributeType::Number)
            }
            Known::Metric(_) => None,
        }
    }

    /// Whether values of earlier days are known. For company columns the database keeps only the
    /// present value, except the churn date, which follows from dated facts.
    pub(crate) fn has_history(self) -> bool {
        match self {
            Known::BuiltIn(attribute) => {
                attribute.group != AttributeGroup::Company || attribute.name == "churned_on"
            }
            Known::Own(..) => false,
            Known::Metric(_) => true,
        }
    }

    /// Whether its values follow from what runs recorded: of a day that was not run they are
    /// unknown.
    pub(crate) fn is_recorded_by_runs(self) -> bool {
        let Known::BuiltIn(attribute) = self else { return false };
        matches!(attribute.group, AttributeGroup::Health | AttributeGroup::Signals)
    }

    /// The unit of its values; empty when unknown.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Known::BuiltIn(attribute) => attribute.unit,
            Known::Metric(Metric {
                definition: MetricDefinition::Counted { measure, .. }, ..
            }) => MetricMeasure::unit(*measure),
            Known::Own(..) | Known::Metric(_) => "",
        }
    }
}

impl Catalogue {
    /// All attributes: those of the program, then custom columns, then metrics.
    pub(crate) fn all(&self) -> impl Iterator<Item = Known<'_>> {
        let built_in = attributes::catalogue().map(Known::BuiltIn);
        let own = self.own.iter().map(|(name, kind)| Known::Own(name, *kind));
        built_in.chain(own).chain(self.metrics.iter().map(Known::Metric))
    }

    /// The same catalogue with one more metric.
    pub(crate) fn with(mut self, metric: &Metric) -> Self {
        self.metrics.retain(|known| known.name != metric.name);
        self.metrics.push(metric.clone());
        self
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.all().map(Known::name).collect()
    }

    /// Finds an attribute by name, ignoring case.
    ///
    /// # Errors
    /// An unknown name (exit 9), with the most similar known one.
    pub(crate) fn find(&self, name: &str) -> Result<Known<'_>, CommandError> {
        let name = name.trim();
        let found = self.all().find(|known| known.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            let like = nearest(name, self.names().into_iter().map(str::to_owned));
            let like = like.map(|like| format!("did you mean '{like}'? ")).unwrap_or_default();
            not_allowed(format!("there is no attribute '{name}'"))
                .hint(format!("{like}`signals attribute list` shows all"))
        })
    }

    /// Parses an expression over these attributes.
    ///
    /// # Errors
    /// A syntax error or an unknown name (exit 9).
    pub(crate) fn read(&self, text: &str) -> Result<Expression, CommandError> {
        self.evaluator.read(text, &self.names()).map_err(|mistake| mistake.refusal(text))
    }

    /// Parses an expression that a user has just written, and checks its types. A stored one is
    /// only [read](Self::read), because the type of a custom column can change later.
    ///
    /// # Errors
    /// As [`read`](Self::read); a number compared with text (exit 9).
    pub(crate) fn read_new(&self, text: &str) -> Result<Expression, CommandError> {
        let expression = self.read(text)?;
        let kind = |name: &str| self.find(name).ok()?.kind();
        self.evaluator.check_comparisons(text, kind).map_err(|mistake| mistake.refusal(text))?;
        Ok(expression)
    }

    /// The metrics that are formulas, with their parsed expressions.
    ///
    /// # Errors
    /// A stored formula that is no longer valid (exit 9).
    pub(crate) fn formulas(&self) -> Result<Vec<(&Metric, Expression)>, CommandError> {
        let mut formulas = Vec::new();
        for metric in &self.metrics {
            if let MetricDefinition::Formula(text) = &metric.definition {
                formulas.push((metric, self.read(text)?));
            }
        }
        Ok(formulas)
    }

    /// The program's attributes that an expression depends on, directly or through formulas.
    ///
    /// # Errors
    /// A formula that is no longer valid or depends on itself (exit 9).
    pub(crate) fn comes_down_to(&self, expression: &Expression) -> Result<Vec<&'static Attribute>> {
        Ok(Wanted::of(self, expression.names.iter().map(String::as_str))?.built_in())
    }

    /// Evaluates an expression for all companies of a table that has the attributes it names.
    ///
    /// # Errors
    /// An expression that takes too long (exit 9); a missing attribute.
    pub(crate) fn evaluate(
        &self,
        expression: &Expression,
        table: &AttributeTable,
    ) -> Result<Vec<Datum>> {
        let columns =
            expression.names.iter().map(|name| table.column(name)).collect::<Result<Vec<_>>>()?;
        let rows = (0..table.companies.len())
            .map(|row| columns.iter().map(|column| &column[row]).collect());
        self.evaluator.evaluate(expression, rows)
    }
}

/// The values of some attributes for some companies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AttributeTable {
    companies: Vec<CompanyKey>,
    columns: Vec<(String, Vec<Datum>)>,
}

impl AttributeTable {
    /// The companies, ordered by id.
    pub(crate) fn companies(&self) -> &[CompanyKey] {
        &self.companies
    }

    /// The values of an attribute, in the order of the companies.
    ///
    /// # Errors
    /// An attribute that was not requested.
    pub(crate) fn column(&self, name: &str) -> Result<&[Datum]> {
        let found = self.columns.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, values) =
            found.ok_or_else(|| anyhow::anyhow!("the attribute '{name}' was not computed"))?;
        Ok(values)
    }
}

impl Store {
    /// The catalogue of this database.
    pub(crate) fn catalogue(&self) -> Result<Catalogue> {
        // A column stays an attribute when its last value is cleared: rules may name it.
        let own = self.attribute_types()?.into_iter().collect();
        Ok(Catalogue { own, metrics: self.metrics()?, evaluator: Evaluator::new()? })
    }

    /// The values of the named attributes. Reads only the facts that they need.
    ///
    /// # Errors
    /// An unknown name, or a formula that takes too long (exit 9).
    pub(crate) fn attributes(
        &self,
        catalogue: &Catalogue,
        names: &[&str],
        as_of: AsOf,
        scope: Scope,
    ) -> Result<AttributeTable> {
        let wanted = Wanted::of(catalogue, names.iter().copied())?;
        let mut sheet = Sheet::new(self, as_of, scope)?;
        sheet.built_in(&wanted.built_in())?;
        let Wanted { facts, formulas, .. } = wanted;
        for known in &facts {
            match known {
                Known::Own(name, kind) => sheet.own(name, *kind)?,
                Known::Metric(metric) => sheet.counted(metric)?,
                Known::BuiltIn(_) => {}
            }
        }
        let mut table = AttributeTable { companies: sheet.companies.keys, columns: sheet.columns };
        for (name, expression) in formulas {
            let values = catalogue.evaluate(&expression, &table)?;
            table.columns.push((name, values));
        }
        Ok(table)
    }
}

/// What to compute, ordered so that a formula follows the attributes it names.
struct Wanted<'c> {
    catalogue: &'c Catalogue,
    facts: Vec<Known<'c>>,
    formulas: Vec<(String, Expression)>,
    /// The formulas being expanded, to detect cycles.
    under_way: Vec<String>,
}

impl<'c> Wanted<'c> {
    fn of<'n>(catalogue: &'c Catalogue, names: impl Iterator<Item = &'n str>) -> Result<Self> {
        let (facts, formulas, under_way) = Default::default();
        let mut wanted = Wanted { catalogue, facts, formulas, under_way };
        names.into_iter().try_for_each(|name| wanted.add(name))?;
        Ok(wanted)
    }

    fn built_in(&self) -> Vec<&'static Attribute> {
        let built_in = |known: &Known<'_>| {
            if let Known::BuiltIn(attribute) = known { Some(*attribute) } else { None }
        };
        self.facts.iter().filter_map(built_in).collect()
    }

    fn add(&mut self, name: &str) -> Result<()> {
        let known = self.catalogue.find(name)?;
        let name = known.name();
        let Known::Metric(Metric { definition: MetricDefinition::Formula(text), .. }) = known
        else {
            if !self.facts.iter().any(|seen| seen.name() == name) {
                self.facts.push(known);
            }
            return Ok(());
        };
        if self.formulas.iter().any(|(seen, _)| seen == name) {
            return Ok(());
        }
        if self.under_way.iter().any(|seen| seen == name) {
            let circle = self.under_way.join(" -> ");
            return Err(not_allowed(format!(
                "metrics name each other in a circle: {circle} -> {name}"
            ))
            .into());
        }
        self.under_way.push(name.to_owned());
        let expression = self.catalogue.read(text)?;
        expression.names.iter().try_for_each(|inner| self.add(inner))?;
        self.under_way.pop();
        self.formulas.push((name.to_owned(), expression));
        Ok(())
    }
}

/// The companies of a table, and the row of each.
struct Companies {
    keys: Vec<CompanyKey>,
    rows: FxHashMap<u32, usize>,
}

impl Companies {
    fn of(keys: Vec<CompanyKey>) -> Self {
        let rows = keys.iter().enumerate().map(|(row, key)| (key.0, row)).collect();
        Companies { keys, rows }
    }

    fn row(&self, company: u32) -> Option<usize> {
        self.rows.get(&company).copied()
    }

    /// The same where companies come mostly in the order of the rows, perhaps several times in a
    /// row: `before` is the row that was found last.
    fn row_after(&self, before: Option<usize>, company: u32) -> Option<usize> {
        let is_at = |row: usize| self.keys.get(row).is_some_and(|key| key.0 == company);
        let next = before.map_or(0, |row| row + 1);
        let near = before.into_iter().chain([next]).find(|row| is_at(*row));
        near.or_else(|| self.row(company))
    }

    /// An initial value for the facts of each company.
    fn each<T: Clone>(&self, empty: T) -> Vec<T> {
        vec![empty; self.keys.len()]
    }
}

/// A table while it is being filled.
struct Sheet<'s> {
    store: &'s Store,
    as_of: AsOf,
    scope: Scope,
    companies: Companies,
    columns: Vec<(String, Vec<Datum>)>,
}

/// Attributes of one family: their names, and how to compute their values from its facts.
type Family<T> = Vec<(&'static str, fn(&T) -> Datum)>;

/// The attributes of a family, each with what `pick` finds to compute its values.
fn family<F>(
    attributes: &[&'static Attribute],
    mut pick: impl FnMut(Of) -> Option<F>,
) -> Vec<(&'static str, F)> {
    let of = |attribute: &&'static Attribute| Some((attribute.name, pick(attribute.of)?));
    attributes.iter().filter_map(of).collect()
}

impl Sheet<'_> {
    fn new(store: &Store, as_of: AsOf, scope: Scope) -> Result<Sheet<'_>> {
        let companies = Companies::of(store.attribute_companies(as_of, scope)?);
        Ok(Sheet { store, as_of, scope, companies, columns: Vec::new() })
    }

    /// Adds all attributes of the program.
    fn built_in(&mut self, attributes: &[&'static Attribute]) -> Result<()> {
        self.records(attributes)?;
        self.signals(attributes)?;
        self.usage(attributes)?;
        self.pulses(attributes)?;
        self.health(attributes)?;
        self.tasks(attributes)?;
        self.listed(attributes)
    }

    /// Adds the columns of a family from its facts, company by company.
    fn add<T>(&mut self, family: Family<T>, facts: &[T]) {
        for (name, value) in family {
            self.columns.push((name.to_owned(), facts.iter().map(value).collect()));
        }
    }
}

#[cfg(test)]
mod tests;
