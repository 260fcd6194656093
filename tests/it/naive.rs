//! A naive model of detection, written from the specification alone and as plainly as possible:
//! every count loops over all events, days are counted year by year, and chances are added up in
//! whole numbers. It shares no code with the program, so a result on which both agree is unlikely
//! to be wrong.
//!
//! It supports trend and adoption rules and rules on usage, in a database in UTC, and reads the
//! plain files that the tests write (no quotes).

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use serde_json::Value;

const MICROS_A_DAY: i64 = 86_400_000_000;

/// A row of an event file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    pub company: String,
    pub event: String,
    pub person: Option<String>,
    /// Microseconds since 1970.
    pub at: i64,
    pub event_id: Option<String>,
    pub count: i64,
}

pub fn read_rows(csv: &str) -> Vec<Row> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    lines.map(|line| read_row(&header, line)).collect()
}

fn read_row(header: &[&str], line: &str) -> Row {
    let cells: Vec<&str> = line.split(',').collect();
    let cell = |name: &str| {
        let place = header.iter().position(|column| *column == name)?;
        Some(cells[place].to_owned()).filter(|text| !text.is_empty())
    };
    Row {
        company: cell("company_id").unwrap(),
        event: cell("event").unwrap(),
        person: cell("person_id"),
        at: instant(&cell("timestamp").unwrap()),
        event_id: cell("event_id"),
        count: cell("count").map_or(1, |text| text.parse().unwrap()),
    }
}

/// The events that the database has after importing some files: those with an id once each, and of
/// the others, for each key, the largest number of copies in any one file. Sorted.
pub fn stored(files: &[Vec<Row>]) -> Vec<Row> {
    let mut with_id: BTreeMap<(&str, &str), Row> = BTreeMap::new();
    let mut without_id: BTreeMap<Row, i64> = BTreeMap::new();
    for file in files {
        let mut in_file: BTreeMap<Row, i64> = BTreeMap::new();
        for row in file {
            match &row.event_id {
                Some(id) => {
                    with_id.entry((&row.company, id)).or_insert_with(|| row.clone());
                }
                None => *in_file.entry(Row { count: 0, ..row.clone() }).or_default() += row.count,
            }
        }
        for (key, copies) in in_file {
            let most = without_id.entry(key).or_default();
            *most = copies.max(*most);
        }
    }
    let counted = without_id.into_iter().map(|(key, copies)| Row { count: copies, ..key });
    let mut rows: Vec<Row> =
        with_id.into_values().chain(counted).filter(|row| row.count > 0).collect();
    rows.sort();
    rows
}

/// Reads the churn days from a file of companies.
pub fn read_churned(csv: &str) -> BTreeMap<String, i64> {
    read_days(csv, "churned_on")
}

/// Reads the days in a column of a file of companies, by company. Skips empty cells.
pub fn read_days(csv: &str, column: &str) -> BTreeMap<String, i64> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let Some(place) = header.iter().position(|found| *found == column) else {
        return BTreeMap::new();
    };
    let cells = lines.map(|line| line.split(',').collect::<Vec<&str>>());
    cells
        .filter(|cells| !cells[place].is_empty())
        .map(|cells| (cells[0].to_owned(), day(cells[place])))
        .collect()
}

/// Reads the texts in a column of a file of companies, by company. Skips empty cells.
pub fn read_texts(csv: &str, column: &str) -> BTreeMap<String, String> {
    let mut lines = csv.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let Some(place) = header.iter().position(|found| *found == column) else {
        return BTreeMap::new();
    };
    let cells = lines.map(|line| line.split(',').collect::<Vec<&str>>());
    cells
        .filter(|cells| !cells[place].is_empty())
        .map(|cells| (cells[0].to_owned(), cells[place].to_owned()))
        .collect()
}

/// Something that a company wants to have done by a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    pub event: String,
    pub due_on: i64,
}

/// Reads a file of goals, by company: company_id, event, due_on.
pub fn read_goals(csv: &str) -> Vec<(String, Goal)> {
    let cells = csv.lines().skip(1).map(|line| line.split(',').collect::<Vec<&str>>());
    cells
        .map(|cells| {
            (cells[0].to_owned(), Goal { event: cells[1].to_owned(), due_on: day(cells[2]) })
        })
        .collect()
}

/// Everything that is known about all companies.
#[derive(Debug, Default)]
pub struct History {
    companies: BTreeMap<String, Company>,
}

#[derive(Debug, Default)]
struct Company {
    first_event: Option<i64>,
    /// Periods when it was not a customer: the day of the churn, and of the return if there was
    /// one.
    breaks: Vec<(i64, Option<i64>)>,
    segment: Option<String>,
    created_on: Option<i64>,
    goals: Vec<Goal>,
    /// The day of every single event, by event name. The same day occurs several times if it has
    /// several events.
    days: BTreeMap<String, Vec<i64>>,
    /// Day, event name and person of every event with a person.
    active: BTreeSet<(i64, String, String)>,
}

impl History {
    /// The history from the rows of a database and from churn days.
    pub fn new(rows: &[Row], churned: &BTreeMap<String, i64>) -> Self {
        let mut history = History::default();
        for row in rows.iter().filter(|row| row.count > 0) {
            history.companies.entry(row.company.clone()).or_default().add(row);
        }
        for (company, churned_on) in churned {
            history.companies.entry(company.clone()).or_default().breaks =
                vec![(*churned_on, None)];
        }
        history
    }

