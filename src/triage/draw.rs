//! The screen of a session: the companies on the left, the selected item on the right, and below
//! them the open form, the last message, and the keys.

use ratatui::Frame;
use ratatui::layout::Constraint::{Length, Min};
use ratatui::layout::{Layout, Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};
use unicode_width::UnicodeWidthStr;

use super::detail::Detail;
use super::form::{FieldInput, Form, FormField, FormKind};
use super::session::{AgendaItem, Fate, Mode, Session};
use super::text::Text;
use super::theme::{BAR, BOLD, Theme, clean};
use crate::domain::signal::SignalType;
use crate::render::{Tone, counted, cut, wrap};
use crate::views::agenda::{CompanyAgenda, is_urgent};

/// The smallest terminal, in columns and rows. A smaller one only shows a message about its size.
const LEAST: (u16, u16) = (60, 16);

/// From this width on, the details are drawn in two columns.
const TWO_COLUMNS: usize = 110;

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
    let rows = [Length(1), Min(1), Length(form_height), Length(1), Length(1)];
    let [title, body, form, message, keys] = Layout::vertical(rows).areas(area);
    let list_width = (body.width * 3 / 10).clamp(24, 44);
    let columns = [Length(list_width), Length(3), Min(1)];
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
    let text = cut(&format!("  {place} {mark} {}", clean(&signal.rule)), width);
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
    let mut who = Text::new(theme, each);
    if columns == 1 {
        std::mem::swap(&mut what, &mut who);
    }
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
        let halves = [Length(each as u16), Length(3), Min(1)];
        let [left, _, right] = Layout::horizontal(halves).areas(area);
        frame.render_widget(Paragraph::new(what.lines).scroll(scroll), left);
        frame.render_widget(Paragraph::new(who.lines).scroll(scroll), right);
    } else {
        frame.render_widget(Paragraph::new(who.lines).scroll(scroll), area);
    }
    if session.scroll < most {
        let last = Rect { y: area.bottom() - 1, height: 1, ..area };
        frame.render_widget(Clear, last);
        let more = counted((most - session.scroll) as u64 + 1, "line", "lines");
        let more = Paragraph::new(format!("↓ {more} more: PgDn"));
        frame.render_widget(more.style(theme.tone(Tone::Faint)), last);
    }
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
            let style = |place| if place == *at { BAR } else { Style::new() };
            let words = words.iter().enumerate();
            let span = |(place, word)| Span::styled(format!(" {word} "), style(place));
            (words.map(span).collect(), None)
        }
        FieldInput::Choice { words, at } => (vec![Span::raw(words[*at])], None),
    }
}

fn draw_help(frame: &mut Frame<'_>, theme: Theme, body: Rect) {
    let keys = HELP.iter().map(|(key, _)| key.width()).max().unwrap_or(0);
    let widest = HELP.iter().map(|(_, words)| words.width()).max().unwrap_or(0) + keys + 6;
    let width = (widest as u16).min(body.width);
    let height = (HELP.len() as u16 + 2).min(body.height);
    let (x, y) = (body.x + (body.width - width) / 2, body.y + (body.height - height) / 2);
    let area = Rect { x, y, width, height };
    let line = |(key, words): &(&str, &str)| {
        let gap = " ".repeat(keys.saturating_sub(key.width()) + 2);
        let key = Span::styled(format!(" {key}"), theme.heading());
        Line::from(vec![key, Span::raw(format!("{gap}{words}"))])
    };
    let lines: Vec<Line<'static>> = HELP.iter().map(line).collect();
    let block = Block::bordered().title(" Keys ").title_style(BOLD).border_style(theme.heading());
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}
