//! The state of a session, and the effect of each key. It knows neither the terminal nor the
//! database: a change that the user requests is returned as [`DatabaseRequest`], and its result is passed
//! back.

use std::collections::BTreeMap;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::detail::Detail;
use super::form::{ChangeRequest, Form, FormKind, Pressed};
use crate::domain::day::Day;
use crate::domain::signal::SignalType;
use crate::ops::undo::UndoableChange;
use crate::render::counted;
use crate::store::OpenSignal;
use crate::views::agenda::{Agenda, CompanyAgenda, is_urgent};

/// One thing to attend to: a signal, or a company that needs attention without having a signal.
#[derive(Debug, Clone)]
pub(super) struct AgendaItem {
    /// The index of the company among the groups.
    pub group: usize,
    pub signal: Option<OpenSignal>,
    /// What was done with it in this session; `None` while it is open.
    pub fate: Option<Fate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Acknowledged,
    Snoozed,
}

/// A request to change the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DatabaseRequest {
    Change(ChangeRequest),
    Undo,
}

/// What keys act on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mode {
    /// The list of items.
    Browsing,
    Filling(Form),
    /// The help for the keys.
    Help,
    /// The question whether to quit although text is not saved.
    Leaving,
}

/// A line below the items: what was done, or an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StatusLine {
    pub text: String,
    pub is_failure: bool,
}

pub(super) struct Session {
    /// The companies, most at stake first.
    pub groups: Vec<CompanyAgenda>,
    pub items: Vec<AgendaItem>,
    /// The index of the selected item.
    pub at: usize,
    pub mode: Mode,
    pub message: Option<StatusLine>,
    /// The details of the selected item; if `None`, they are read again.
    pub detail: Option<Detail>,
    /// How many lines of the details are scrolled off the top.
    pub scroll: usize,
    pub today: Day,
    /// The person whose companies these are; `None` for everybody.
    pub person: Option<String>,
    pub is_over: bool,
    /// The forms that were not saved, by item.
    drafts: BTreeMap<(usize, FormKind), Form>,
    /// The changes that were made, with the indexes of their items; undone ones are removed.
    changes: Vec<(usize, UndoableChange)>,
}