    /// The same history with the days on which companies became customers, and with their goals.
    pub fn with(mut self, created: &BTreeMap<String, i64>, goals: Vec<(String, Goal)>) -> Self {
        for (company, created_on) in created {
            self.companies.entry(company.clone()).or_default().created_on = Some(*created_on);
        }
        for (company, goal) in goals {
            self.companies.entry(company).or_default().goals.push(goal);
        }
        self
    }

    /// The signals that adoption rules raise when these days are run in this order in a new
    /// database.
    pub fn adopt(&self, rules: &[AdoptionRule], days: &[i64]) -> Vec<AdoptionSignal> {
        let mut signals = Vec::new();
        for rule in rules {
            for (name, company) in &self.companies {
                let found = match (&rule.event, rule.goals) {
                    (Some(event), false) => company.first_use(event, rule, days),
                    _ => company.reach_goals(rule, days),
                };
                signals.extend(found.into_iter().map(|(day, event, kind)| AdoptionSignal {
                    raised_on: date(day),
                    rule: rule.name.clone(),
                    company_id: name.clone(),
                    event,
                    kind: kind.to_owned(),
                }));
            }
        }
        signals.sort();
        signals
    }

    /// The same history with the days on which churned companies returned, and with segments.
    pub fn with_terms(
        mut self,
        returned: &BTreeMap<String, i64>,
        segments: &BTreeMap<String, String>,
    ) -> Self {
        for (company, returned_on) in returned {
            for span in &mut self.companies.entry(company.clone()).or_default().breaks {
                span.1 = Some(*returned_on);
            }
        }
        for (company, segment) in segments {
            self.companies.entry(company.clone()).or_default().segment = Some(segment.clone());
        }
        self
    }

    /// The same history with further churns and returns; a company can have several.
    pub fn with_breaks(mut self, breaks: &[(String, i64, Option<i64>)]) -> Self {
        for (company, churned, returned) in breaks {
            let company = self.companies.entry(company.clone()).or_default();
            company.breaks.push((*churned, *returned));
        }
        self
    }

    /// Company, rule and day of the signals that rules on usage raise when the days from the first
    /// to the last are run in order. After each day of `acknowledged`, all open signals are closed.
    pub fn usage_signals(
        &self,
        rules: &[UsageRule],
        (from, to): (&str, &str),
        acknowledged: &[&str],
    ) -> Vec<(String, String, String)> {
        let mut signals = Vec::new();
        for (name, company) in &self.companies {
            let usage = Usage::of(company);
            for rule in rules {
                let mut latest: Option<i64> = None;
                for today in day(from)..=day(to) {
                    let is_free = latest.is_none_or(|latest| {
                        let is_closed =
                            acknowledged.iter().any(|it| (latest..today).contains(&day(it)));
                        is_closed && today - latest >= rule.cooldown
                    });
                    if is_free && usage.on(company, today).is_some_and(|it| (rule.holds)(&it)) {
                        signals.push((name.clone(), rule.name.to_owned(), date(today)));
                        latest = Some(today);
                    }
                }
            }
        }
        signals.sort();
        signals
    }

    /// The signals that the rules raise when each day from the first to the last is run once, in
    /// order.
    pub fn run(&self, rules: &[Rule], from: &str, to: &str) -> Vec<Signal> {
        let mut signals = Vec::new();
        for rule in rules {
            let trend = Trend::new(self, rule);
            for name in self.companies.keys() {
                let found = (day(from)..=day(to)).filter_map(|day| trend.judge(name, day));
                signals.extend(once_per_timeframe(found, rule.repeat.unwrap_or(rule.timeframe)));
            }
        }
        Signal::sort(&mut signals);
        signals
    }

    /// The number of events by company, event name and day.
    pub fn day_counts(&self) -> BTreeMap<(String, String, String), i64> {
        let mut counts = BTreeMap::new();
        for (name, company) in &self.companies {
            for (event, days) in &company.days {
                for day in days {
                    *counts.entry((name.clone(), event.clone(), date(*day))).or_default() += 1;
                }
            }
        }
        counts
    }
}

impl Company {
    fn add(&mut self, row: &Row) {
        let day = row.at.div_euclid(MICROS_A_DAY);
        self.first_event = Some(self.first_event.map_or(day, |first| first.min(day)));
        self.days.entry(row.event.clone()).or_default().extend((0..row.count).map(|_| day));
        if let Some(person) = &row.person {
            self.active.insert((day, row.event.clone(), person.clone()));
        }
    }

    /// Whether adoption rules evaluate the company on a day.
    fn is_customer(&self, day: i64) -> bool {
        !self.is_away(day) && self.created_on.is_none_or(|created| created <= day)
    }

    /// At most one good signal, for the first event ever, and one bad signal, for a deadline that
    /// passes without it.
    fn first_use(
        &self,
        event: &str,
        rule: &AdoptionRule,
        days: &[i64],
    ) -> Vec<(i64, String, &'static str)> {
        let used: Vec<i64> = self.days.get(event).cloned().unwrap_or_default();
        let start = self.created_on.or(self.first_event);
        let mut raised: Vec<(i64, String, &str)> = Vec::new();
        for (position, day) in days.iter().enumerate().filter(|(_, day)| self.is_customer(**day)) {
            let first_run = *days[..=position].iter().min().unwrap();
            let first = used.iter().filter(|used| *used <= day).min();
            let is_new = |wanted: &str, raised: &[(i64, String, &str)]| {
                raised.iter().all(|(.., kind)| *kind != wanted)
            };
            if let (Some(start), Some(within)) = (start, rule.within) {
                let deadline = start + within;
                let late = *day >= deadline && !used.iter().any(|used| *used <= deadline);
                if late && is_new("bad", &raised) && (rule.retroactive || deadline >= first_run) {
                    raised.push((*day, event.to_owned(), "bad"));
                }
            }
            if let Some(first) = first
                && is_new("good", &raised)
                && (rule.retroactive || *first >= first_run)
            {
                raised.push((*day, event.to_owned(), "good"));
            }
        }
        raised
    }

