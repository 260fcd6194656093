//! The options of rules on the command line, by kind, and the rule that they define.

use anyhow::Result;
use clap::Args;

use crate::commands::options::{FormatOption, probability, whole_number};
use crate::domain::rule::{
    AdoptionRule, Against, Aim, BASELINES, COOLDOWNS, ConditionRule, Direction, FOR_DAYS, REPEATS,
    Rule, RuleKind, RuleLogic, RuleMeasure, THRESHOLDS, TIMEFRAMES, TREND_FOR_DAYS, TrendRule,
    WITHINS, Watch,
};
use crate::domain::signal::SignalType;
use crate::error::{not_allowed, usage};
use crate::store::StoredRule;
use crate::views::rules::watched;

/// Options of trend rules.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Trend rules")]
pub(crate) struct TrendOptions {
    /// What is counted: events, days with at least one event, or people who were active; events
    /// unless set
    #[arg(long)]
    measure: Option<RuleMeasure>,
    /// The length of each window compared, in days, 7 to 30; 7 unless set
    #[arg(long, value_name = "DAYS", value_parser = whole_number(TIMEFRAMES, "days"))]
    timeframe: Option<u8>,
    /// Fire on a change of more than this, in percent, 1 to 100; 15 unless set
    #[arg(long, value_name = "PERCENT", value_parser = whole_number(THRESHOLDS, "percent"))]
    threshold: Option<u8>,
    /// Compare with this many earlier windows, 1 to 12; 1 unless set
    #[arg(long, value_name = "WINDOWS", value_parser = whole_number(BASELINES, "windows"))]
    baseline: Option<u8>,
    /// Compare with the company's own past (self), or with that past adjusted by what all other customers did (portfolio) or those of its segment did (segment); self unless set
    #[arg(long, value_name = "WHOM")]
    against: Option<Against>,
    /// Raise the same signal again after this many days, 1 to 366; the timeframe unless set
    #[arg(long, value_name = "DAYS", value_parser = whole_number(REPEATS, "days"), overrides_with = "no_repeat")]
    repeat: Option<u16>,
    /// Raise the same signal again after the timeframe
    #[arg(long)]
    no_repeat: bool,
    /// Which changes count: both, down or up; both unless set
    #[arg(long)]
    direction: Option<Direction>,
    /// An increase is bad and a decrease good, as for tickets
    #[arg(long, overrides_with = "no_inverse")]
    inverse: bool,
    /// An increase is good and a decrease bad
    #[arg(long)]
    no_inverse: bool,
    /// Require this many events in both windows together
    #[arg(long, value_name = "N", overrides_with = "no_min_events")]
    min_events: Option<u64>,
    /// Require no minimum of events
    #[arg(long)]
    no_min_events: bool,
    /// Require that chance explains the change with at most this probability
    #[arg(long, value_name = "P", value_parser = probability, overrides_with = "no_max_chance")]
    max_chance: Option<f64>,
    /// Set no limit on chance
    #[arg(long)]
    no_max_chance: bool,
}

/// Options of adoption rules.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Adoption rules")]
pub(crate) struct AdoptionOptions {
    /// The deadline, in days from the day on which a company became a customer, else from its first
    /// event
    #[arg(long, value_name = "DAYS", value_parser = whole_number(WITHINS, "days"), overrides_with = "no_within")]
    pub(super) within: Option<u16>,
    /// There is no deadline
    #[arg(long)]
    no_within: bool,
    /// Take events and deadlines from the imported goals; with --event, from those of that event
    #[arg(long)]
    goals: bool,
    /// Also raise signals for deadlines and first uses before the rule's first run
    #[arg(long, overrides_with = "no_retroactive")]
    retroactive: bool,
    /// Ignore deadlines and first uses before the rule's first run
    #[arg(long)]
    no_retroactive: bool,
}