impl Session {
    pub(super) fn new(agenda: Agenda, person: Option<String>) -> Self {
        let mut items = Vec::new();
        for (place, group) in agenda.groups.iter().enumerate() {
            let mut signals = group.signals.clone();
            signals.sort_by_key(|signal| {
                (!is_urgent(signal), signal.signal_type != SignalType::Bad, signal.id)
            });
            let item = |signal| AgendaItem { group: place, signal, fate: None };
            match signals.is_empty() {
                true => items.push(item(None)),
                false => items.extend(signals.into_iter().map(|signal| item(Some(signal)))),
            }
        }
        Session {
            groups: agenda.groups,
            items,
            at: 0,
            mode: Mode::Browsing,
            message: None,
            detail: None,
            scroll: 0,
            today: agenda.today,
            person,
            is_over: false,
            drafts: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    pub(super) fn item(&self) -> &AgendaItem {
        &self.items[self.at]
    }

    /// The company of the selected item.
    pub(super) fn group(&self) -> &CompanyAgenda {
        &self.groups[self.item().group]
    }

    /// The number of open signals, now and at the beginning.
    pub(super) fn progress(&self) -> (usize, usize) {
        let signals = || self.items.iter().filter(|item| item.signal.is_some());
        (signals().filter(|item| item.fate.is_none()).count(), signals().count())
    }

    pub(super) fn unsaved(&self) -> usize {
        self.drafts.len()
    }

    /// A summary of the changes; `None` if there are none.
    pub(super) fn summary(&self) -> Option<String> {
        let count = |is_meant: fn(&UndoableChange) -> bool| {
            self.changes.iter().filter(|(_, change)| is_meant(change)).count() as u64
        };
        let acknowledged = count(|change| matches!(change, UndoableChange::Acknowledged { .. }));
        let snoozed = count(|change| matches!(change, UndoableChange::Snoozed { .. }));
        let noted = count(|change| matches!(change, UndoableChange::Noted { .. }));
        let tasks = count(|change| matches!(change, UndoableChange::AddedTask(_)));
        let parts = [
            (acknowledged, format!("acknowledged {}", counted(acknowledged, "signal", "signals"))),
            (snoozed, format!("snoozed {}", counted(snoozed, "signal", "signals"))),
            (noted, format!("added {}", counted(noted, "note", "notes"))),
            (tasks, format!("added {}", counted(tasks, "task", "tasks"))),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter(|(count, _)| *count > 0).map(|(_, words)| words).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    /// Handles a key. Returns a change if the user requests one; the caller reports its result with
    /// [`Session::done`], [`Session::undone`] or [`Session::failed`].
    pub(super) fn press(&mut self, key: KeyEvent) -> Option<DatabaseRequest> {
        let is_interrupt =
            key.code == KeyCode::Char('c') && key.modifiers.contains(KeyModifiers::CONTROL);
        match &mut self.mode {
            Mode::Filling(_) if is_interrupt => self.put_away(),
            Mode::Filling(form) => match form.press(key) {
                Pressed::Going => {}
                Pressed::PutAway => self.put_away(),
                Pressed::Save => return self.save().map(DatabaseRequest::Change),
            },
            Mode::Help => self.mode = Mode::Browsing,
            Mode::Leaving => match key.code {
                KeyCode::Char('q' | 'y') => self.is_over = true,
                _ if is_interrupt => self.is_over = true,
                _ => self.mode = Mode::Browsing,
            },
            Mode::Browsing if is_interrupt => self.leave(),
            Mode::Browsing => return self.browse(key),
        }
        None
    }

    fn browse(&mut self, key: KeyEvent) -> Option<DatabaseRequest> {
        self.message = None;
        match key.code {
            KeyCode::Char('q') => self.leave(),
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.mode = Mode::Help,
            KeyCode::Down | KeyCode::Char('j' | ' ') => self.go_to(self.at + 1),
            KeyCode::Up | KeyCode::Char('k') => self.go_to(self.at.saturating_sub(1)),
            KeyCode::Right | KeyCode::Tab => self.go_to_company(1),
            KeyCode::Left | KeyCode::BackTab => self.go_to_company(-1),
            KeyCode::Home => self.go_to(0),
            KeyCode::End => self.go_to(self.items.len() - 1),
            KeyCode::PageDown => self.scroll += 10,
            KeyCode::PageUp => self.scroll = self.scroll.saturating_sub(10),
            KeyCode::Char('a') => self.open(FormKind::Acknowledge),
            KeyCode::Char('s') => self.open(FormKind::Snooze),
            KeyCode::Char('n') => self.open(FormKind::Note),
            KeyCode::Char('t') => self.open(FormKind::Task),
            KeyCode::Char('u') if self.changes.is_empty() => self.tell("nothing to undo"),
            KeyCode::Char('u') => return Some(DatabaseRequest::Undo),
            _ => {}
        }
        None
    }

    /// Inserts pasted text into the open form, if any.
    pub(super) fn paste(&mut self, text: &str) {
        if let Mode::Filling(form) = &mut self.mode {
            form.paste(text);
        }
    }

    /// The last change, which [`DatabaseRequest::Undo`] is about.
    pub(super) fn last_change(&self) -> Option<&UndoableChange> {
        self.changes.last().map(|(_, change)| change)
    }

    /// Records that a change was made.
    pub(super) fn done(&mut self, change: UndoableChange, text: String) {
        let fate = match &change {
            UndoableChange::Acknowledged { .. } => Some(Fate::Acknowledged),
            UndoableChange::Snoozed { .. } => Some(Fate::Snoozed),
            UndoableChange::Noted { .. } | UndoableChange::AddedTask(_) => None,
        };
        if let Mode::Filling(form) = &self.mode {
            self.drafts.remove(&(self.at, form.kind));
        }
        self.mode = Mode::Browsing;
        self.changes.push((self.at, change));
        self.detail = None;
        self.message =
            Some(StatusLine { text: format!("{text} (u undoes it)"), is_failure: false });
        if fate.is_some() {
            self.items[self.at].fate = fate;
            self.go_to_next_open();
        }
    }

    /// Records that the last change was undone.
    pub(super) fn undone(&mut self) {
        let Some((at, change)) = self.changes.pop() else { return };
        self.go_to(at);
        self.detail = None;
        if matches!(change, UndoableChange::Acknowledged { .. } | UndoableChange::Snoozed { .. }) {
            self.items[at].fate = None;
        }
        self.tell(match change {
            UndoableChange::Acknowledged { .. } => "undone: the signal is open again",
            UndoableChange::Snoozed { .. } => "undone: the signal is no longer snoozed",
            UndoableChange::Noted { .. } => "undone: the note is marked as withdrawn",
            UndoableChange::AddedTask(_) => "undone: the task is dropped",
        });
    }

    /// Shows why a change could not be made. An open form stays open, with everything that was
    /// typed.
    pub(super) fn failed(&mut self, text: String) {
        match &mut self.mode {
            Mode::Filling(form) => form.problem = Some(text),
            _ => self.message = Some(StatusLine { text, is_failure: true }),
        }
    }

    fn tell(&mut self, text: &str) {
        self.message = Some(StatusLine { text: text.to_owned(), is_failure: false });
    }

    fn open(&mut self, kind: FormKind) {
        let item = self.item();
        if item.signal.is_none() && kind != FormKind::Task {
            return self.tell("no open signal here; t adds a task");
        }
        if item.fate.is_some() && matches!(kind, FormKind::Acknowledge | FormKind::Snooze) {
            return self.tell("this signal is done; u undoes the last change");
        }
        let has_tasks = self.detail.as_ref().is_some_and(|detail| detail.has_own_tasks());
        let draft = self.drafts.remove(&(self.at, kind));
        self.mode = Mode::Filling(draft.unwrap_or_else(|| Form::new(kind, has_tasks)));
    }

    fn put_away(&mut self) {
        if let Mode::Filling(form) = std::mem::replace(&mut self.mode, Mode::Browsing)
            && form.is_touched()
        {
            self.tell(&format!("{}: kept what you typed for next time", form.kind.title()));
            self.drafts.insert((self.at, form.kind), form);
        }
    }

    fn save(&mut self) -> Option<ChangeRequest> {
        let signal = self.item().signal.as_ref().map(|signal| signal.id);
        let (company, today) = (self.group().at_stake.customer.key, self.today);
        let Mode::Filling(form) = &mut self.mode else { return None };
        form.request(signal, company, today)
    }

    fn leave(&mut self) {
        match self.drafts.is_empty() {
            true => self.is_over = true,
            false => self.mode = Mode::Leaving,
        }
    }

    fn go_to(&mut self, at: usize) {
        let at = at.min(self.items.len() - 1);
        if at != self.at {
            (self.at, self.detail, self.scroll) = (at, None, 0);
        }
    }

    fn go_to_company(&mut self, step: isize) {
        let group = self.item().group.saturating_add_signed(step);
        if let Some(at) = self.items.iter().position(|item| item.group == group) {
            self.go_to(at);
        }
    }

    /// Goes to the next open signal, after the last one to the first. Stays if no signal is open.
    fn go_to_next_open(&mut self) {
        let is_open =
            |at: &usize| self.items[*at].signal.is_some() && self.items[*at].fate.is_none();
        match (self.at..self.items.len()).chain(0..self.at).find(is_open) {
            Some(at) => self.go_to(at),
            None => self.tell("all signals are done; q quits, u undoes the last change"),
        }
    }
}
