//! Which companies a command is about, and as of when: shared by lists, segments, exports and
//! reports.

mod names;
mod portfolio;
mod signals;

use anyhow::{Context as _, Result};
use clap::Args;

use crate::context::Context;
use crate::domain::attributes::{AsOf, Datum};
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayOrOffset};
use crate::domain::similar_names::nearest;
use crate::error::{CommandError, ErrorKind, not_allowed, usage};
use crate::expression::{Expression, is_true};
use crate::store::{AttributeTable, Catalogue, Scope, Segment, Store};

pub(crate) use names::{
    csm_called, find_company, find_csm, find_member, find_rule, never_imported, person_meant,
    rule_called, the_one_called, unknown,
};
pub(crate) use portfolio::{
    PORTFOLIO, current_pulses, has_churned, open_signals, portfolio, present_customers,
};
pub(crate) use signals::FilterOptions;

/// As of when.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct AsOfOption {
    /// As of the end of this day; as things stand now unless set
    #[arg(long, value_name = "DAY", allow_hyphen_values = true)]
    as_of: Option<DayOrOffset>,
}

impl AsOfOption {
    /// The given day; `None` for the present.
    pub(crate) fn day(self, context: &Context, store: &Store) -> Option<Day> {
        self.as_of.map(|given| context.day(store, given))
    }

    /// The as-of date of facts and entries.
    ///
    /// # Errors
    /// A day in the future (exit 2).
    pub(crate) fn resolve(self, context: &Context, store: &Store) -> Result<AsOf> {
        match self.as_of {
            Some(given) => Ok(AsOf::end_of(not_in_the_future(context, store, given)?)),
            None => Ok(AsOf::at_present(store.as_of(context.today(store))?, context.today(store))),
        }
    }
}

/// The days up to which a list without `--as-of` reaches: measured facts to the last day run,
/// entries to today. `None` if both are the same.
pub(crate) fn both_days(context: &Context, store: &Store) -> Result<Option<String>> {
    let today = context.today(store);
    let usage = store.as_of(today)?;
    let differ = usage != today;
    Ok(differ.then(|| format!("usage to {usage}; signals, tasks and pulse to {today}")))
}

/// Filters on attributes.
#[derive(Debug, Clone, Default, PartialEq, Args)]
pub(crate) struct ConditionOptions {
    /// Only companies of this segment
    #[arg(long, value_name = "NAME")]
    pub segment: Option<String>,
    /// Only companies for which this expression over attributes holds
    #[arg(long = "where", value_name = "EXPRESSION")]
    pub condition: Option<String>,
}

impl ConditionOptions {
    pub(crate) fn is_empty(&self) -> bool {
        *self == ConditionOptions::default()
    }

    /// The conditions that companies must meet.
    ///
    /// # Errors
    /// An unknown segment (exit 9); an invalid expression (exit 2).
    pub(crate) fn conditions(
        &self,
        store: &Store,
        catalogue: &Catalogue,
    ) -> Result<Vec<Expression>> {
        let mut conditions = Vec::new();
        if let Some(name) = &self.segment {
            conditions.push(condition_of(catalogue, &existing_segment(store, name)?)?);
        }
        if let Some(text) = &self.condition {
            conditions.push(read_typed(catalogue, text)?);
        }
        Ok(conditions)
    }

    /// The companies that meet the conditions, with the values of the named attributes.
    ///
    /// # Errors
    /// As [`ConditionOptions::conditions`]; an expression that takes too long (exit 2, or 9 if it
    /// is stored).
    pub(crate) fn select(
        &self,
        store: &Store,
        catalogue: &Catalogue,
        names: &[&str],
        as_of: AsOf,
    ) -> Result<SelectedCompanies> {
        let conditions = self.conditions(store, catalogue)?;
        let selected = SelectedCompanies::select(store, catalogue, names, &conditions, as_of);
        if self.condition.is_some() { selected.map_err(of_the_command_line) } else { selected }
    }