/// Options of condition rules.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Condition rules")]
pub(crate) struct ConditionRuleOptions {
    /// The condition, an expression over attributes
    #[arg(long, value_name = "EXPR", value_parser = not_blank)]
    pub(super) when: Option<String>,
    /// The type of the signals: good, bad or info
    #[arg(long = "type", value_name = "TYPE")]
    signal_type: Option<SignalType>,
    /// Wait this many days after a signal before raising the next; 30 unless set
    #[arg(long, value_name = "DAYS", value_parser = whole_number(COOLDOWNS, "days"))]
    cooldown: Option<u16>,
    /// Raise one signal for each value of this attribute, regardless of the cool-down
    #[arg(long, value_name = "ATTRIBUTE", value_parser = not_blank, overrides_with = "no_key")]
    key: Option<String>,
    /// Raise signals by the cool-down
    #[arg(long)]
    no_key: bool,
}

/// Options of rules of every kind.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Companies, and what follows")]
pub(crate) struct GeneralOptions {
    /// Only for companies that meet this expression over attributes
    #[arg(long = "where", value_name = "EXPR", value_parser = not_blank, overrides_with = "no_where")]
    where_expr: Option<String>,
    /// For all companies
    #[arg(long)]
    no_where: bool,
    /// For trend and condition rules: raise when it held on this many days in a row; 1 unless set
    #[arg(long = "for", value_name = "DAYS", value_parser = whole_number(FOR_DAYS, "days"))]
    for_days: Option<u16>,
    /// Start this playbook when a signal is raised
    #[arg(long, value_name = "NAME", value_parser = not_blank, overrides_with = "no_playbook")]
    playbook: Option<String>,
    /// Start no playbook
    #[arg(long)]
    no_playbook: bool,
    /// Notify managers of every signal, not only of bad ones
    #[arg(long, overrides_with = "no_managers")]
    managers: bool,
    /// Notify managers of bad signals only
    #[arg(long)]
    no_managers: bool,
    /// Notify executives of every signal
    #[arg(long, overrides_with = "no_executives")]
    executives: bool,
    /// Notify executives of no signal
    #[arg(long)]
    no_executives: bool,
    /// Acknowledge open signals that no longer hold, with the outcome `recovered`
    #[arg(long, overrides_with = "no_auto_ack")]
    auto_ack: bool,
    /// Leave signals open until somebody acknowledges them
    #[arg(long)]
    no_auto_ack: bool,
}

/// The options of rules of every kind.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RuleOptions {
    #[command(flatten)]
    pub(super) trend: TrendOptions,
    #[command(flatten)]
    pub(super) adoption: AdoptionOptions,
    #[command(flatten)]
    pub(super) condition: ConditionRuleOptions,
    #[command(flatten)]
    pub(super) general: GeneralOptions,
}

fn not_blank(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() { Err("it is blank".to_owned()) } else { Ok(text.to_owned()) }
}