    /// At most one signal for each goal.
    fn reach_goals(&self, rule: &AdoptionRule, days: &[i64]) -> Vec<(i64, String, &'static str)> {
        let wanted = self
            .goals
            .iter()
            .filter(|goal| rule.event.as_ref().is_none_or(|event| *event == goal.event));
        let tell = |goal: &Goal| {
            for (position, day) in
                days.iter().enumerate().filter(|(_, day)| self.is_customer(**day))
            {
                let first_run = *days[..=position].iter().min().unwrap();
                let is_old = |what: i64| !rule.retroactive && what < first_run;
                let first = self.days.get(&goal.event).and_then(|used| used.iter().min()).copied();
                let reached = first.filter(|first| *first <= goal.due_on);
                let (decided_on, kind) =
                    reached.map_or((goal.due_on, "bad"), |first| (first, "good"));
                if decided_on <= *day && !is_old(decided_on) {
                    return Some((*day, goal.event.clone(), kind));
                }
            }
            None
        };
        wanted.filter_map(tell).collect()
    }

    /// The first day of the current period as a customer; `None` if the company is not a customer.
    fn since(&self, day: i64) -> Option<i64> {
        let first = self.first_event.filter(|first| *first <= day)?;
        let returns = self.breaks.iter().filter_map(|(_, returned)| *returned);
        let last = returns.filter(|returned| *returned <= day).max();
        (!self.is_away(day)).then_some(last.map_or(first, |returned| returned.max(first)))
    }

    fn is_away(&self, day: i64) -> bool {
        let is_within = |(churned, returned): &(i64, Option<i64>)| {
            *churned <= day && returned.is_none_or(|returned| day < returned)
        };
        self.breaks.iter().any(is_within)
    }

    /// The number of events, days or people from one day to another, including both.
    fn measure(&self, rule: &Rule, (from, to): (i64, i64)) -> i64 {
        let wanted = |event: &str| rule.event.as_deref().is_none_or(|only| only == event);
        let within = |day: &i64| from <= *day && *day <= to;
        let days = self.days.iter().filter(|(event, _)| wanted(event));
        let days = days.flat_map(|(_, days)| days).filter(|day| within(day));
        match rule.measure {
            "events" => days.count() as i64,
            "days" => days.collect::<BTreeSet<_>>().len() as i64,
            _ => self.people(rule, (from, to)).len() as i64,
        }
    }

    fn people(&self, rule: &Rule, (from, to): (i64, i64)) -> BTreeSet<&str> {
        let wanted = |event: &str| rule.event.as_deref().is_none_or(|only| only == event);
        let within = self
            .active
            .iter()
            .filter(|(day, event, _)| from <= *day && *day <= to && wanted(event));
        within.map(|(_, _, person)| person.as_str()).collect()
    }

    /// The counts of the weeks that end with `last` and begin on `since` or later, latest first, at
    /// most 26.
    fn weeks(&self, rule: &Rule, since: i64, last: i64) -> Vec<i64> {
        let starts = (0..26).map(|week| last - 7 * week - 6).take_while(|start| *start >= since);
        starts.map(|start| self.measure(rule, (start, start + 6))).collect()
    }
}

/// A rule on the usage of a company. It raises a signal again only after its latest one was closed
/// and the cool-down has passed.
pub struct UsageRule {
    pub name: &'static str,
    pub cooldown: i64,
    pub holds: fn(&UsageOfDay) -> bool,
}

/// The values that rules on usage read for a customer on a day.
pub struct UsageOfDay {
    pub days_since_last_event: i64,
    pub active_days_84d: i64,
    pub days_as_customer: i64,
    /// The longest gap between active days, of the gaps that began in the current period and ended
    /// in the last 365 days.
    pub longest_gap_365d: Option<i64>,
}

/// The days on which a company had any event, in order.
struct Usage(Vec<i64>);

impl Usage {
    fn of(company: &Company) -> Self {
        let days: BTreeSet<i64> = company.days.values().flatten().copied().collect();
        Usage(days.into_iter().collect())
    }

    fn on(&self, company: &Company, today: i64) -> Option<UsageOfDay> {
        let since = company.since(today)?;
        let until: Vec<i64> = self.0.iter().copied().filter(|day| *day <= today).collect();
        let gaps = until.windows(2).filter(|pair| pair[0] >= since && pair[1] > today - 365);
        Some(UsageOfDay {
            days_since_last_event: today - until.last()?,
            active_days_84d: until.iter().filter(|day| **day > today - 84).count() as i64,
            days_as_customer: today - since + 1,
            longest_gap_365d: gaps.map(|pair| pair[1] - pair[0]).max(),
        })
    }
}