    /// The companies that meet the conditions; `None` if there are no conditions.
    pub(crate) fn companies(
        &self,
        context: &Context,
        store: &Store,
    ) -> Result<Option<Vec<CompanyKey>>> {
        if self.is_empty() {
            return Ok(None);
        }
        let catalogue = store.catalogue()?;
        let as_of = AsOfOption::default().resolve(context, store)?;
        Ok(Some(self.select(store, &catalogue, &[], as_of)?.keys()))
    }
}

/// Which companies, and as of when.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Selection {
    #[command(flatten)]
    pub as_of: AsOfOption,
    #[command(flatten)]
    pub condition: ConditionOptions,
    /// Only the companies that this person looks after
    #[arg(long, value_name = "NAME")]
    pub csm: Option<String>,
}

impl Selection {
    /// The selected companies, with the values of the named attributes.
    pub(crate) fn customers(
        &self,
        store: &Store,
        catalogue: &Catalogue,
        names: &[&str],
        as_of: AsOf,
    ) -> Result<SelectedCompanies> {
        let names: Vec<&str> =
            names.iter().copied().chain(self.csm.as_ref().map(|_| "csm")).collect();
        let mut companies = self.condition.select(store, catalogue, &names, as_of)?;
        if let Some(csm) = &self.csm {
            companies.keep("csm", &csm_called(store, csm)?)?;
        }
        Ok(companies)
    }
}

/// The segment with that name.
///
/// # Errors
/// No such segment, with the most similar name, or several with that beginning (exit 9).
pub(crate) fn existing_segment(store: &Store, name: &str) -> Result<Segment> {
    let segments = store.segments()?;
    let names: Vec<&str> = segments.iter().map(|segment| segment.name.as_str()).collect();
    let called = the_one_called("segments", &names, name)?;
    if let Some(found) = segments.iter().find(|segment| Some(segment.name.as_str()) == called) {
        return Ok(found.clone());
    }
    let names = segments.into_iter().map(|segment| segment.name);
    let hint = match nearest(name, names) {
        Some(like) => format!("did you mean '{like}'? `signals segment list` shows all"),
        None => "`signals segment add NAME --where EXPRESSION` makes one".to_owned(),
    };
    Err(not_allowed(format!("there is no segment '{name}'")).hint(hint).into())
}

/// Parses an expression of the command line.
///
/// # Errors
/// An invalid expression (exit 2).
pub(crate) fn read_typed(catalogue: &Catalogue, text: &str) -> Result<Expression, CommandError> {
    catalogue.read_new(text).map_err(|failure| failure.of_kind(ErrorKind::Usage))
}

/// The parsed condition of a segment.
///
/// # Errors
/// A condition that is no longer valid (exit 9).
pub(crate) fn condition_of(catalogue: &Catalogue, segment: &Segment) -> Result<Expression> {
    let broken = || format!("the segment '{}' is no longer valid", segment.name);
    catalogue.read(&segment.condition).map_err(anyhow::Error::from).with_context(broken)
}

pub(crate) fn names_in(conditions: &[Expression]) -> impl Iterator<Item = &str> {
    conditions.iter().flat_map(|condition| &condition.names).map(String::as_str)
}

/// Some companies, with the values of some attributes.
pub(crate) struct SelectedCompanies {
    table: AttributeTable,
    /// The selected rows of the table, in order.
    rows: Vec<usize>,
}

impl SelectedCompanies {
    /// The companies that meet all conditions, ordered by id, with the values of the named
    /// attributes and of those in the conditions.
    ///
    /// # Errors
    /// An unknown attribute (exit 9).
    pub(crate) fn select(
        store: &Store,
        catalogue: &Catalogue,
        names: &[&str],
        conditions: &[Expression],
        as_of: AsOf,
    ) -> Result<SelectedCompanies> {
        let names: Vec<&str> = names.iter().copied().chain(names_in(conditions)).collect();
        let table = store.attributes(catalogue, &names, as_of, Scope::All)?;
        let rows = (0..table.companies().len()).collect();
        let mut companies = SelectedCompanies { table, rows };
        companies.keep_where(catalogue, conditions)?;
        Ok(companies)
    }

