//! The screen of a session: the companies on the left, the selected item on the right, and below
//! them the open form, the last message, and the keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::detail::{DailyCounts, Detail, PersonTrend, SignalDetail};
use super::form::{FieldInput, Form, FormField, FormKind};
use super::session::{AgendaItem, Fate, Mode, Session};
use crate::domain::day::Day;
use crate::domain::portfolio::Customer;
use crate::domain::signal::SignalType;
use crate::render::report::Cell;
use crate::render::{self, Tone, counted, cut, escape, wrap};
use crate::store::TaskRecord;
use crate::views::agenda::{CompanyAgenda, is_urgent};

/// The smallest terminal, in columns and rows. A smaller one only shows a message about its size.
const LEAST: (u16, u16) = (60, 16);

/// From this width on, the details are drawn in two columns.
const TWO_COLUMNS: usize = 110;

/// The maximum number of people listed.
const MOST_PEOPLE: usize = 8;

const KEYS: &str = "a ack  s snooze  n note  t task  u undo  ↑↓ signal  ←→ company  ? help  q quit";

const HELP: [(&str, &str); 15] = [
    ("a", "acknowledge the signal, with a reason and an outcome"),
    ("s", "snooze it until a day: 2026-04-15, +7d"),
    ("n", "add a note to its history"),
    ("t", "add a task for the company"),
    ("u", "undo the last change; again for the one before"),
    ("↓ ↑, j k", "next and previous signal"),
    ("→ ←, Tab", "next and previous company"),
    ("PgDn PgUp", "scroll what is known of the signal"),
    ("Enter", "in a form: next field; at the last field, save"),
    ("Esc", "in a form: close it; what you typed is kept"),
    ("q", "quit"),
    ("", ""),
    ("! ~ + i", "bad and still holds, bad and over, good, info"),
    ("✓ z", "acknowledged, snoozed"),
    ("", "Nothing changes until a form is saved."),
];

/// The styles of the screen, with colours or without.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    has_colour: bool,
}

impl Theme {
    pub(super) fn of(has_colour: bool) -> Self {
        Theme { has_colour }
    }

    fn coloured(self, colour: Color) -> Style {
        if self.has_colour { Style::new().fg(colour) } else { Style::new() }
    }

    fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => Style::new(),
            Tone::Bad => self.coloured(Color::Red),
            Tone::Good => self.coloured(Color::Green),
            Tone::Faint => Style::new().add_modifier(Modifier::DIM),
        }
    }

    fn heading(self) -> Style {
        self.coloured(Color::Cyan).add_modifier(Modifier::BOLD)
    }
}

const BAR: Style = Style::new().add_modifier(Modifier::REVERSED);
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);

pub(super) fn draw(frame: &mut Frame<'_>, session: &mut Session, theme: Theme) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let text = format!("The terminal is too small: {} x {} at least.", LEAST.0, LEAST.1);
        frame.render_widget(Paragraph::new(wrap(&text, area.width.into()).join("\n")), area);
        return;
    }
    let form_height = match &session.mode {
        Mode::Filling(form) => form.fields.len() as u16 + 3,
        _ => 0,
    };
    let rows = [
        Constraint::Length(1),
        Constraint::Min(1),
        Constraint::Length(form_height),
        Constraint::Length(1),
        Constraint::Length(1),
    ];
    let [title, body, form, message, keys] = Layout::vertical(rows).areas(area);
    let list_width = (body.width * 3 / 10).clamp(24, 44);
    let columns = [Constraint::Length(list_width), Constraint::Length(3), Constraint::Min(1)];
    let [list, between, detail] = Layout::horizontal(columns).areas(body);
    draw_title(frame, session, title);
    draw_list(frame, session, theme, list);
    let rule = vec![Line::from(" │ "); between.height.into()];
    frame.render_widget(Paragraph::new(rule).style(theme.tone(Tone::Faint)), between);
    draw_detail(frame, session, theme, detail);
    draw_message(frame, session, theme, message);
    frame.render_widget(Paragraph::new(cut(KEYS, keys.width.into())).style(BAR), keys);
    match &session.mode {
        Mode::Filling(filled) => draw_form(frame, session, filled, theme, form),
        Mode::Help => draw_help(frame, theme, body),
        Mode::Browsing | Mode::Leaving => {}
    }
}