fn given(options: &[(bool, &'static str)]) -> Vec<&'static str> {
    options.iter().filter_map(|(is_given, name)| is_given.then_some(*name)).collect()
}

impl TrendOptions {
    fn given(&self) -> Vec<&'static str> {
        given(&[
            (self.measure.is_some(), "--measure"),
            (self.timeframe.is_some(), "--timeframe"),
            (self.threshold.is_some(), "--threshold"),
            (self.baseline.is_some(), "--baseline"),
            (self.against.is_some(), "--against"),
            (self.repeat.is_some(), "--repeat"),
            (self.no_repeat, "--no-repeat"),
            (self.direction.is_some(), "--direction"),
            (self.inverse, "--inverse"),
            (self.no_inverse, "--no-inverse"),
            (self.min_events.is_some(), "--min-events"),
            (self.no_min_events, "--no-min-events"),
            (self.max_chance.is_some(), "--max-chance"),
            (self.no_max_chance, "--no-max-chance"),
        ])
    }

    fn apply(&self, trend: TrendRule, for_days: Option<u8>) -> TrendRule {
        TrendRule {
            baseline: self.baseline.unwrap_or(trend.baseline),
            against: self.against.unwrap_or(trend.against),
            repeat: self.repeat.or(trend.repeat.filter(|_| !self.no_repeat)),
            for_days: for_days.unwrap_or(trend.for_days),
            timeframe: self.timeframe.unwrap_or(trend.timeframe),
            threshold: self.threshold.unwrap_or(trend.threshold),
            direction: self.direction.unwrap_or(trend.direction),
            inverse: (trend.inverse || self.inverse) && !self.no_inverse,
            min_events: self.min_events.or(trend.min_events.filter(|_| !self.no_min_events)),
            max_chance: self.max_chance.or(trend.max_chance.filter(|_| !self.no_max_chance)),
            ..trend
        }
    }
}

impl AdoptionOptions {
    fn given(&self) -> Vec<&'static str> {
        given(&[
            (self.within.is_some(), "--within"),
            (self.no_within, "--no-within"),
            (self.goals, "--goals"),
            (self.retroactive, "--retroactive"),
            (self.no_retroactive, "--no-retroactive"),
        ])
    }

    /// Applies the given options to the aim of a rule; `event` is the given event.
    fn aim(&self, old: Option<&Aim>, event: Option<&String>) -> Result<Aim> {
        let event = event.map(String::as_str).or(old.and_then(Aim::event)).map(str::to_owned);
        if self.goals || matches!(old, Some(Aim::Goals { .. })) {
            if self.within.is_some() {
                let message = "--within cannot be used with --goals, which have days of their own";
                return Err(usage(message).into());
            }
            return Ok(Aim::Goals { event });
        }
        let Some(event) = event else {
            return Err(usage("a new adoption rule needs --event EVENT or --goals").into());
        };
        let old_within = match old {
            Some(Aim::Event { within, .. }) => *within,
            _ => None,
        };
        Ok(Aim::Event { event, within: self.within.or(old_within.filter(|_| !self.no_within)) })
    }
}

impl ConditionRuleOptions {
    fn given(&self) -> Vec<&'static str> {
        given(&[
            (self.when.is_some(), "--when"),
            (self.signal_type.is_some(), "--type"),
            (self.cooldown.is_some(), "--cooldown"),
            (self.key.is_some(), "--key"),
            (self.no_key, "--no-key"),
        ])
    }

    fn apply(&self, old: Option<&ConditionRule>, for_days: Option<u16>) -> Result<ConditionRule> {
        let condition = match (old, &self.when, self.signal_type) {
            (Some(old), ..) => old.clone(),
            (None, Some(when), Some(signal_type)) => ConditionRule::new(when, signal_type),
            _ => {
                let message = "a new condition rule needs --when EXPR and --type good|bad|info";
                return Err(usage(message).into());
            }
        };
        Ok(ConditionRule {
            when: self.when.clone().unwrap_or(condition.when),
            signal_type: self.signal_type.unwrap_or(condition.signal_type),
            cooldown: self.cooldown.unwrap_or(condition.cooldown),
            key: self.key.clone().or(condition.key.filter(|_| !self.no_key)),
            for_days: for_days.unwrap_or(condition.for_days),
        })
    }
}

impl GeneralOptions {
    fn apply(&self, rule: Rule) -> Rule {
        Rule {
            where_expr: self.where_expr.clone().or(rule.where_expr.filter(|_| !self.no_where)),
            playbook: self.playbook.clone().or(rule.playbook.filter(|_| !self.no_playbook)),
            managers: (rule.managers || self.managers) && !self.no_managers,
            executives: (rule.executives || self.executives) && !self.no_executives,
            auto_ack: (rule.auto_ack || self.auto_ack) && !self.no_auto_ack,
            ..rule
        }
    }
}

const ANOTHER_RULE: &str = "`signals rule add OTHER-NAME …` makes another rule";

