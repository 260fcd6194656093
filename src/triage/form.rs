//! Forms for changes.

use ratatui::crossterm::event::{KeyCode, KeyEvent};

use super::editor::Editor;
use crate::domain::company::CompanyKey;
use crate::domain::day::{Day, DayOrOffset};
use crate::domain::signal::{Outcome, SignalId};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ChangeRequest {
    Acknowledge { signal: SignalId, reason: String, outcome: Outcome, drops_tasks: bool },
    Snooze { signal: SignalId, until: Day, reason: String },
    Note { signal: SignalId, text: String },
    AddTask { company: CompanyKey, title: String, due_on: Day, owner: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum FormKind {
    Acknowledge,
    Snooze,
    Note,
    Task,
}

impl FormKind {
    pub(super) fn title(self) -> &'static str {
        match self {
            FormKind::Acknowledge => "Acknowledge",
            FormKind::Snooze => "Snooze",
            FormKind::Note => "Note",
            FormKind::Task => "New task",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FormField {
    pub label: &'static str,
    pub value: FieldInput,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum FieldInput {
    /// Text that is typed.
    Text(Editor),
    /// One of several words; `at` is the index of the selected one.
    Choice { words: &'static [&'static str], at: usize },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Form {
    pub kind: FormKind,
    pub fields: Vec<FormField>,
    /// The index of the active field.
    pub at: usize,
    /// Why it cannot be saved.
    pub problem: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pressed {
    /// The form stays open.
    Going,
    /// The form is complete and should be saved.
    Save,
    /// The form should be closed. What was typed is kept.
    PutAway,
}

/// The outcomes that a person can choose, most common first.
const OUTCOMES: &[&str] = &["handled", "expected", "false-alarm", "saved", "lost", "recovered"];
/// What to do with the open tasks of a signal, if the outcome does not decide that.
const TASKS: &[&str] = &["keep", "drop"];

fn text(label: &'static str, text: &str) -> FormField {
    FormField { label, value: FieldInput::Text(Editor::of(text)) }
}

fn choice(label: &'static str, words: &'static [&'static str]) -> FormField {
    FormField { label, value: FieldInput::Choice { words, at: 0 } }
}

impl Form {
    /// An empty form. `has_tasks` means that the signal has open tasks that no other signal has.
    pub(super) fn new(kind: FormKind, has_tasks: bool) -> Self {
        let mut fields = match kind {
            FormKind::Acknowledge => vec![text("Reason", ""), choice("Outcome", OUTCOMES)],
            FormKind::Snooze => vec![text("Until", "+7d"), text("Reason", "")],
            FormKind::Note => vec![text("Note", "")],
            FormKind::Task => vec![text("Task", ""), text("Due", "+7d"), text("For", "csm")],
        };
        if kind == FormKind::Acknowledge && has_tasks {
            fields.push(choice("Tasks", TASKS));
        }
        Form { kind, fields, at: 0, problem: None }
    }

    /// Whether anything was typed or chosen.
    pub(super) fn is_touched(&self) -> bool {
        let blank = Form::new(self.kind, self.fields.len() > 2);
        let texts = |form: &Form| form.fields.iter().map(FormField::text).collect::<Vec<_>>();
        texts(self) != texts(&blank)
    }

    /// Whether the selected outcome drops the tasks anyway.
    pub(super) fn drops_tasks_anyway(&self) -> bool {
        self.kind == FormKind::Acknowledge && self.outcome().drops_tasks()
    }

    pub(super) fn press(&mut self, key: KeyEvent) -> Pressed {
        self.problem = None;
        let last = self.fields.len() - 1;
        match key.code {
            KeyCode::Esc => return Pressed::PutAway,
            KeyCode::Enter if self.at == last => return Pressed::Save,
            KeyCode::Enter | KeyCode::Tab | KeyCode::Down => self.at = (self.at + 1) % (last + 1),
            KeyCode::BackTab | KeyCode::Up => self.at = (self.at + last) % (last + 1),
            _ => match &mut self.fields[self.at].value {
                FieldInput::Text(editor) => editor.press(key),
                FieldInput::Choice { words, at } => match key.code {
                    KeyCode::Right | KeyCode::Char(' ') => *at = (*at + 1) % words.len(),
                    KeyCode::Left => *at = (*at + words.len() - 1) % words.len(),
                    KeyCode::Char(letter) => {
                        let next = (1..=words.len()).map(|step| (*at + step) % words.len());
                        let named = next.into_iter().find(|at| words[*at].starts_with(letter));
                        *at = named.unwrap_or(*at);
                    }
                    _ => {}
                },
            },
        }
        Pressed::Going
    }

    /// Inserts pasted text into the active field.
    pub(super) fn paste(&mut self, pasted: &str) {
        if let FieldInput::Text(editor) = &mut self.fields[self.at].value {
            editor.insert(pasted.trim_end());
        }
    }

    /// The change that the form requests. If a field is invalid, it becomes active, and
    /// [`Form::problem`] says why.
    pub(super) fn request(
        &mut self,
        signal: Option<SignalId>,
        company: CompanyKey,
        today: Day,
    ) -> Option<ChangeRequest> {
        match self.read(signal, company, today) {
            Ok(request) => Some(request),
            Err((field, problem)) => {
                (self.at, self.problem) = (field, Some(problem));
                None
            }
        }
    }

    fn read(
        &self,
        signal: Option<SignalId>,
        company: CompanyKey,
        today: Day,
    ) -> Result<ChangeRequest, (usize, String)> {
        let signal = || signal.ok_or((0, "there is no open signal here".to_owned()));
        Ok(match self.kind {
            FormKind::Acknowledge => ChangeRequest::Acknowledge {
                signal: signal()?,
                reason: self.written(0)?,
                outcome: self.outcome(),
                drops_tasks: self.fields.get(2).is_some_and(|field| field.text() == "drop"),
            },
            FormKind::Snooze => ChangeRequest::Snooze {
                signal: signal()?,
                until: self.later_day(0, today)?,
                reason: self.written(1)?,
            },
            FormKind::Note => ChangeRequest::Note { signal: signal()?, text: self.written(0)? },
            FormKind::Task => ChangeRequest::AddTask {
                company,
                title: self.written(0)?,
                due_on: self.day(1, today)?,
                owner: self.written(2)?,
            },
        })
    }

    fn outcome(&self) -> Outcome {
        self.fields[1].text().parse().unwrap_or(Outcome::Handled)
    }

    fn written(&self, field: usize) -> Result<String, (usize, String)> {
        let text = self.fields[field].text();
        match text.trim() {
            "" => Err((field, format!("{} is blank", self.fields[field].label))),
            text => Ok(text.to_owned()),
        }
    }

    fn day(&self, field: usize, today: Day) -> Result<Day, (usize, String)> {
        let given: Result<DayOrOffset, String> = self.written(field)?.parse();
        given.map(|given| given.on(today)).map_err(|problem| (field, problem))
    }

    fn later_day(&self, field: usize, today: Day) -> Result<Day, (usize, String)> {
        match self.day(field, today)? {
            day if day <= today => Err((field, format!("{day} is not after today, {today}"))),
            day => Ok(day),
        }
    }
}

impl FormField {
    /// The text, or the selected word.
    pub(super) fn text(&self) -> String {
        match &self.value {
            FieldInput::Text(editor) => editor.text(),
            FieldInput::Choice { words, at } => words[*at].to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNAL: Option<SignalId> = Some(SignalId(7));
    const COMPANY: CompanyKey = CompanyKey(3);

    fn type_text(form: &mut Form, text: &str) {
        text.chars().for_each(|letter| {
            form.press(KeyEvent::from(KeyCode::Char(letter)));
        });
    }

    fn press(form: &mut Form, code: KeyCode) -> Pressed {
        form.press(KeyEvent::from(code))
    }

    fn today() -> Day {
        "2026-04-01".parse().unwrap()
    }

    #[test]
    fn an_acknowledgement_has_a_reason_and_an_outcome() {
        let mut form = Form::new(FormKind::Acknowledge, true);
        assert_eq!(form.request(SIGNAL, COMPANY, today()), None);
        assert_eq!(form.problem.as_deref(), Some("Reason is blank"));
        type_text(&mut form, "Called Ana");
        assert_eq!(press(&mut form, KeyCode::Enter), Pressed::Going);
        assert!(!form.drops_tasks_anyway());
        type_text(&mut form, "s");
        assert_eq!(form.fields[1].text(), "saved");
        press(&mut form, KeyCode::Left);
        assert_eq!(form.fields[1].text(), "false-alarm");
        assert!(form.drops_tasks_anyway());
        press(&mut form, KeyCode::Tab);
        press(&mut form, KeyCode::Right);
        assert_eq!(press(&mut form, KeyCode::Enter), Pressed::Save);
        let expected = ChangeRequest::Acknowledge {
            signal: SignalId(7),
            reason: "Called Ana".to_owned(),
            outcome: Outcome::FalseAlarm,
            drops_tasks: true,
        };
        assert_eq!(form.request(SIGNAL, COMPANY, today()), Some(expected));
    }

    #[test]
    fn a_snooze_ends_after_today() {
        let mut form = Form::new(FormKind::Snooze, false);
        press(&mut form, KeyCode::Down);
        type_text(&mut form, "On leave");
        let snooze = |until: &str| ChangeRequest::Snooze {
            signal: SignalId(7),
            until: until.parse().unwrap(),
            reason: "On leave".to_owned(),
        };
        assert_eq!(form.request(SIGNAL, COMPANY, today()), Some(snooze("2026-04-08")));
        let cases = [
            ("2026-05-02", Some("2026-05-02"), None),
            ("today", None, Some("2026-04-01 is not after today, 2026-04-01")),
            (
                "soon",
                None,
                Some("'soon' is not a day; write YYYY-MM-DD, today, yesterday, -7d or +3d"),
            ),
            (" ", None, Some("Until is blank")),
        ];
        for (until, expected, problem) in cases {
            form.fields[0].value = FieldInput::Text(Editor::of(until));
            form.problem = None;
            assert_eq!(form.request(SIGNAL, COMPANY, today()), expected.map(snooze), "{until}");
            assert_eq!(form.problem.as_deref(), problem, "{until}");
        }
        assert_eq!(form.at, 0);
    }

    #[test]
    fn a_task_has_a_title_a_day_and_an_owner() {
        let mut form = Form::new(FormKind::Task, false);
        form.paste("Ask who\ntakes over\n");
        let expected = ChangeRequest::AddTask {
            company: COMPANY,
            title: "Ask who takes over".to_owned(),
            due_on: "2026-04-08".parse().unwrap(),
            owner: "csm".to_owned(),
        };
        assert_eq!(form.request(None, COMPANY, today()), Some(expected));
    }

    #[test]
    fn a_form_is_touched_as_soon_as_something_is_typed() {
        for kind in [FormKind::Acknowledge, FormKind::Snooze, FormKind::Note, FormKind::Task] {
            for has_tasks in [false, true] {
                let mut form = Form::new(kind, has_tasks);
                assert!(!form.is_touched(), "{kind:?}");
                press(&mut form, KeyCode::Tab);
                press(&mut form, KeyCode::BackTab);
                assert!(!form.is_touched(), "{kind:?}");
                type_text(&mut form, "x");
                assert!(form.is_touched(), "{kind:?}");
                assert_eq!(press(&mut form, KeyCode::Esc), Pressed::PutAway);
            }
        }
    }
}