    /// Keeps the companies that meet all conditions.
    ///
    /// # Errors
    /// An attribute that was not requested.
    pub(crate) fn keep_where(
        &mut self,
        catalogue: &Catalogue,
        conditions: &[Expression],
    ) -> Result<()> {
        for condition in conditions {
            let values = catalogue.evaluate(condition, &self.table)?;
            self.rows.retain(|row| is_true(&values[*row]));
        }
        Ok(())
    }

    /// The number of companies that meet each condition. Reads the facts once for all of them.
    pub(crate) fn count(
        store: &Store,
        catalogue: &Catalogue,
        conditions: &[Expression],
        as_of: AsOf,
    ) -> Result<Vec<u64>> {
        let names: Vec<&str> = names_in(conditions).collect();
        let table = store.attributes(catalogue, &names, as_of, Scope::All)?;
        let holding = |condition| {
            let values = catalogue.evaluate(condition, &table)?;
            Ok(values.iter().filter(|value| is_true(value)).count() as u64)
        };
        conditions.iter().map(holding).collect()
    }

    /// Keeps the companies whose attribute has this text.
    ///
    /// # Errors
    /// An attribute that was not requested.
    pub(crate) fn keep(&mut self, name: &str, text: &str) -> Result<()> {
        let column = self.table.column(name)?;
        self.rows.retain(|row| column[*row].text().as_deref() == Some(text));
        Ok(())
    }

    /// Sorts by an attribute: numbers by size, texts A to Z, unknown values last in either
    /// direction; ties are ordered by id.
    ///
    /// # Errors
    /// An attribute that was not requested.
    pub(crate) fn sort(&mut self, name: &str, is_descending: bool) -> Result<()> {
        let column = self.table.column(name)?;
        self.rows.sort_by(|a, b| {
            let [a, b] = [&column[*a], &column[*b]];
            let order = a.order(b);
            let is_known = *a != Datum::Null && *b != Datum::Null;
            if is_descending && is_known { order.reverse() } else { order }
        });
        Ok(())
    }

    pub(crate) fn keys(&self) -> Vec<CompanyKey> {
        self.rows.iter().map(|row| self.table.companies()[*row]).collect()
    }

    /// The values of some attributes, company by company.
    ///
    /// # Errors
    /// An attribute that was not requested.
    pub(crate) fn values(&self, names: &[&str]) -> Result<impl Iterator<Item = Vec<&Datum>>> {
        let columns =
            names.iter().map(|name| self.table.column(name)).collect::<Result<Vec<_>>>()?;
        Ok(self.rows.iter().map(move |row| columns.iter().map(|column| &column[*row]).collect()))
    }
}

/// Resolves names of attributes that a user typed.
///
/// # Errors
/// An unknown name (exit 2).
pub(crate) fn known_names<'c>(
    catalogue: &'c Catalogue,
    asked: &[String],
) -> Result<Vec<&'c str>, CommandError> {
    let known = |name: &String| {
        let found = catalogue.find(name).map(|known| known.name());
        found.map_err(|failure| failure.of_kind(ErrorKind::Usage))
    };
    asked.iter().map(known).collect()
}

/// Turns an error in a value on the command line into a usage error.
pub(crate) fn of_the_command_line(error: anyhow::Error) -> anyhow::Error {
    match error.downcast_ref::<CommandError>() {
        Some(CommandError { kind: ErrorKind::NotAllowed, hints, .. }) => {
            let (message, hints) = (format!("{error:#}"), hints.clone());
            CommandError { kind: ErrorKind::Usage, message, hints }.into()
        }
        _ => error,
    }
}

/// Refuses a day in the future.
///
/// # Errors
/// A day after today (exit 2).
pub(crate) fn not_in_the_future(
    context: &Context,
    store: &Store,
    given: impl Into<DayOrOffset>,
) -> Result<Day> {
    let today = context.today(store);
    let day = given.into().on(today);
    if day > today {
        let message = format!("{day} is in the future; today is {today} in {}", store.zone());
        return Err(usage(message).into());
    }
    Ok(day)
}