/// A rule for a history, with a cache of what has been computed.
struct Trend<'h> {
    history: &'h History,
    rule: &'h Rule,
    known: RefCell<HashMap<(&'h str, i64), Option<Reading>>>,
    measured: RefCell<HashMap<(&'h str, i64, i64), i64>>,
}

/// The numbers of an eligible company on a day.
#[derive(Debug, Clone, Copy)]
struct Reading {
    windows: i64,
    previous: i64,
    current: i64,
    /// The company is expected to have `now` in the current window for every `before` in the past.
    now: i64,
    before: i64,
    since: i64,
}

impl<'h> Trend<'h> {
    fn new(history: &'h History, rule: &'h Rule) -> Self {
        Trend { history, rule, known: RefCell::default(), measured: RefCell::default() }
    }

    fn is_plain(&self) -> bool {
        self.rule.baseline == 1 && self.rule.against == "self"
    }

    fn measure(&self, name: &'h str, (from, to): (i64, i64)) -> i64 {
        let known = self.measured.borrow().get(&(name, from, to)).copied();
        known.unwrap_or_else(|| {
            let count = self.history.companies[name].measure(self.rule, (from, to));
            self.measured.borrow_mut().insert((name, from, to), count);
            count
        })
    }

    /// The counts in the `windows` windows before the current one, and in the current one.
    fn counts(&self, name: &'h str, day: i64, windows: i64) -> (i64, i64) {
        let x = self.rule.timeframe;
        let current = self.measure(name, (day - x + 1, day));
        (self.measure(name, (day - x - windows * x + 1, day - x)), current)
    }

    fn windows(&self, company: &Company, day: i64) -> Option<i64> {
        Some((day - company.since(day)? + 1) / self.rule.timeframe - 1)
    }

    /// The numbers of the company; `None` if it is not eligible.
    fn reading(&self, name: &'h str, day: i64) -> Option<Reading> {
        let known = self.known.borrow().get(&(name, day)).copied();
        known.unwrap_or_else(|| {
            let reading = self.read(name, day);
            self.known.borrow_mut().insert((name, day), reading);
            reading
        })
    }

    fn read(&self, name: &'h str, day: i64) -> Option<Reading> {
        let company = &self.history.companies[name];
        let since = company.since(day)?;
        let windows = self.windows(company, day)?.min(self.rule.baseline);
        if windows < 1 || self.rule.seats_below.is_some_and(|below| seats_of(name) >= below) {
            return None;
        }
        let (previous, current) = self.counts(name, day, windows);
        if previous + current == 0 {
            return None;
        }
        let (others, now, before) = self.others(name, day, windows);
        let is_compared = others >= 10 && now > 0 && before > 0;
        let (now, before) = if is_compared { (now, before) } else { (1, windows) };
        Some(Reading { windows, previous, current, now, before, since })
    }

    /// The number of other customers to compare with, and their totals in the current window and
    /// before.
    fn others(&self, name: &'h str, day: i64, windows: i64) -> (i64, i64, i64) {
        let own = &self.history.companies[name].segment;
        if self.rule.against == "self" || self.rule.against == "segment" && own.is_none() {
            return (0, 0, 0);
        }
        let mut sums = (0, 0, 0);
        for (other, company) in &self.history.companies {
            let is_fit = other != name
                && self.windows(company, day).is_some_and(|theirs| theirs >= windows)
                && (self.rule.against == "portfolio" || company.segment == *own);
            if is_fit {
                let (previous, current) = self.counts(other, day, windows);
                sums = (sums.0 + 1, sums.1 + current, sums.2 + previous);
            }
        }
        sums
    }

    /// -1 for a low count, 1 for a high one, 0 for neither.
    fn side(&self, reading: &Reading) -> i64 {
        let Reading { previous, current, now, before, .. } = *reading;
        let threshold = self.rule.threshold;
        if self.is_plain() {
            let is_large = (current - previous).abs() * 100 > threshold * previous;
            return if is_large { (current - previous).signum() } else { 0 };
        }
        let (actual, expected) = ((current + 1) * 100 * before, previous * now + before);
        match () {
            () if actual < (100 - threshold) * expected => -1,
            () if actual > (100 + threshold) * expected => 1,
            () => 0,
        }
    }

    /// The signal that the rule would raise for the company on a day, regardless of earlier
    /// signals.
    fn judge(&self, name: &'h str, day: i64) -> Option<Signal> {
        let rule = self.rule;
        let reading = self.reading(name, day)?;
        let side = self.side(&reading);
        let lasts = (0..rule.for_days).all(|ago| {
            self.reading(name, day - ago).is_some_and(|earlier| self.side(&earlier) == side)
        });
        let is_wanted = match rule.direction {
            Direction::Both => side != 0,
            Direction::Down => side < 0,
            Direction::Up => side > 0,
        };
        let is_enough =
            rule.min_events.is_none_or(|least| reading.previous + reading.current >= least);
        if !lasts || !is_wanted || !is_enough {
            return None;
        }
        let spread = (rule.measure == "events").then(|| self.spread(name, day, &reading));
        let chance = self.chance(name, day, &reading, side, spread);
        if let Some(most) = rule.max_chance
            && chance.is_none_or(|chance| chance > most)
        {
            return None;
        }
        Some(self.signal(name, day, &reading, side, spread, chance))
    }

    /// The spread of the company, otherwise the median of all eligible companies.
    fn spread(&self, name: &'h str, day: i64, reading: &Reading) -> f64 {
        let own = self.own_spread(name, day, reading);
        own.unwrap_or_else(|| {
            let names = self.history.companies.keys();
            let mut all: Vec<f64> = names
                .filter_map(|other| self.own_spread(other, day, &self.reading(other, day)?))
                .collect();
            all.sort_by(f64::total_cmp);
            let middle = all.len() / 2;
            match all.len() {
                0..10 => 1.0,
                even if even % 2 == 0 => (all[middle - 1] + all[middle]) / 2.0,
                _ => all[middle],
            }
        })
    }

    fn own_spread(&self, name: &'h str, day: i64, reading: &Reading) -> Option<f64> {
        let last = day - (reading.windows + 1) * self.rule.timeframe;
        let weeks = self.history.companies[name].weeks(self.rule, reading.since, last);
        if weeks.len() < 8 {
            return None;
        }
        let n = weeks.len() as f64;
        let mean = weeks.iter().sum::<i64>() as f64 / n;
        let variance =
            weeks.iter().map(|week| (*week as f64 - mean).powi(2)).sum::<f64>() / (n - 1.0);
        Some(((variance + 1.0) / (mean + 1.0)).max(1.0))
    }

    fn chance(
        &self,
        name: &'h str,
        day: i64,
        reading: &Reading,
        side: i64,
        spread: Option<f64>,
    ) -> Option<f64> {
        let x = self.rule.timeframe;
        let (previous, current) = match (self.rule.measure, spread) {
            ("people", _) if !self.is_plain() => return None,
            ("people", _) => {
                let company = &self.history.companies[name];
                let before = company.people(self.rule, (day - 2 * x + 1, day - x));
                let now = company.people(self.rule, (day - x + 1, day));
                (before.difference(&now).count() as i64, now.difference(&before).count() as i64)
            }
            (_, Some(spread)) => {
                let divided = |count: i64| (count as f64 / spread + 0.5).floor() as i64;
                (divided(reading.previous), divided(reading.current))
            }
            _ => (reading.previous, reading.current),
        };
        if self.is_plain() && current != previous {
            return Some(chance(previous as u32, current as u32));
        }
        let p = if self.is_plain() {
            0.5
        } else {
            reading.now as f64 / (reading.now + reading.before) as f64
        };
        let trials = previous + current;
        let wanted = if side < 0 { 0..=current } else { current..=trials };
        Some(if trials == 0 { 1.0 } else { binomial(wanted, trials, p) })
    }

    fn signal(
        &self,
        company: &str,
        day: i64,
        reading: &Reading,
        side: i64,
        spread: Option<f64>,
        chance: Option<f64>,
    ) -> Signal {
        let rule = self.rule;
        let Reading { previous, current, now, before, .. } = *reading;
        let x = rule.timeframe;
        let change_pct = match self.is_plain() {
            true => change_in_percent(previous, current),
            false => change_in_percent(previous * now + before, (current + 1) * before),
        };
        Signal {
            company_id: company.to_owned(),
            rule: rule.name.clone(),
            kind: "trend".to_owned(),
            event: Some(rule.event.clone().unwrap_or_else(|| "*".to_owned())),
            kind_of_change: if (side > 0) != rule.inverse { "good" } else { "bad" }.to_owned(),
            state: "open".to_owned(),
            raised_on: date(day),
            timeframe_days: x,
            threshold_pct: rule.threshold,
            observation_from: date(day - (reading.windows + 1) * x + 1),
            observation_to: date(day - x),
            observation_count: previous,
            decision_from: date(day - x + 1),
            decision_to: date(day),
            decision_count: current,
            change_pct,
            chance: chance.map(Chance),
            measure: rule.measure.to_owned(),
            expected: (!self.is_plain())
                .then(|| Chance(previous as f64 * now as f64 / before as f64)),
            spread: spread.map(Chance),
        }
    }
}

fn seats_of(company: &str) -> i64 {
    company.rsplit('-').next().and_then(|number| number.parse().ok()).expect("a number")
}

/// The probability that a binomial number is in a range, summed up term by term.
fn binomial(wanted: std::ops::RangeInclusive<i64>, trials: i64, p: f64) -> f64 {
    let log_factorial = |n: i64| (1..=n).map(|i| (i as f64).ln()).sum::<f64>();
    let all = log_factorial(trials);
    let term = |k: i64| {
        let ways = all - log_factorial(k) - log_factorial(trials - k);
        (ways + k as f64 * p.ln() + (trials - k) as f64 * (1.0 - p).ln()).exp()
    };
    wanted.map(term).sum::<f64>().min(1.0)
}

/// Drops each signal that follows another one of the same type by less than `timeframe` days.
/// `found` has the signals of one rule and company, in order.
fn once_per_timeframe(found: impl Iterator<Item = Signal>, timeframe: i64) -> Vec<Signal> {
    let mut raised: Vec<Signal> = Vec::new();
    for signal in found {
        let held_back = raised.last().is_some_and(|latest| {
            latest.kind_of_change == signal.kind_of_change
                && day(&signal.raised_on) - day(&latest.raised_on) < timeframe
        });
        if !held_back {
            raised.push(signal);
        }
    }
    raised
}

/// The changes for which a rule raises signals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Both,
    Down,
    Up,
}

