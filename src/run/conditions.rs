//! Evaluates the expressions of rules on a day: the companies that a `--where` admits, and those
//! for which a condition holds.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::attributes::{AsOf, AttributeGroup, Datum, Stage};
use crate::domain::company::CompanyKey;
use crate::domain::condition::{ConditionFacts, FactsByCompany};
use crate::domain::day::Day;
use crate::domain::evidence::{ConditionEvidence, ReadValue};
use crate::domain::finding::Admission;
use crate::domain::metric::{Metric, MetricDefinition};
use crate::domain::pulse::to_one_decimal;
use crate::domain::rule::{ConditionRule, Rule};
use crate::expression::{Expression, is_true};
use crate::store::{AttributeTable, Catalogue, Known, Scope, Store};

/// Evaluates the expressions of rules.
pub(crate) struct Conditions<'s> {
    store: &'s Store,
    catalogue: Catalogue,
    scope: Scope,
}

/// A condition rule with its parsed expressions.
struct ParsedCondition<'r> {
    rule: &'r ConditionRule,
    when: Expression,
    key: Option<&'r str>,
}

impl<'s> Conditions<'s> {
    /// For all companies, or for one.
    pub(crate) fn new(store: &'s Store, scope: Scope) -> Result<Self> {
        Ok(Conditions { store, catalogue: store.catalogue()?, scope })
    }

    /// The companies that a rule's `--where` admits on a day.
    ///
    /// # Errors
    /// A stored expression that is no longer valid or takes too long (exit 9).
    pub(crate) fn admission(&self, rule: &Rule, day: Day, stage: Stage) -> Result<Admission> {
        let Some(text) = &rule.where_expr else { return Ok(Admission::All) };
        let holding = || {
            let condition = self.catalogue.read(text)?;
            self.companies_with(&condition, AsOf { day, stage }, is_true)
        };
        Ok(Admission::Only(holding().with_context(|| format!("the rule '{}'", rule.name))?))
    }

    /// For each condition, the companies for which it holds on a day, on how many consecutive days,
    /// and the values it read. All conditions see the same values: today's signals, except those of
    /// conditions.
    ///
    /// # Errors
    /// A stored expression that is no longer valid or takes too long (exit 9).
    pub(crate) fn facts(
        &self,
        rules: &[(&Rule, &ConditionRule)],
        day: Day,
    ) -> Result<Vec<FactsByCompany>> {
        let rules = self.read(rules)?;
        let mut facts = self.on(&rules.iter().collect::<Vec<_>>(), day)?;
        // Earlier days matter only to rules with `--for`.
        let longest = rules.iter().map(|read| read.rule.for_days).max().unwrap_or(1);
        for before in 1..i32::from(longest) {
            let asking: Vec<usize> = (0..rules.len())
                .filter(|place| i32::from(rules[*place].rule.for_days) > before)
                .collect();
            let wanted: Vec<&ParsedCondition<'_>> =
                asking.iter().map(|place| &rules[*place]).collect();
            let earlier = self.on(&wanted, day - before)?;
            for (place, earlier) in asking.into_iter().zip(earlier) {
                count_day(&mut facts[place], &earlier, before);
            }
        }
        Ok(facts)
    }

    /// For each condition, the companies for which it holds on one day, regardless of its `--for`.
    ///
    /// # Errors
    /// A stored expression that is no longer valid or takes too long (exit 9).
    pub(crate) fn facts_on(
        &self,
        rules: &[(&Rule, &ConditionRule)],
        day: Day,
    ) -> Result<Vec<FactsByCompany>> {
        let rules = self.read(rules)?;
        self.on(&rules.iter().collect::<Vec<_>>(), day)
    }

