//! `signals triage`: an interactive session that goes through open signals one by one.
//!
//! [`session`] has the state and the meaning of each key, [`form`] and [`editor`] handle input,
//! [`detail`] reads the details of one item, [`draw`] draws the screen, and this file connects them
//! with the terminal and the database. Changes go through `ops`, as in the commands of the same
//! names, each in its own transaction.

mod bars;
mod detail;
mod draw;
mod editor;
mod form;
mod session;
#[cfg(test)]
mod tests;
mod text;
mod theme;

use anyhow::{Context as _, Result};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use ratatui::crossterm::execute;

use crate::context::Context;
use crate::domain::task::Owner;
use crate::error::report;
use crate::ops::acknowledge::{self, NewEntry};
use crate::ops::agenda;
use crate::ops::undo::{self, UndoableChange};
use crate::ops::work;
use crate::query::AsOfOption;
use crate::store::Store;
use detail::Detail;
use form::ChangeRequest;
use session::{DatabaseRequest, Session};
use theme::Theme;

/// Goes through the agenda of a person, or of everybody, in the terminal. Returns a summary of what
/// was done; `None` if the agenda is empty.
pub(crate) fn run(context: &Context, person: Option<String>) -> Result<Option<String>> {
    let mut store = context.writer()?;
    let agenda = agenda::gather(context, &store, person.as_deref(), AsOfOption::default())?;
    if agenda.groups.is_empty() {
        return Ok(None);
    }
    let mut session = Session::new(agenda, person);
    let theme = Theme::of(context.ui.look().has_colour);
    let mut terminal = ratatui::try_init().context("cannot take over the terminal")?;
    let _ = execute!(terminal.backend_mut(), EnableBracketedPaste);
    let result = go_through(context, &mut store, &mut session, &mut terminal, theme);
    let _ = execute!(terminal.backend_mut(), DisableBracketedPaste);
    ratatui::restore();
    result?;
    Ok(Some(session.summary().unwrap_or_else(|| "nothing was changed".to_owned())))
}

/// Restores the terminal if a session is using it. For a program that is asked to end.
pub fn give_back_terminal() {
    if ratatui::crossterm::terminal::is_raw_mode_enabled().unwrap_or(false) {
        ratatui::restore();
    }
}

fn go_through(
    context: &Context,
    store: &mut Store,
    session: &mut Session,
    terminal: &mut DefaultTerminal,
    theme: Theme,
) -> Result<()> {
    while !session.is_over {
        if session.detail.is_none() {
            let company = session.group().at_stake.customer.key;
            let signal = session.item().signal.as_ref().map(|signal| signal.id);
            session.detail = Some(Detail::gather(context, store, company, signal)?);
        }
        terminal.draw(|frame| draw::draw(frame, session, theme))?;
        match event::read()? {
            Event::Key(key) if key.is_press() || key.is_repeat() => {
                if let Some(asked) = session.press(key) {
                    answer(context, store, session, asked);
                }
            }
            Event::Paste(text) => session.paste(&text),
            _ => {}
        }
    }
    Ok(())
}

fn answer(context: &Context, store: &mut Store, session: &mut Session, asked: DatabaseRequest) {
    let result = match asked {
        DatabaseRequest::Change(request) => {
            make(context, store, request).map(|(change, text)| session.done(change, text))
        }
        DatabaseRequest::Undo => match session.last_change() {
            Some(change) => undo::undo(context, store, change).map(|()| session.undone()),
            None => Ok(()),
        },
    };
    if let Err(error) = result {
        session.failed(in_one_line(&error));
    }
}

/// The error and its hints in one line.
fn in_one_line(error: &anyhow::Error) -> String {
    match report(error) {
        Some(report) => {
            let parts: Vec<String> = std::iter::once(report.message).chain(report.hints).collect();
            parts.join("; ")
        }
        None => error.to_string(),
    }
}

/// Makes a change. Returns what is needed to undo it, and a text that says what was done.
fn make(
    context: &Context,
    store: &mut Store,
    request: ChangeRequest,
) -> Result<(UndoableChange, String)> {
    match request {
        ChangeRequest::Acknowledge { signal, reason, outcome, drops_tasks } => {
            let mut entry = NewEntry::acknowledge(reason, Some(outcome));
            entry.drops_tasks |= drops_tasks;
            let dropped = match entry.drops_tasks {
                true => store.tasks_of_signal_alone(signal)?,
                false => Vec::new(),
            };
            acknowledge::enter(context, store, &[signal], &entry)?;
            let text = format!("acknowledged signal {signal} as {outcome}");
            Ok((UndoableChange::Acknowledged { signal, dropped }, text))
        }
        ChangeRequest::Snooze { signal, until, reason } => {
            let before = store.signal(signal)?.and_then(|signal| signal.snoozed_until);
            let before = before.filter(|day| *day > context.today(store));
            acknowledge::enter(context, store, &[signal], &NewEntry::snooze(until, reason))?;
            let text = format!("snoozed signal {signal} until {until}");
            Ok((UndoableChange::Snoozed { signal, before }, text))
        }
        ChangeRequest::Note { signal, text } => {
            acknowledge::enter(context, store, &[signal], &NewEntry::note(text.clone()))?;
            Ok((UndoableChange::Noted { signal, text }, format!("added a note to signal {signal}")))
        }
        ChangeRequest::AddTask { company, title, due_on, owner } => {
            let owner = work::owner(store, &owner)?;
            let stranger = match &owner {
                Owner::Person(name) => work::stranger(store, name)?,
                _ => None,
            };
            let task = work::add(context, store, company, &title, due_on, &owner)?;
            let warning = stranger.map(|text| format!("; {text}")).unwrap_or_default();
            let text = format!("added task {task}, due {due_on}{warning}");
            Ok((UndoableChange::AddedTask(task), text))
        }
    }
}