/// A trend rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    pub name: String,
    /// `None` means all events.
    pub event: Option<String>,
    /// `events`, `days` or `people`.
    pub measure: &'static str,
    pub timeframe: i64,
    pub threshold: i64,
    pub direction: Direction,
    pub inverse: bool,
    pub min_events: Option<i64>,
    pub max_chance: Option<f64>,
    pub baseline: i64,
    /// `self`, `portfolio` or `segment`.
    pub against: &'static str,
    pub for_days: i64,
    pub repeat: Option<i64>,
    /// Only companies with fewer seats. The number at the end of the id of a company is its number
    /// of seats.
    pub seats_below: Option<i64>,
}

impl Rule {
    /// A change of active days by more than half of what is expected, for four weeks.
    pub fn fading() -> Self {
        Rule {
            name: "fading".to_owned(),
            event: None,
            measure: "days",
            baseline: 6,
            against: "portfolio",
            for_days: 28,
            ..Rule::event("", 28, 50)
        }
    }

    /// A rule on the events of one name, with that name.
    pub fn event(event: &str, timeframe: i64, threshold: i64) -> Self {
        Rule {
            name: event.to_owned(),
            event: Some(event.to_owned()),
            measure: "events",
            timeframe,
            threshold,
            direction: Direction::Both,
            inverse: false,
            min_events: None,
            max_chance: None,
            baseline: 1,
            against: "self",
            for_days: 1,
            repeat: None,
            seats_below: None,
        }
    }