fn draw_title(frame: &mut Frame<'_>, session: &Session, area: Rect) {
    let (open, all) = session.progress();
    let person = session.person.as_deref().unwrap_or("everybody");
    let left = format!(" Triage: {}, {}", clean(person), session.today);
    let right = format!("{open} of {} open ", counted(all as u64, "signal", "signals"));
    let width = usize::from(area.width);
    let left = cut(&left, width.saturating_sub(right.width() + 1));
    let gap = " ".repeat(width.saturating_sub(left.width() + right.width()));
    frame.render_widget(Paragraph::new(format!("{left}{gap}{right}")).style(BAR), area);
}

/// The companies, with the signals of the selected one.
fn draw_list(frame: &mut Frame<'_>, session: &Session, theme: Theme, area: Rect) {
    let width = usize::from(area.width);
    let (mut lines, mut selected) = (Vec::new(), 0);
    for (place, group) in session.groups.iter().enumerate() {
        let is_here = place == session.item().group;
        let items: Vec<(usize, &AgendaItem)> =
            session.items.iter().enumerate().filter(|(_, item)| item.group == place).collect();
        let has_signals = items.iter().any(|(_, item)| item.signal.is_some());
        if is_here && !has_signals {
            selected = lines.len();
        }
        lines.push(company_line(group, &items, is_here, theme, width));
        for (at, item) in items.into_iter().filter(|_| is_here) {
            if let Some(line) = item_line(item, at == session.at, theme, width) {
                selected = if at == session.at { lines.len() } else { selected };
                lines.push(line);
            }
        }
    }
    // The selected line stays a few lines away from the edges.
    let height = usize::from(area.height);
    let offset = (selected + 1 + height / 4).saturating_sub(height);
    let offset = offset.min(lines.len().saturating_sub(height));
    frame.render_widget(Paragraph::new(lines).scroll((offset as u16, 0)), area);
}

fn company_line(
    group: &CompanyAgenda,
    items: &[(usize, &AgendaItem)],
    is_here: bool,
    theme: Theme,
    width: usize,
) -> Line<'static> {
    let signals = items.iter().filter(|(_, item)| item.signal.is_some());
    let open = signals.clone().filter(|(_, item)| item.fate.is_none()).count();
    let right = match (signals.count(), open) {
        (0, _) => "-".to_owned(),
        (_, 0) => "✓".to_owned(),
        (_, open) => open.to_string(),
    };
    let room = width.saturating_sub(right.width() + 3);
    let title = cut(&clean(group.title()), room);
    let gap = " ".repeat(room.saturating_sub(title.width()) + 1);
    let mark = if is_here { "› " } else { "  " };
    let style = match (is_here, open) {
        (true, _) => BOLD,
        (false, 0) => theme.tone(Tone::Faint),
        (false, _) => Style::new(),
    };
    Line::styled(format!("{mark}{title}{gap}{right}"), style)
}

fn item_line(
    item: &AgendaItem,
    is_here: bool,
    theme: Theme,
    width: usize,
) -> Option<Line<'static>> {
    let signal = item.signal.as_ref()?;
    let (mark, tone) = match item.fate {
        Some(Fate::Acknowledged) => ("✓", Tone::Faint),
        Some(Fate::Snoozed) => ("z", Tone::Faint),
        None if is_urgent(signal) => ("!", Tone::Bad),
        None if signal.signal_type == SignalType::Good => ("+", Tone::Good),
        None if signal.signal_type == SignalType::Info => ("i", Tone::Plain),
        None => ("~", Tone::Faint),
    };
    let place = if is_here { "›" } else { " " };
    let text = format!("  {place} {mark} {}", clean(&signal.rule));
    let text = cut(&text, width);
    let style = if is_here { BAR } else { theme.tone(tone) };
    let gap = " ".repeat(width.saturating_sub(text.width()));
    Some(Line::styled(format!("{text}{gap}"), style))
}