/// A rule to create or change, as the command line describes it.
#[derive(Debug, Default, Args)]
pub(crate) struct RuleRequest {
    /// The rule's name
    pub name: String,
    /// trend, adoption or condition; unless set, that of the rule of this name, else trend
    #[arg(long)]
    pub kind: Option<RuleKind>,
    /// Watch this event ('*' for all of them), or its first use
    #[arg(long, value_name = "EVENT", conflicts_with = "people")]
    pub event: Option<String>,
    /// Watch the number of distinct active people, over all events
    #[arg(long)]
    pub people: bool,
    #[command(flatten)]
    pub format: FormatOption,
    #[command(flatten)]
    pub options: RuleOptions,
}

impl RuleRequest {
    /// The resulting rule; `stored` is the existing rule with its name, even if removed. Options
    /// that are not given keep their values.
    ///
    /// # Errors
    /// A value that is missing or does not fit the kind (exit 2); a change that its name does not
    /// allow (exit 9).
    pub(crate) fn rule(&self, stored: Option<&StoredRule>) -> Result<Rule> {
        let kind = self.kind(stored)?;
        self.refuse_unfit(kind)?;
        let old = stored.filter(|stored| !stored.is_removed).map(|stored| &stored.rule);
        let logic = old.map(|old| &old.logic);
        let logic = match kind {
            RuleKind::Trend => RuleLogic::Trend(self.trend(logic.and_then(RuleLogic::trend))?),
            RuleKind::Adoption => {
                RuleLogic::Adoption(self.adoption(logic.and_then(RuleLogic::adoption), stored)?)
            }
            RuleKind::Condition => RuleLogic::Condition({
                let old = logic.and_then(RuleLogic::condition);
                self.options.condition.apply(old, self.options.general.for_days)?
            }),
        };
        let rule = match old {
            Some(old) => Rule { logic, ..old.clone() },
            None => Rule::new(&self.name, logic),
        };
        Ok(self.options.general.apply(rule))
    }

    /// The same, with `template` as the start of a new rule.
    pub(crate) fn rule_like(
        &self,
        template: impl FnOnce() -> Result<Rule>,
        stored: Option<&StoredRule>,
    ) -> Result<Rule> {
        self.kind(stored)?;
        if stored.is_some_and(|stored| !stored.is_removed) {
            return self.rule(stored);
        }
        let rule =
            self.rule(Some(&StoredRule { rule: template()?, version: 0, is_removed: false }))?;
        if let Some(adoption) = rule.logic.adoption() {
            self.refuse_other_aim(stored, adoption)?;
        }
        Ok(rule)
    }

    fn kind(&self, stored: Option<&StoredRule>) -> Result<RuleKind> {
        let known = stored.map(|stored| stored.rule.logic.kind());
        match (self.kind, known) {
            (Some(kind), Some(known)) if kind != known => {
                let (name, known) = (&self.name, one(known));
                let message = format!("'{name}' is {known}, and the kind of a rule cannot change");
                Err(not_allowed(message).hint("choose another name").into())
            }
            (kind, known) => Ok(kind.or(known).unwrap_or_else(|| self.kind_by_options())),
        }
    }

    /// The kind of a new rule without `--kind`: the one that has the given options.
    fn kind_by_options(&self) -> RuleKind {
        match (self.options.condition.given().is_empty(), self.options.adoption.given().is_empty())
        {
            (false, _) => RuleKind::Condition,
            (true, false) => RuleKind::Adoption,
            (true, true) => RuleKind::Trend,
        }
    }