    /// A rule on active people.
    pub fn people(name: &str, timeframe: i64, threshold: i64) -> Self {
        let measure = "people";
        Rule {
            name: name.to_owned(),
            event: None,
            measure,
            ..Rule::event("", timeframe, threshold)
        }
    }

    /// The command that defines the rule.
    pub fn command(&self) -> String {
        let what = match &self.event {
            Some(event) if *event == self.name && self.measure == "events" => {
                format!("rule set {event}")
            }
            Some(event) => {
                format!("rule add {} --event {event} --measure {}", self.name, self.measure)
            }
            None if self.measure == "people" => {
                format!("rule add {} --kind trend --people", self.name)
            }
            None => format!("rule add {} --event '*' --measure {}", self.name, self.measure),
        };
        let direction = match self.direction {
            Direction::Both => "",
            Direction::Down => " --direction down",
            Direction::Up => " --direction up",
        };
        let inverse = if self.inverse { " --inverse" } else { "" };
        let min_events = self.min_events.map_or(String::new(), |n| format!(" --min-events {n}"));
        let max_chance = self.max_chance.map_or(String::new(), |p| format!(" --max-chance {p}"));
        let Rule { timeframe, threshold, baseline, against, for_days, .. } = self;
        let baseline =
            if *baseline == 1 { String::new() } else { format!(" --baseline {baseline}") };
        let against =
            if *against == "self" { String::new() } else { format!(" --against {against}") };
        let lasting = if *for_days == 1 { String::new() } else { format!(" --for {for_days}") };
        let repeat = self.repeat.map_or(String::new(), |days| format!(" --repeat {days}"));
        let below = self.seats_below;
        let below = below.map_or(String::new(), |seats| format!(" --where 'seats < {seats}'"));
        format!(
            "{what} --timeframe {timeframe} --threshold {threshold}{direction}{inverse}{min_events}\
             {max_chance}{baseline}{against}{lasting}{repeat}{below}"
        )
    }
}

/// An adoption rule.
#[derive(Debug, Clone, PartialEq)]
pub struct AdoptionRule {
    pub name: String,
    /// The event to use; for a rule on goals, only goals of this event count.
    pub event: Option<String>,
    pub goals: bool,
    pub within: Option<i64>,
    pub retroactive: bool,
}

impl AdoptionRule {
    /// The command that defines the rule.
    pub fn command(&self) -> String {
        let event = self.event.as_ref().map_or(String::new(), |event| format!(" --event {event}"));
        let within = self.within.map_or(String::new(), |days| format!(" --within {days}"));
        let goals = if self.goals { " --goals" } else { "" };
        let retroactive = if self.retroactive { " --retroactive" } else { "" };
        format!("rule add {} --kind adoption{event}{within}{goals}{retroactive}", self.name)
    }
}

/// The fields of a signal of an adoption rule in JSON that detection decides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AdoptionSignal {
    pub raised_on: String,
    pub rule: String,
    pub company_id: String,
    pub event: String,
    /// `type` in JSON.
    pub kind: String,
}

impl AdoptionSignal {
    /// The signal that the program printed.
    #[track_caller]
    pub fn from_json(json: &Value) -> Self {
        let text = |name: &str| {
            json[name]
                .as_str()
                .unwrap_or_else(|| panic!("'{name}' is not text in {json}"))
                .to_owned()
        };
        AdoptionSignal {
            raised_on: text("raised_on"),
            rule: text("rule"),
            company_id: text("company_id"),
            event: text("event"),
            kind: text("type"),
        }
    }
}

/// The change in percent with one decimal, halves rounded away from zero, computed in whole tenths;
/// `None` if there was nothing before.
fn change_in_percent(previous: i64, current: i64) -> Option<f64> {
    if previous == 0 {
        return None;
    }
    let change = current - previous;
    let tenths = (2 * change.abs() * 1000 + previous) / (2 * previous);
    Some((change.signum() * tenths) as f64 / 10.0)
}

/// A probability, or another number. Numbers that differ by at most a relative 1e-9 are equal, as
/// are numbers near the limit of floating point.
#[derive(Clone, Copy)]
pub struct Chance(pub f64);

impl PartialEq for Chance {
    fn eq(&self, other: &Chance) -> bool {
        let vanishing = self.0.max(other.0) < 1e-290;
        vanishing || (self.0 - other.0).abs() <= 1e-9 * self.0.max(other.0)
    }
}

impl fmt::Debug for Chance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:e}", self.0)
    }
}

/// The fields of a signal in JSON that detection decides.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    pub company_id: String,
    pub rule: String,
    pub kind: String,
    pub event: Option<String>,
    /// `type` in JSON.
    pub kind_of_change: String,
    pub state: String,
    pub raised_on: String,
    pub timeframe_days: i64,
    pub threshold_pct: i64,
    pub observation_from: String,
    pub observation_to: String,
    pub observation_count: i64,
    pub decision_from: String,
    pub decision_to: String,
    pub decision_count: i64,
    pub change_pct: Option<f64>,
    pub chance: Option<Chance>,
    pub measure: String,
    pub expected: Option<Chance>,
    pub spread: Option<Chance>,
}