fn draw_detail(frame: &mut Frame<'_>, session: &mut Session, theme: Theme, area: Rect) {
    let empty = Detail::default();
    let detail = session.detail.as_ref().unwrap_or(&empty);
    let width = usize::from(area.width);
    let columns = if width >= TWO_COLUMNS { 2 } else { 1 };
    let each = (width - 3 * (columns - 1)) / columns;
    let mut what = Text::new(theme, each);
    what.company(session.group(), session.today);
    what.signal(detail, usize::from(area.height) >= 30);
    let mut who = if columns == 2 { Text::new(theme, each) } else { std::mem::take(&mut what) };
    who.people(&detail.people);
    who.tasks(&detail.tasks, session.today);
    if let Some(told) = &detail.signal {
        who.facts(told);
        who.history(told);
    }
    let longest = what.lines.len().max(who.lines.len());
    let most = longest.saturating_sub(area.height.into());
    session.scroll = session.scroll.min(most);
    let scroll = (session.scroll as u16, 0);
    if columns == 2 {
        let halves = [Constraint::Length(each as u16), Constraint::Length(3), Constraint::Min(1)];
        let [left, _, right] = Layout::horizontal(halves).areas(area);
        frame.render_widget(Paragraph::new(what.lines).scroll(scroll), left);
        frame.render_widget(Paragraph::new(who.lines).scroll(scroll), right);
    } else {
        frame.render_widget(Paragraph::new(who.lines).scroll(scroll), area);
    }
    if session.scroll < most {
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        frame.render_widget(Clear, last);
        let more = format!(
            "↓ {} more: PgDn",
            counted((most - session.scroll) as u64 + 1, "line", "lines")
        );
        frame.render_widget(Paragraph::new(more).style(theme.tone(Tone::Faint)), last);
    }
}

/// The lines of a column.
#[derive(Debug)]
struct Text {
    theme: Theme,
    width: usize,
    lines: Vec<Line<'static>>,
}

impl Default for Text {
    fn default() -> Self {
        Text::new(Theme::of(false), 0)
    }
}

