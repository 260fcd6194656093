//! The texts about the selected item: the company, its signal, and who and what is behind it.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::bars::Bars;
use super::detail::{DailyCounts, Detail, PersonTrend, SignalDetail};
use super::theme::{BOLD, Theme, clean};
use crate::domain::day::Day;
use crate::domain::portfolio::Customer;
use crate::render::report::Cell;
use crate::render::{self, Tone, counted, cut, wrap};
use crate::store::TaskRecord;
use crate::views::agenda::CompanyAgenda;

const MOST_PEOPLE: usize = 8;

#[derive(Debug)]
pub(super) struct Text {
    theme: Theme,
    width: usize,
    pub(super) lines: Vec<Line<'static>>,
}

impl Text {
    pub(super) fn new(theme: Theme, width: usize) -> Self {
        Text { theme, width, lines: Vec::new() }
    }

    fn gap(&mut self) {
        if !self.lines.is_empty() {
            self.lines.push(Line::default());
        }
    }

    fn heading(&mut self, text: &str) {
        self.gap();
        self.lines.push(Line::styled(cut(&clean(text), self.width), self.theme.heading()));
    }

    /// Adds a text after `indent`, wrapped; further lines are indented likewise.
    fn wrapped(&mut self, indent: &str, text: &str, style: Style) {
        let room = self.width.saturating_sub(indent.width()).max(1);
        let mut begin = indent.to_owned();
        for line in wrap(&clean(text), room) {
            self.lines.push(Line::styled(format!("{begin}{line}"), style));
            begin = " ".repeat(indent.width());
        }
    }

    pub(super) fn company(&mut self, group: &CompanyAgenda, today: Day) {
        let customer = &group.at_stake.customer;
        let id = customer.name.as_ref().map(|_| format!(" ({})", customer.company_id));
        self.wrapped("", &format!("{}{}", group.title(), id.unwrap_or_default()), BOLD);
        let why = group.why();
        if !why.is_empty() {
            self.wrapped("", &why, self.theme.tone(Tone::Bad));
        }
        self.wrapped("", &standing(customer, why.is_empty()), self.theme.tone(Tone::Faint));
        if let Some(review) = group.review {
            let days = (today - review.due_on).max(0).unsigned_abs();
            let text = format!("business review due, {} late", counted(days.into(), "day", "days"));
            self.wrapped("", &text, Style::new());
        }
    }

    pub(super) fn signal(&mut self, detail: &Detail, is_high: bool) {
        self.gap();
        match &detail.signal {
            Some(told) => {
                self.wrapped("", &told.standing, self.theme.tone(Tone::Faint));
                self.wrapped("", &told.text, BOLD);
                for sentence in &told.sentences {
                    self.wrapped("", sentence, Style::new());
                }
            }
            None => {
                let text = "No open signal; the lines above say why it is here.";
                self.wrapped("", text, Style::new());
            }
        }
        self.chart(&detail.chart, if is_high { 6 } else { 3 });
    }

    fn chart(&mut self, chart: &DailyCounts, height: usize) {
        let bars = Bars::of(chart, self.width);
        if bars.highest() == 0 {
            return;
        }
        let each = match bars.days {
            1 => "by day".to_owned(),
            days => format!("by {days} days"),
        };
        let highest = render::thousands(bars.highest());
        self.heading(&format!("{} {each}, highest {highest}", chart.title));
        let now = self.theme.coloured(Color::Cyan).add_modifier(Modifier::BOLD);
        for level in (0..height).rev() {
            let (before, current) = bars.level(level, height);
            self.lines.push(Line::from(vec![
                Span::styled(before, self.theme.tone(Tone::Faint)),
                Span::raw("┊"),
                Span::styled(current, now),
            ]));
        }
        self.lines.push(Line::styled(bars.axis(chart), self.theme.tone(Tone::Faint)));
    }

    pub(super) fn people(&mut self, people: &[PersonTrend]) {
        if people.is_empty() {
            return;
        }
        let count = |word| people.iter().filter(|person| person.verdict == word).count() as u64;
        let (gone, new) = (count("stopped"), count("began"));
        let stopped = counted(gone, "person stopped", "people stopped");
        self.heading(&match (gone, new) {
            (0, 0) => "People".to_owned(),
            _ => format!("People: {stopped}, {new} began"),
        });
        // People who stopped matter most.
        let mut people: Vec<&PersonTrend> = people.iter().collect();
        people.sort_by_key(|person| person.verdict != "stopped");
        for person in people.iter().take(MOST_PEOPLE) {
            let numbers = format!("{} to {}", person.before, person.now);
            let right = format!("{numbers:>12}  {:<7}", person.verdict);
            let room = self.width.saturating_sub(right.width() + 4).min(30);
            let name = cut(&clean(&person.name), room);
            let gap = " ".repeat(room.saturating_sub(name.width()));
            let line = format!("  {name}{gap}{right}").trim_end().to_owned();
            self.lines.push(Line::styled(line, self.theme.tone(person.tone)));
        }
        if people.len() > MOST_PEOPLE {
            let more = format!("  and {} more", people.len() - MOST_PEOPLE);
            self.lines.push(Line::styled(more, self.theme.tone(Tone::Faint)));
        }
    }

    pub(super) fn tasks(&mut self, tasks: &[TaskRecord], today: Day) {
        if tasks.is_empty() {
            return;
        }
        self.heading(&counted(tasks.len() as u64, "open task", "open tasks"));
        for task in tasks {
            let who = task.assignee.as_deref().map(|name| format!(", {name}")).unwrap_or_default();
            let late = if task.is_overdue(today) { " (late)" } else { "" };
            let tone = if task.is_overdue(today) { Tone::Bad } else { Tone::Plain };
            let text = format!("{}{who}{late}", task.title);
            self.wrapped(&format!("  {}  ", task.due_on), &text, self.theme.tone(tone));
        }
    }

    pub(super) fn facts(&mut self, told: &SignalDetail) {
        if told.facts.is_empty() {
            return;
        }
        self.heading("What the rule read");
        let widest = told.facts.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
        let widest = widest.min(self.width / 2);
        for (name, value) in &told.facts {
            let name = cut(&clean(name), widest);
            let gap = " ".repeat(widest - name.width());
            self.wrapped(&format!("  {name}{gap}  "), value, Style::new());
        }
    }

    pub(super) fn history(&mut self, told: &SignalDetail) {
        self.heading("History");
        for (line, reason) in &told.history {
            self.wrapped("  ", line, Style::new());
            if !reason.is_empty() {
                self.wrapped("    ", reason, self.theme.tone(Tone::Faint));
            }
        }
    }
}

/// CSM, health, renewal and other facts that the screen does not show elsewhere: `CSM Ana, health
/// 34.0 poor, renews on 2026-05-13`.
fn standing(customer: &Customer, is_all: bool) -> String {
    let score = |score| format!("health {} {}", render::score(score), customer.band.as_str());
    let parts = [
        customer.csm.as_ref().map(|csm| format!("CSM {csm}")),
        customer.score.map(score),
        customer.level().filter(|level| !level.is_at_risk()).map(|level| format!("pulse {level}")),
        customer.renewal_on.map(|day| format!("renews on {day}")),
        customer.mrr.filter(|_| is_all).map(|mrr| format!("{} a month", Cell::Money(mrr).text())),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}