impl Signal {
    /// The signal that the program printed.
    #[track_caller]
    pub fn from_json(json: &Value) -> Self {
        let field =
            |name: &str| json.get(name).unwrap_or_else(|| panic!("no field '{name}' in {json}"));
        let maybe_text = |name: &str| field(name).as_str().map(str::to_owned);
        let text = |name: &str| {
            maybe_text(name).unwrap_or_else(|| panic!("'{name}' is not text in {json}"))
        };
        let number = |name: &str| {
            field(name)
                .as_i64()
                .unwrap_or_else(|| panic!("'{name}' is not a whole number in {json}"))
        };
        Signal {
            company_id: text("company_id"),
            rule: text("rule"),
            kind: text("kind"),
            event: maybe_text("event"),
            kind_of_change: text("type"),
            state: text("state"),
            raised_on: text("raised_on"),
            timeframe_days: number("timeframe_days"),
            threshold_pct: number("threshold_pct"),
            observation_from: text("observation_from"),
            observation_to: text("observation_to"),
            observation_count: number("observation_count"),
            decision_from: text("decision_from"),
            decision_to: text("decision_to"),
            decision_count: number("decision_count"),
            change_pct: field("change_pct").as_f64(),
            chance: field("chance").as_f64().map(Chance),
            measure: text("measure"),
            expected: field("expected").as_f64().map(Chance),
            spread: field("spread").as_f64().map(Chance),
        }
    }

    /// Sorts signals by day, rule and company, which together identify a signal.
    pub fn sort(signals: &mut [Signal]) {
        signals.sort_by(|a, b| a.key().cmp(&b.key()));
    }

    /// Day, rule and company.
    pub fn key(&self) -> (&str, &str, &str) {
        (&self.raised_on, &self.rule, &self.company_id)
    }

    /// A line for tables of expected results: day, rule, company, type, change.
    pub fn brief(&self) -> String {
        let change = self.change_pct.map_or("new".to_owned(), |change| format!("{change:+.1}"));
        format!(
            "{} {} {} {} {change}",
            self.raised_on, self.rule, self.company_id, self.kind_of_change
        )
    }
}

/// Fails with the first difference between what the program raised and what it should have raised.
#[track_caller]
pub fn assert_same(program: &[Signal], naive: &[Signal], about: &str) {
    for (theirs, ours) in program.iter().zip(naive) {
        assert_eq!(theirs, ours, "{about}: left is the program's, right the naive model's");
    }
    let (theirs, ours) = (program.get(naive.len()), naive.get(program.len()));
    assert!(theirs.is_none(), "{about}: only the program raised {theirs:#?}");
    assert!(ours.is_none(), "{about}: only the naive model raised {ours:#?}");
}

/// The probability that of `a + b` fair coins at least max(a, b) fall on one given side.
///
/// The sum of the binomial coefficients is an exact whole number. Only its leading 64 bits are
/// used, so the relative error of the result is at most 2^-52, unless it is too small for floating
/// point. For up to some thousands of events.
pub fn chance(a: u32, b: u32) -> f64 {
    let (n, smaller) = (a + b, a.min(b));
    let mut coefficient = Whole(vec![1]);
    let mut sum = Whole(vec![1]);
    for i in 0..smaller {
        coefficient.multiply(n - i);
        coefficient.divide(i + 1);
        sum.add(&coefficient);
    }
    sum.halved(n)
}

/// A whole number of any size, in digits of 32 bits, lowest first.
struct Whole(Vec<u32>);

impl Whole {
    fn multiply(&mut self, factor: u32) {
        let mut carry = 0u64;
        for digit in &mut self.0 {
            let product = u64::from(*digit) * u64::from(factor) + carry;
            *digit = product as u32;
            carry = product >> 32;
        }
        if carry > 0 {
            self.0.push(carry as u32);
        }
    }

    fn divide(&mut self, divisor: u32) {
        let mut rest = 0u64;
        for digit in self.0.iter_mut().rev() {
            let part = (rest << 32) | u64::from(*digit);
            *digit = (part / u64::from(divisor)) as u32;
            rest = part % u64::from(divisor);
        }
        assert_eq!(rest, 0, "a binomial coefficient is a whole number");
    }