    fn read<'r>(&self, rules: &[(&Rule, &'r ConditionRule)]) -> Result<Vec<ParsedCondition<'r>>> {
        let read = |(named, rule): &(&Rule, &'r ConditionRule)| {
            let when = self.catalogue.read(&rule.when);
            let when = when.with_context(|| format!("the rule '{}'", named.name))?;
            Ok(ParsedCondition { rule, when, key: rule.key.as_deref() })
        };
        rules.iter().map(read).collect()
    }

    /// For each condition, the companies for which it holds on one day.
    fn on(&self, rules: &[&ParsedCondition<'_>], day: Day) -> Result<Vec<FactsByCompany>> {
        if rules.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = rules
            .iter()
            .flat_map(|read| read.when.names.iter().cloned().chain(read.key.map(str::to_owned)))
            .collect();
        let table = self.table(&names, AsOf { day, stage: Stage::BeforeConditions })?;
        rules.iter().map(|read| self.holding(read, &table)).collect()
    }

    fn holding(
        &self,
        read: &ParsedCondition<'_>,
        table: &AttributeTable,
    ) -> Result<FactsByCompany> {
        let values = self.catalogue.evaluate(&read.when, table)?;
        let columns = read
            .when
            .names
            .iter()
            .map(|name| Ok((name, table.column(name)?)))
            .collect::<Result<Vec<_>>>()?;
        let keys = read.key.map(|key| table.column(key)).transpose()?;
        let mut holding: FactsByCompany = FxHashMap::default();
        for (row, company) in
            table.companies().iter().enumerate().filter(|(row, _)| is_true(&values[*row]))
        {
            let key = keys.and_then(|keys| keys[row].text()).map(std::borrow::Cow::into_owned);
            let values =
                columns.iter().map(|(name, column)| ((*name).clone(), read_value(&column[row])));
            let reading = ConditionEvidence { key, values: values.collect() };
            holding.insert(*company, ConditionFacts { days_held: 1, reading });
        }
        Ok(holding)
    }

    /// The companies for which an expression is true on a day, with the values that condition rules
    /// see; `None` if the expression is no longer valid.
    pub(crate) fn companies_where(
        &self,
        when: &str,
        day: Day,
    ) -> Result<Option<FxHashSet<CompanyKey>>> {
        let Ok(condition) = self.catalogue.read(when) else { return Ok(None) };
        let as_of = AsOf { day, stage: Stage::BeforeConditions };
        self.companies_with(&condition, as_of, is_true).map(Some)
    }

    /// The companies for which an expression has a value that is wanted.
    fn companies_with<C: FromIterator<CompanyKey>>(
        &self,
        expression: &Expression,
        as_of: AsOf,
        is_wanted: fn(&Datum) -> bool,
    ) -> Result<C> {
        let table = self.table(&expression.names, as_of)?;
        let values = self.catalogue.evaluate(expression, &table)?;
        let wanted = table.companies().iter().zip(&values).filter(|(_, value)| is_wanted(value));
        Ok(wanted.map(|(company, _)| *company).collect())
    }

    fn table(&self, names: &[String], as_of: AsOf) -> Result<AttributeTable> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.store.attributes(&self.catalogue, &names, as_of, self.scope)
    }

    /// Whether the expressions of a rule are still valid.
    pub(crate) fn can_be_read(&self, rule: &Rule) -> bool {
        let when = rule.logic.condition().map(|condition| &condition.when);
        when.into_iter().chain(&rule.where_expr).all(|text| self.catalogue.read(text).is_ok())
    }

    /// The companies for which it is known on a day whether a condition holds.
    ///
    /// # Errors
    /// As [`Conditions::facts`].
    pub(crate) fn known(&self, rule: &ConditionRule, day: Day) -> Result<FxHashSet<CompanyKey>> {
        let when = self.catalogue.read(&rule.when)?;
        let as_of = AsOf { day, stage: Stage::BeforeConditions };
        self.companies_with(&when, as_of, |value| *value != Datum::Null)
    }

    /// The values that a condition reads for a company on a day, whether or not it holds.
    ///
    /// # Errors
    /// As [`Conditions::facts`].
    pub(crate) fn values(
        &self,
        rule: &ConditionRule,
        day: Day,
        company: CompanyKey,
    ) -> Result<BTreeMap<String, ReadValue>> {
        let names = self.catalogue.read(&rule.when)?.names;
        let of_company: Vec<&str> = names.iter().map(String::as_str).collect();
        let as_of = AsOf { day, stage: Stage::BeforeConditions };
        let table =
            self.store.attributes(&self.catalogue, &of_company, as_of, Scope::One(company))?;
        let value = |name: &String| {
            let read = table.column(name)?.first().map_or(ReadValue::Null, read_value);
            Ok((name.clone(), read))
        };
        names.iter().map(value).collect()
    }

    /// Whether the condition of a rule, its key or its `--where` depends on the pulse, directly or
    /// through a formula; false for other kinds of rules.
    ///
    /// # Errors
    /// A stored expression that is no longer valid (exit 9).
    pub(crate) fn reads_the_pulse(&self, rule: &Rule) -> Result<bool> {
        self.reads(
            rule,
            |known| matches!(known, Known::BuiltIn(attribute) if attribute.group == AttributeGroup::Pulse),
        )
    }

    /// Whether what a rule finds depends on events: always, except for conditions without
    /// attributes of usage and metrics of events.
    ///
    /// # Errors
    /// A stored expression that is no longer valid (exit 9).
    pub(crate) fn reads_events(&self, rule: &Rule) -> Result<bool> {
        if rule.logic.condition().is_none() {
            return Ok(true);
        }
        self.reads(rule, |known| match known {
            Known::BuiltIn(attribute) => attribute.group == AttributeGroup::Usage,
            Known::Metric(metric) => matches!(metric.definition, MetricDefinition::Counted { .. }),
            Known::Own(..) => false,
        })
    }

    /// Whether a condition, its key or its `--where` depends on such an attribute, directly or
    /// through a formula; false for other kinds of rules.
    fn reads(&self, rule: &Rule, is_wanted: fn(Known<'_>) -> bool) -> Result<bool> {
        let Some(condition) = rule.logic.condition() else { return Ok(false) };
        let mut names: Vec<String> = condition.key.iter().cloned().collect();
        for text in std::iter::once(&condition.when).chain(&rule.where_expr) {
            names.extend(self.catalogue.read(text)?.names);
        }
        let mut seen: Vec<String> = Vec::new();
        while let Some(name) = names.pop() {
            if seen.contains(&name) {
                continue;
            }
            match self.catalogue.find(&name)? {
                Known::Metric(Metric { definition: MetricDefinition::Formula(text), .. }) => {
                    names.extend(self.catalogue.read(text)?.names);
                }
                known if is_wanted(known) => return Ok(true),
                _ => {}
            }
            seen.push(name);
        }
        Ok(false)
    }
}

/// Counts an earlier day for the companies for which the condition held on it and on all days
/// since.
fn count_day(facts: &mut FactsByCompany, earlier: &FactsByCompany, before: i32) {
    let held: Vec<CompanyKey> = earlier.keys().copied().collect();
    for company in held {
        if let Some(facts) =
            facts.get_mut(&company).filter(|facts| i32::from(facts.days_held) == before)
        {
            facts.days_held += 1;
        }
    }
}

fn read_value(value: &Datum) -> ReadValue {
    match value {
        Datum::Null => ReadValue::Null,
        Datum::Whole(number) => ReadValue::Whole(*number),
        Datum::Number(number) => ReadValue::Number(*number),
        // Stored rounded, because signals show the value as it was shown then.
        Datum::Score(score) => ReadValue::Number(to_one_decimal(*score)),
        Datum::Text(_) | Datum::Day(_) => {
            ReadValue::Text(value.text().unwrap_or_default().into_owned())
        }
    }
}