    fn refuse_unfit(&self, kind: RuleKind) -> Result<()> {
        let mut of_kinds = [
            (RuleKind::Trend, self.options.trend.given()),
            (RuleKind::Adoption, self.options.adoption.given()),
            (RuleKind::Condition, self.options.condition.given()),
        ];
        of_kinds[0].1.extend(self.people.then_some("--people"));
        let refuse = |option: &str, kinds: &str| {
            let message = format!("{option} does not fit '{}', which is {}", self.name, one(kind));
            Err(usage(message).hint(format!("{option} is an option of {kinds} rules")).into())
        };
        if kind == RuleKind::Adoption && self.options.general.for_days.is_some() {
            return refuse("--for", "trend and condition");
        }
        if kind == RuleKind::Condition {
            of_kinds[1].1.extend(self.event.as_ref().map(|_| "--event"));
        }
        match of_kinds.iter().find(|(of, options)| *of != kind && !options.is_empty()) {
            Some((of, options)) => refuse(options[0], of.as_str()),
            None => Ok(()),
        }
    }

    fn trend(&self, old: Option<&TrendRule>) -> Result<TrendRule> {
        let measure = self.options.trend.measure;
        if self.people && measure.is_some_and(|measure| measure != RuleMeasure::People) {
            let message = "--people is --event '*' --measure people, and no other measure";
            return Err(usage(message).into());
        }
        // Without options, an existing rule keeps its values.
        let watch = match (&self.event, old) {
            _ if self.people => Some(Watch::people()),
            (Some(event), old) => {
                let measure = measure.or(old.map(|old| old.measure)).unwrap_or_default();
                Some(Watch::new(event, measure))
            }
            (None, Some(old)) => measure.map(|measure| Watch::new(&old.event, measure)),
            (None, None) => None,
        };
        let trend = match (old, watch) {
            (Some(old), Some(watch)) if old.event != watch.event => {
                let (name, old) = (&self.name, old.watch());
                let message = format!("the rule '{name}' watches {old}, and cannot watch {watch}");
                return Err(not_allowed(message).hint(ANOTHER_RULE).into());
            }
            (Some(old), Some(watch)) => TrendRule { measure: watch.measure, ..old.clone() },
            (Some(old), None) => old.clone(),
            (None, Some(watch)) => TrendRule::new(watch),
            (None, None) => return Err(usage("a new rule needs --event EVENT or --people").into()),
        };
        let for_days = self.options.general.for_days.map(trend_for_days).transpose()?;
        Ok(self.options.trend.apply(trend, for_days))
    }

    fn adoption(
        &self,
        old: Option<&AdoptionRule>,
        stored: Option<&StoredRule>,
    ) -> Result<AdoptionRule> {
        let aim = self.options.adoption.aim(old.map(|old| &old.aim), self.event.as_ref())?;
        let AdoptionOptions { retroactive, no_retroactive, .. } = self.options.adoption;
        let retroactive =
            (old.is_some_and(|old| old.retroactive) || retroactive) && !no_retroactive;
        let adoption = AdoptionRule { aim, retroactive };
        self.refuse_other_aim(stored, &adoption)?;
        Ok(adoption)
    }

    /// A name that was run before cannot get another event: it would be reported immediately,
    /// however long ago it was.
    fn refuse_other_aim(&self, stored: Option<&StoredRule>, adoption: &AdoptionRule) -> Result<()> {
        let wanted = watched(&RuleLogic::Adoption(adoption.clone()));
        match stored.map(|stored| watched(&stored.rule.logic)).filter(|known| *known != wanted) {
            Some(known) => {
                let name = &self.name;
                let message = format!("the rule '{name}' is about {known}, and nothing else");
                Err(not_allowed(message).hint(ANOTHER_RULE).into())
            }
            None => Ok(()),
        }
    }
}

fn trend_for_days(days: u16) -> Result<u8> {
    let fitting = u8::try_from(days).ok().filter(|days| TREND_FOR_DAYS.contains(days));
    fitting.ok_or_else(|| {
        let (least, most) = (TREND_FOR_DAYS.start(), TREND_FOR_DAYS.end());
        usage(format!("--for {days} is too long for a trend rule: {least} to {most} days")).into()
    })
}

/// A rule of this kind, with its article.
pub(crate) fn one(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Trend => "a trend rule",
        RuleKind::Adoption => "an adoption rule",
        RuleKind::Condition => "a condition rule",
    }
}
