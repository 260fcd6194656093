//! What expressions say of companies on a day: which ones a rule's `--where` lets through, and for
//! which a condition holds.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::attributes::{AsOf, Datum, Group, Stage};
use crate::domain::company::CompanyKey;
use crate::domain::condition::{ConditionFacts, FactsByCompany, ReadValue, Reading};
use crate::domain::day::Day;
use crate::domain::finding::Admission;
use crate::domain::metric::{Definition, Metric};
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

/// A condition rule with its expressions read.
struct Read<'r> {
    rule: &'r ConditionRule,
    when: Expression,
    key: Option<&'r str>,
}

impl<'s> Conditions<'s> {
    /// For all companies, or for one.
    pub(crate) fn new(store: &'s Store, scope: Scope) -> Result<Self> {
        Ok(Conditions { store, catalogue: store.catalogue()?, scope })
    }

    /// Which companies a rule's `--where` lets through on a day.
    ///
    /// # Errors
    /// An expression that cannot be read any more, or takes too long (exit 9).
    pub(crate) fn admission(&self, rule: &Rule, day: Day, stage: Stage) -> Result<Admission> {
        let Some(text) = &rule.where_expr else { return Ok(Admission::All) };
        let holding = || {
            let condition = self.catalogue.read(text)?;
            let table = self.table(&condition.names, AsOf { day, stage })?;
            let values = self.catalogue.evaluate(&condition, &table)?;
            let holding = table.companies().iter().zip(&values).filter(|(_, value)| is_true(value));
            anyhow::Ok(holding.map(|(company, _)| *company).collect())
        };
        Ok(Admission::Only(holding().with_context(|| format!("the rule '{}'", rule.name))?))
    }

    /// For which companies each condition is true on a day, on how many days running, and what it
    /// read. All see the same values: the signals of the day but for those of conditions.
    ///
    /// # Errors
    /// An expression that cannot be read any more, or takes too long (exit 9).
    pub(crate) fn facts(
        &self,
        rules: &[(&Rule, &ConditionRule)],
        day: Day,
    ) -> Result<Vec<FactsByCompany>> {
        let read = |(named, rule): &(&Rule, &'_ ConditionRule)| -> Result<Expression> {
            self.catalogue.read(&rule.when).with_context(|| format!("the rule '{}'", named.name))
        };
        let whens = rules.iter().map(read).collect::<Result<Vec<_>>>()?;
        let rules: Vec<Read<'_>> = rules
            .iter()
            .zip(whens)
            .map(|((_, rule), when)| Read { rule, when, key: rule.key.as_deref() })
            .collect();
        let mut facts = self.on(&rules.iter().collect::<Vec<_>>(), day)?;
        // The days before are looked at only for the rules that ask for several.
        let longest = rules.iter().map(|read| read.rule.for_days).max().unwrap_or(1);
        for before in 1..i32::from(longest) {
            let asking: Vec<usize> = (0..rules.len())
                .filter(|place| i32::from(rules[*place].rule.for_days) > before)
                .collect();
            let wanted: Vec<&Read<'_>> = asking.iter().map(|place| &rules[*place]).collect();
            let earlier = self.on(&wanted, day - before)?;
            for (place, earlier) in asking.into_iter().zip(earlier) {
                count_day(&mut facts[place], &earlier, before);
            }
        }
        Ok(facts)
    }

    /// For which companies a condition is true on one day, whatever its `--for`.
    ///
    /// # Errors
    /// An expression that cannot be read any more, or takes too long (exit 9).
    pub(crate) fn facts_on(
        &self,
        named: &Rule,
        rule: &ConditionRule,
        day: Day,
    ) -> Result<FactsByCompany> {
        let when = self.catalogue.read(&rule.when);
        let when = when.with_context(|| format!("the rule '{}'", named.name))?;
        let read = Read { rule, when, key: rule.key.as_deref() };
        Ok(self.on(&[&read], day)?.pop().unwrap_or_default())
    }