impl Text {
    fn new(theme: Theme, width: usize) -> Self {
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

    fn company(&mut self, group: &CompanyAgenda, today: Day) {
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

    fn signal(&mut self, detail: &Detail, is_high: bool) {
        self.gap();
        match &detail.signal {
            Some(told) => {
                self.wrapped("", &told.standing, self.theme.tone(Tone::Faint));
                self.wrapped("", &told.text, BOLD);
                for sentence in &told.sentences {
                    self.wrapped("", sentence, Style::new());
                }
            }
            None => self.wrapped(
                "",
                "No open signal; the lines above say why it is here.",
                Style::new(),
            ),
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

    fn people(&mut self, people: &[PersonTrend]) {
        let Some(stopped) = Some(people).filter(|people| !people.is_empty()) else { return };
        let count = |word| stopped.iter().filter(|person| person.verdict == word).count() as u64;
        self.heading(&match (count("stopped"), count("began")) {
            (0, 0) => "People".to_owned(),
            (gone, new) => {
                format!(
                    "People: {}, {new} began",
                    counted(gone, "person stopped", "people stopped")
                )
            }
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
            self.lines.push(Line::styled(
                format!("  {name}{gap}{right}").trim_end().to_owned(),
                self.theme.tone(person.tone),
            ));
        }
        if people.len() > MOST_PEOPLE {
            let more = format!("  and {} more", people.len() - MOST_PEOPLE);
            self.lines.push(Line::styled(more, self.theme.tone(Tone::Faint)));
        }
    }

    fn tasks(&mut self, tasks: &[TaskRecord], today: Day) {
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

    fn facts(&mut self, told: &SignalDetail) {
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

    fn history(&mut self, told: &SignalDetail) {
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

/// The bars of a chart, each for as few days as the room allows.
struct Bars {
    before: Vec<u64>,
    current: Vec<u64>,
    /// The number of days of each bar.
    days: usize,
    /// The width of each bar, in columns.
    width: usize,
}

impl Bars {
    fn of(chart: &DailyCounts, room: usize) -> Self {
        let counts: Vec<u64> = chart.days.iter().map(|(_, count)| *count).collect();
        let (before, current) = counts.split_at(counts.len().saturating_sub(chart.current));
        let room = room.saturating_sub(1).max(1);
        // Each of the two parts may have one bar with fewer days, which takes room as well.
        let days = counts.len().div_ceil(room.saturating_sub(2).max(1)).max(1);
        let (before, current) = (grouped(before, days), grouped(current, days));
        let width = (room / (before.len() + current.len()).max(1)).clamp(1, 3);
        Bars { before, current, days, width }
    }

    fn highest(&self) -> u64 {
        self.before.iter().chain(&self.current).copied().max().unwrap_or(0)
    }

    /// The parts of the bars on one of `height` lines, where 0 is the lowest.
    fn level(&self, level: usize, height: usize) -> (String, String) {
        let most = self.highest().max(1);
        let part = |counts: &[u64]| -> String {
            let bar = |count: &u64| {
                // In eighths of a line, rounded up, so that a count above 0 is visible.
                let eighths = (u128::from(*count) * height as u128 * 8).div_ceil(u128::from(most));
                let here = (eighths as usize).saturating_sub(level * 8).min(8);
                let glyph = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][here];
                let gap = usize::from(self.width > 1);
                let bar: String = std::iter::repeat_n(glyph, self.width - gap).collect();
                bar + &" ".repeat(gap)
            };
            counts.iter().map(bar).collect()
        };
        (part(&self.before), part(&self.current))
    }

    /// The first days of the two parts, each below its first bar.
    fn axis(&self, chart: &DailyCounts) -> String {
        let (first, now) =
            (chart.days.first(), chart.days.iter().rev().nth(chart.current.max(1) - 1));
        let width = self.before.len() * self.width;
        let first =
            first.map(|(day, _)| day.to_string()).filter(|_| width > 10).unwrap_or_default();
        let now = now.map(|(day, _)| format!("since {day}")).unwrap_or_default();
        match self.current.len() * self.width >= now.width() {
            true => format!("{first:width$}┊{now}"),
            // The later part is too narrow for its day, so the day ends below the end of the part.
            false => {
                let room = width + 1 + self.current.len() * self.width;
                let gap = room.saturating_sub(first.width() + now.width());
                if gap > 0 { format!("{first}{}{now}", " ".repeat(gap)) } else { now }
            }
        }
    }
}

/// The sums of groups of `days` counts. If the number of counts is not a multiple, the first group
/// is smaller.
fn grouped(counts: &[u64], days: usize) -> Vec<u64> {
    let mut sums: Vec<u64> = counts.rchunks(days).map(|chunk| chunk.iter().sum()).collect();
    sums.reverse();
    sums
}

fn draw_message(frame: &mut Frame<'_>, session: &Session, theme: Theme, area: Rect) {
    let leaving = match session.unsaved() {
        1 => "One text is not saved: q quits without it, any other key goes back".to_owned(),
        texts => {
            format!("{texts} texts are not saved: q quits without them, any other key goes back")
        }
    };
    let (text, style) = match (&session.mode, &session.message) {
        (Mode::Leaving, _) => (leaving, theme.tone(Tone::Bad)),
        (_, Some(message)) if message.is_failure => (message.text.clone(), theme.tone(Tone::Bad)),
        (_, Some(message)) => (message.text.clone(), theme.tone(Tone::Good)),
        (_, None) => return,
    };
    frame.render_widget(Paragraph::new(cut(&clean(&text), area.width.into())).style(style), area);
}

fn draw_form(frame: &mut Frame<'_>, session: &Session, form: &Form, theme: Theme, area: Rect) {
    let signal = session.item().signal.as_ref().filter(|_| form.kind != FormKind::Task);
    let about = match signal {
        Some(signal) => format!(" {} signal {} ", form.kind.title(), signal.id),
        None => format!(" {} for {} ", form.kind.title(), clean(session.group().title())),
    };
    let help = " Enter next, at the end saves · Esc closes ";
    let about = cut(&about, usize::from(area.width).saturating_sub(4));
    let mut block = Block::bordered().title(about).title_style(BOLD).border_style(theme.heading());
    if usize::from(area.width) > help.width() + 2 {
        block = block.title_bottom(Line::from(help).right_aligned());
    }
    let inside = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    let labels = form.fields.iter().map(|field| field.label.width()).max().unwrap_or(0) + 2;
    let room = usize::from(inside.width).saturating_sub(labels + 2);
    let mut lines = Vec::new();
    for (place, field) in form.fields.iter().enumerate() {
        let is_here = place == form.at;
        let label = format!(" {:labels$}", field.label);
        let label_style = if is_here { theme.heading() } else { Style::new() };
        let mut spans = vec![Span::styled(label, label_style)];
        let (shown, cursor) = value_spans(field, form, is_here, room);
        spans.extend(shown);
        lines.push(Line::from(spans));
        if let Some(column) = cursor.filter(|_| is_here) {
            let x = inside.x + (1 + labels + column) as u16;
            frame.set_cursor_position(Position { x, y: inside.y + place as u16 });
        }
    }
    if let Some(problem) = &form.problem {
        let text = cut(&format!(" {}", clean(problem)), inside.width.into());
        lines.push(Line::styled(text, theme.tone(Tone::Bad)));
    }
    frame.render_widget(Paragraph::new(lines), inside);
}

/// The text of a field, and the column of the cursor in it.
fn value_spans(
    field: &FormField,
    form: &Form,
    is_here: bool,
    room: usize,
) -> (Vec<Span<'static>>, Option<usize>) {
    match &field.value {
        FieldInput::Text(editor) => {
            // Shows the part of a long text around the cursor.
            let before = clean(&editor.before_cursor());
            let mut shown = before.clone();
            while shown.width() + 1 > room && !shown.is_empty() {
                shown.remove(0);
            }
            let cursor = shown.width();
            let after: String =
                clean(&editor.text()).chars().skip(before.chars().count()).collect();
            (vec![Span::raw(cut(&format!("{shown}{after}"), room))], Some(cursor))
        }
        FieldInput::Choice { .. } if field.label == "Tasks" && form.drops_tasks_anyway() => {
            (vec![Span::raw("drop: nothing is left to do with this outcome")], None)
        }
        FieldInput::Choice { words, at } if is_here => {
            let mut spans = Vec::new();
            for (place, word) in words.iter().enumerate() {
                let style = if place == *at { BAR } else { Style::new() };
                spans.push(Span::styled(format!(" {word} "), style));
            }
            (spans, None)
        }
        FieldInput::Choice { words, at } => (vec![Span::raw(words[*at])], None),
    }
}

fn draw_help(frame: &mut Frame<'_>, theme: Theme, body: Rect) {
    let keys = HELP.iter().map(|(key, _)| key.width()).max().unwrap_or(0);
    let widest = HELP.iter().map(|(_, words)| words.width()).max().unwrap_or(0) + keys + 6;
    let width = (widest as u16).min(body.width);
    let height = (HELP.len() as u16 + 2).min(body.height);
    let area = Rect {
        x: body.x + (body.width - width) / 2,
        y: body.y + (body.height - height) / 2,
        width,
        height,
    };
    let line = |(key, words): &(&str, &str)| {
        let gap = " ".repeat(keys.saturating_sub(key.width()) + 2);
        Line::from(vec![
            Span::styled(format!(" {key}"), theme.heading()),
            Span::raw(format!("{gap}{words}")),
        ])
    };
    let lines: Vec<Line<'static>> = HELP.iter().map(line).collect();
    let block = Block::bordered().title(" Keys ").title_style(BOLD).border_style(theme.heading());
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// Text from the data, escaped so that its control characters do not reach the terminal.
fn clean(text: &str) -> String {
    escape::for_terminal(text).into_owned()
}