    fn add(&mut self, other: &Whole) {
        self.0.resize(self.0.len().max(other.0.len()) + 1, 0);
        let mut carry = 0u64;
        for (place, digit) in self.0.iter_mut().enumerate() {
            let sum =
                u64::from(*digit) + u64::from(other.0.get(place).copied().unwrap_or(0)) + carry;
            *digit = sum as u32;
            carry = sum >> 32;
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    /// The number divided by two, `times` times.
    fn halved(&self, times: u32) -> f64 {
        let leading =
            self.0.iter().rev().take(3).fold(0u128, |sum, digit| (sum << 32) | u128::from(*digit));
        let dropped = 32 * self.0.len().saturating_sub(3) as i32;
        let surplus = (128 - leading.leading_zeros() as i32 - 64).max(0);
        let value = (leading >> surplus) as f64;
        let exponent = dropped + surplus - times as i32;
        value * 2f64.powi(exponent / 2) * 2f64.powi(exponent - exponent / 2)
    }
}

/// The number of days since 1970-01-01.
pub fn day(text: &str) -> i64 {
    let part = |from: usize, to: usize| text[from..to].parse::<i64>().unwrap();
    let (year, month) = (part(0, 4), part(5, 7));
    let years: i64 = (1970..year).map(days_in_year).sum();
    let months: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
    years + months + part(8, 10) - 1
}

/// The day with this number.
pub fn date(number: i64) -> String {
    let (mut year, mut month, mut left) = (1970, 1, number);
    while left >= days_in_year(year) {
        left -= days_in_year(year);
        year += 1;
    }
    while left >= days_in_month(year, month) {
        left -= days_in_month(year, month);
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", left + 1)
}

fn days_in_year(year: i64) -> i64 {
    (1..=12).map(|month| days_in_month(year, month)).sum()
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Microseconds since 1970 of `YYYY-MM-DD` or `YYYY-MM-DDTHH:MM:SS[.fff…](Z|±hh:mm)`.
pub fn instant(text: &str) -> i64 {
    let midnight = day(text) * MICROS_A_DAY;
    if text.len() == 10 {
        return midnight;
    }
    let (clock, zone) =
        text[11..].split_at(text[11..].find(['Z', '+', '-']).unwrap_or(text.len() - 11));
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let micros: i64 = format!("{fraction:0<6}").parse().unwrap();
    midnight
        + minutes(whole) * 60_000_000
        + whole[6..8].parse::<i64>().unwrap() * 1_000_000
        + micros
        - offset(zone)
}

fn offset(zone: &str) -> i64 {
    match zone.chars().next() {
        Some('+') => minutes(&zone[1..]) * 60_000_000,
        Some('-') => -minutes(&zone[1..]) * 60_000_000,
        _ => 0,
    }
}

fn minutes(clock: &str) -> i64 {
    clock[0..2].parse::<i64>().unwrap() * 60 + clock[3..5].parse::<i64>().unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted() {
        for (text, number) in
            [("1970-01-01", 0), ("1970-03-01", 59), ("2000-01-01", 10_957), ("2026-04-01", 20_544)]
        {
            assert_eq!((day(text), date(number).as_str()), (number, text));
        }
        assert_eq!(day("2024-03-01") - day("2024-02-28"), 2);
        assert_eq!(day("2100-03-01") - day("2100-02-28"), 1);
    }

    #[test]
    fn instants_are_parsed() {
        let noon = instant("2026-03-31T12:00:00Z");
        assert_eq!(noon, 20_543 * MICROS_A_DAY + MICROS_A_DAY / 2);
        for same in
            ["2026-03-31T14:00:00+02:00", "2026-03-31T06:30:00-05:30", "2026-03-31T12:00:00.000Z"]
        {
            assert_eq!(instant(same), noon, "{same}");
        }
        assert_eq!(instant("2026-03-31T12:00:00.25Z"), noon + 250_000);
    }

    #[test]
    fn small_chances_match_counted_throws() {
        for n in 0..=12u32 {
            for larger in n.div_ceil(2)..=n {
                let hits = (0..1u32 << n).filter(|coins| coins.count_ones() >= larger).count();
                assert_eq!(
                    chance(larger, n - larger),
                    hits as f64 / f64::from(1u32 << n),
                    "{larger} of {n}"
                );
                assert_eq!(chance(n - larger, larger), chance(larger, n - larger));
            }
        }
    }

    #[test]
    fn large_chances_have_known_values() {
        assert_eq!(chance(1000, 0), 2f64.powi(-1000));
        assert_eq!(chance(1, 999), 1001.0 * 2f64.powi(-1000));
        // With an odd number of coins, exactly half of all throws have more than half of the coins
        // on a given side.
        for n in [31, 33, 65, 129, 1001, 2501] {
            assert_eq!(chance(n / 2, n - n / 2), 0.5, "{n}");
        }
        // 20 coins, 12 or more: 263,950 of 1,048,576 throws.
        assert_eq!(chance(12, 8), 263_950.0 / 1_048_576.0);
        assert_eq!(chance(2000, 0), 0.0);
    }

    #[test]
    fn a_change_has_one_decimal_and_rounds_halves_away_from_zero() {
        let cases = [
            (100, 84, Some(-16.0)),
            (7, 0, Some(-100.0)),
            (0, 1, None),
            (80, 93, Some(16.3)),  // 16.25
            (80, 67, Some(-16.3)), // -16.25
            (13, 11, Some(-15.4)), // -15.3846…
            (3, 1, Some(-66.7)),
            (1, 12, Some(1100.0)),
        ];
        for (previous, current, expected) in cases {
            assert_eq!(change_in_percent(previous, current), expected, "{previous} to {current}");
        }
    }

    #[test]
    fn each_key_has_the_most_copies_of_any_one_file() {
        let header = "company_id,event,timestamp,person_id,event_id,count\n";
        let file = |lines: &str| read_rows(&format!("{header}{lines}"));
        let files = [
            file(
                "a,login,2026-03-01,p,,2\na,login,2026-03-01,p,,1\na,login,2026-03-01,,,1\nb,login,2026-03-01,p,x,1",
            ),
            file(
                "a,login,2026-03-01T00:00:00Z,p,,2\na,login,2026-03-01T01:00:00+01:00,,,2\nb,login,2026-03-01,p,x,1",
            ),
            file("b,login,2026-03-01,p,,1\na,login,2026-03-01,p,x,4\na,login,2026-03-02,,,0"),
        ];
        let copies: Vec<(String, Option<String>, Option<String>, i64)> = stored(&files)
            .into_iter()
            .map(|row| (row.company, row.person, row.event_id, row.count))
            .collect();
        let some = |text: &str| Some(text.to_owned());
        let expected = [
            ("a", None, None, 2),
            ("a", some("p"), None, 3),
            ("a", some("p"), some("x"), 4),
            ("b", some("p"), None, 1),
            ("b", some("p"), some("x"), 1),
        ];
        assert_eq!(
            copies,
            expected.map(|(company, person, id, count)| (company.to_owned(), person, id, count))
        );
    }
}