    /// For which companies each condition is true on one day.
    fn on(&self, rules: &[&Read<'_>], day: Day) -> Result<Vec<FactsByCompany>> {
        let names: Vec<String> = rules
            .iter()
            .flat_map(|read| read.when.names.iter().cloned().chain(read.key.map(str::to_owned)))
            .collect();
        let table = self.table(&names, AsOf { day, stage: Stage::BeforeConditions })?;
        rules.iter().map(|read| self.holding(read, &table)).collect()
    }

    fn holding(&self, read: &Read<'_>, table: &AttributeTable) -> Result<FactsByCompany> {
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
            let reading = Reading { key, values: values.collect() };
            holding.insert(*company, ConditionFacts { days_held: 1, reading });
        }
        Ok(holding)
    }

    /// For which companies an expression is true on a day, with the values that condition rules see;
    /// `None` when it cannot be read any more.
    pub(crate) fn companies_where(
        &self,
        when: &str,
        day: Day,
    ) -> Result<Option<FxHashSet<CompanyKey>>> {
        let Ok(condition) = self.catalogue.read(when) else { return Ok(None) };
        let table = self.table(&condition.names, AsOf { day, stage: Stage::BeforeConditions })?;
        let values = self.catalogue.evaluate(&condition, &table)?;
        let holding = table.companies().iter().zip(&values).filter(|(_, value)| is_true(value));
        Ok(Some(holding.map(|(company, _)| *company).collect()))
    }

    fn table(&self, names: &[String], as_of: AsOf) -> Result<AttributeTable> {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.store.attributes(&self.catalogue, &names, as_of, self.scope)
    }

    /// Whether the expressions of a rule can still be read.
    pub(crate) fn can_be_read(&self, rule: &Rule) -> bool {
        let when = rule.logic.condition().map(|condition| &condition.when);
        when.into_iter().chain(&rule.where_expr).all(|text| self.catalogue.read(text).is_ok())
    }

    /// The companies of which it is known on a day whether a condition holds.
    ///
    /// # Errors
    /// As [`Conditions::facts`].
    pub(crate) fn known(&self, rule: &ConditionRule, day: Day) -> Result<FxHashSet<CompanyKey>> {
        let when = self.catalogue.read(&rule.when)?;
        let table = self.table(&when.names, AsOf { day, stage: Stage::BeforeConditions })?;
        let values = self.catalogue.evaluate(&when, &table)?;
        let known =
            table.companies().iter().zip(&values).filter(|(_, value)| **value != Datum::Null);
        Ok(known.map(|(company, _)| *company).collect())
    }

    /// What a condition reads of a company on a day, whether it holds or not.
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

    /// Whether the condition of a rule, its key or its `--where` looks at the pulse, itself or by
    /// way of a formula; false for rules of other kinds.
    ///
    /// # Errors
    /// An expression that cannot be read any more (exit 9).
    pub(crate) fn reads_the_pulse(&self, rule: &Rule) -> Result<bool> {
        self.reads(
            rule,
            |known| matches!(known, Known::BuiltIn(attribute) if attribute.group == Group::Pulse),
        )
    }

    /// Whether what a rule finds follows from events: always, but for conditions that name no
    /// attribute of usage and no metric of events.
    ///
    /// # Errors
    /// An expression that cannot be read any more (exit 9).
    pub(crate) fn reads_events(&self, rule: &Rule) -> Result<bool> {
        if rule.logic.condition().is_none() {
            return Ok(true);
        }
        self.reads(rule, |known| match known {
            Known::BuiltIn(attribute) => attribute.group == Group::Usage,
            Known::Metric(metric) => matches!(metric.definition, Definition::Counted { .. }),
            Known::Own(..) => false,
        })
    }

    /// Whether a condition, its key or its `--where` names an attribute of some kind, itself or by
    /// way of a formula; false for rules of other kinds.
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
                Known::Metric(Metric { definition: Definition::Formula(text), .. }) => {
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
        // What a signal keeps is shown as it is, so it is kept as scores are shown.
        Datum::Score(score) => ReadValue::Number(to_one_decimal(*score)),
        Datum::Text(_) | Datum::Day(_) => {
            ReadValue::Text(value.text().unwrap_or_default().into_owned())
        }
    }
}
