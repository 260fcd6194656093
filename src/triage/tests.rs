use std::path::Path;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::detail::{DailyCounts, Detail, PersonTrend, SignalDetail};
use super::draw;
use super::form::ChangeRequest;
use super::session::{DatabaseRequest, Fate, Mode, Session};
use super::theme::Theme;
use crate::domain::company::CompanyKey;
use crate::domain::day::Day;
use crate::domain::portfolio::tests::customer;
use crate::domain::portfolio::{AtStake, Concern};
use crate::domain::signal::{Outcome, SignalId, SignalType};
use crate::domain::task::{Owner, TaskId};
use crate::ops::undo::UndoableChange;
use crate::render::Tone;
use crate::store::{OpenSignal, TaskRecord};
use crate::views::agenda::{Agenda, CompanyAgenda, ReviewDue};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn signal(id: i64, signal_type: SignalType, rule: &str, holds: Option<bool>) -> OpenSignal {
    OpenSignal {
        id: SignalId(id),
        company: CompanyKey(1),
        signal_type,
        raised_on: day("2026-03-28"),
        rule: rule.to_owned(),
        detail: format!("{rule} fell from 35 to 20 (-42.9 %)"),
        holds,
        assigned_to: None,
    }
}

fn group(
    number: u32,
    name: &str,
    concerns: Vec<Concern>,
    signals: Vec<OpenSignal>,
) -> CompanyAgenda {
    let mut customer = customer(number);
    customer.name = Some(name.to_owned());
    customer.csm = Some("Ana".to_owned());
    customer.mrr = Some(4200.0);
    customer.renewal_on = Some(day("2026-05-13"));
    let at_stake = AtStake { customer, concerns, points: 5 };
    CompanyAgenda { at_stake, signals, tasks: Vec::new(), review: None }
}

/// Three companies: one with three signals, one with one signal, and one without signals.
fn session() -> Session {
    let first = vec![
        signal(9, SignalType::Good, "report_exported", Some(true)),
        signal(4, SignalType::Bad, "gone-silent", Some(false)),
        signal(7, SignalType::Bad, "login", Some(true)),
    ];
    let mut third = group(3, "Initech", vec![Concern::RenewsIn(6)], Vec::new());
    third.review = Some(ReviewDue { due_on: day("2026-03-25"), last: None });
    let groups = vec![
        group(1, "Acme Foods", vec![Concern::RenewsIn(42), Concern::BadSignals(1)], first),
        group(
            2,
            "Globex Corporation International",
            vec![Concern::BadSignals(1)],
            vec![signal(5, SignalType::Bad, "nps-detractor", None)],
        ),
        third,
    ];
    let today = day("2026-04-01");
    let agenda = Agenda { groups, today, snoozed: 0, has_snoozed_of_others: false };
    let mut session = Session::new(agenda, Some("Ana".to_owned()));
    session.detail = Some(detail());
    session
}

fn task(id: i64, title: &str, due_on: &str) -> TaskRecord {
    TaskRecord {
        id: TaskId(id),
        company: CompanyKey(1),
        company_id: "C-1".to_owned(),
        company_name: None,
        csm: Some("Ana".to_owned()),
        title: title.to_owned(),
        due_on: day(due_on),
        owner: Owner::Csm,
        assignee: Some("Ana".to_owned()),
        playbook: None,
        signal: None,
        added_on: day("2026-03-28"),
        closed: None,
    }
}

fn detail() -> Detail {
    let counts: [u64; 14] = [7, 0, 0, 7, 7, 7, 7, 4, 0, 0, 4, 4, 4, 4];
    let days = (0..).zip(counts).map(|(place, count)| (day("2026-03-15") + place, count));
    let person = |name: &str, before, now, verdict, tone| PersonTrend {
        name: name.to_owned(),
        before,
        now,
        verdict,
        tone,
    };
    let text = |text: &str| text.to_owned();
    Detail {
        signal: Some(SignalDetail {
            standing: text("Signal 7: bad, open, raised on 2026-03-28, still holds"),
            text: text("login fell from 35 to 20 (-42.9 %)"),
            sentences: vec![text(
                "By chance alone, about 1 in 34 comparisons would look like this.",
            )],
            facts: Vec::new(),
            history: vec![
                (text("2026-03-28 raised"), String::new()),
                (text("2026-03-30 noted by Ana"), text("Asked support about the outage")),
            ],
            own_tasks: 1,
        }),
        chart: DailyCounts { title: text("login"), days: days.collect(), current: 7 },
        people: vec![
            person("Cid", 5, 10, "more", Tone::Plain),
            person("Ann Archer", 20, 0, "stopped", Tone::Bad),
        ],
        tasks: vec![
            task(3, "Call the champion and ask who takes over", "2026-03-30"),
            task(4, "Write a plan", "2026-04-06"),
        ],
    }
}

fn press(session: &mut Session, keys: &str) -> Option<DatabaseRequest> {
    let mut asked = None;
    for key in keys.chars() {
        let code = match key {
            '⏎' => KeyCode::Enter,
            '⎋' => KeyCode::Esc,
            '↓' => KeyCode::Down,
            '↑' => KeyCode::Up,
            '→' => KeyCode::Right,
            '←' => KeyCode::Left,
            key => KeyCode::Char(key),
        };
        asked = session.press(KeyEvent::from(code));
    }
    asked
}

fn interrupt(session: &mut Session) {
    session.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
}

fn id(session: &Session) -> Option<i64> {
    session.item().signal.as_ref().map(|signal| signal.id.0)
}

#[test]
fn items_are_ordered_by_company_and_then_bad_signals_that_hold_first() {
    let mut session = session();
    let mut seen = vec![id(&session)];
    for _ in 0..5 {
        press(&mut session, "↓");
        seen.push(id(&session));
    }
    assert_eq!(seen, [Some(7), Some(4), Some(9), Some(5), None, None]);
    press(&mut session, "k");
    assert_eq!(id(&session), Some(5));
    press(&mut session, "←");
    assert_eq!(id(&session), Some(7));
    press(&mut session, "→→");
    assert_eq!((id(&session), session.group().title()), (None, "Initech"));
    assert_eq!(session.progress(), (4, 4));
}

#[test]
fn after_an_acknowledgement_the_next_signal_is_selected() {
    let mut session = session();
    let asked = press(&mut session, "aCalled Bob⏎e⏎⏎");
    let expected = ChangeRequest::Acknowledge {
        signal: SignalId(7),
        reason: "Called Bob".to_owned(),
        outcome: Outcome::Expected,
        drops_tasks: false,
    };
    assert_eq!(asked, Some(DatabaseRequest::Change(expected)));
    let change = UndoableChange::Acknowledged { signal: SignalId(7), dropped: Vec::new() };
    session.done(change, "acknowledged signal 7".to_owned());
    assert_eq!((id(&session), session.progress()), (Some(4), (3, 4)));
    assert_eq!(session.items[0].fate, Some(Fate::Acknowledged));
    assert_eq!(session.summary().as_deref(), Some("acknowledged 1 signal"));

    // A signal cannot be acknowledged twice.
    assert_eq!(press(&mut session, "↑a"), None);
    assert_eq!(session.mode, Mode::Browsing);
    // The last change can be undone from any item.
    assert_eq!(press(&mut session, "→→u"), Some(DatabaseRequest::Undo));
    session.undone();
    assert_eq!((id(&session), session.progress(), session.summary()), (Some(7), (4, 4), None));
    assert_eq!(press(&mut session, "u"), None);
}

#[test]
fn after_a_note_or_a_task_the_signal_stays_selected() {
    let mut session = session();
    let asked = press(&mut session, "nAsked Ann⏎");
    let note = ChangeRequest::Note { signal: SignalId(7), text: "Asked Ann".to_owned() };
    assert_eq!(asked, Some(DatabaseRequest::Change(note)));
    session.done(
        UndoableChange::Noted { signal: SignalId(7), text: String::new() },
        "noted".to_owned(),
    );
    assert_eq!((id(&session), session.progress()), (Some(7), (4, 4)));
    let asked = press(&mut session, "→→tCall Bob⏎⏎⏎");
    let task = ChangeRequest::AddTask {
        company: CompanyKey(3),
        title: "Call Bob".to_owned(),
        due_on: day("2026-04-08"),
        owner: "csm".to_owned(),
    };
    assert_eq!(asked, Some(DatabaseRequest::Change(task)));
    session.done(UndoableChange::AddedTask(TaskId(1)), "added".to_owned());
    assert_eq!(session.summary().as_deref(), Some("added 1 note, added 1 task"));
    // This company has no signal to acknowledge.
    press(&mut session, "a");
    assert_eq!(session.mode, Mode::Browsing);
}

#[test]
fn nothing_typed_is_lost() {
    let typed = |session: &Session| match &session.mode {
        Mode::Filling(form) => Some(form.fields.iter().map(|field| field.text()).collect()),
        _ => None::<Vec<String>>,
    };
    let mut session = session();
    press(&mut session, "aCalled⎋");
    assert_eq!((session.mode.clone(), session.unsaved()), (Mode::Browsing, 1));
    // Another item has its own form; the first item still has what was typed.
    press(&mut session, "→");
    session.detail = None;
    press(&mut session, "a");
    assert_eq!(typed(&session), Some(vec![String::new(), "handled".to_owned()]));
    interrupt(&mut session);
    press(&mut session, "←a");
    let expected: Vec<String> = ["Called", "handled", "keep"].map(str::to_owned).into();
    assert_eq!(typed(&session).unwrap()[0], expected[0]);
    // A failed change leaves the form as it is.
    press(&mut session, "⏎⏎⏎");
    session.failed("the database is busy".to_owned());
    assert_eq!(typed(&session).unwrap()[0], "Called");
    // Quitting asks for confirmation.
    press(&mut session, "⎋q");
    assert_eq!(session.mode, Mode::Leaving);
    press(&mut session, "x");
    assert_eq!((session.mode.clone(), session.is_over), (Mode::Browsing, false));
    press(&mut session, "qq");
    assert!(session.is_over);
}

#[test]
fn without_unsaved_text_the_session_ends_at_once() {
    let mut session = session();
    press(&mut session, "a⎋?xq");
    assert!(session.is_over);
    let mut session = self::session();
    interrupt(&mut session);
    assert!(session.is_over);
}

fn screen(session: &mut Session, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw::draw(frame, session, Theme::of(false))).unwrap();
    let buffer = terminal.backend().buffer();
    let lines = buffer.content().chunks(usize::from(width)).map(|cells| {
        let line: String = cells.iter().map(|cell| cell.symbol()).collect();
        format!("{}\n", line.trim_end())
    });
    lines.collect()
}

#[test]
fn the_screen_shows_the_list_the_signal_and_the_keys() {
    for (width, height) in [(80, 24), (120, 40), (200, 60)] {
        let screen = screen(&mut session(), width, height);
        let lines: Vec<&str> = screen.lines().collect();
        assert_eq!(lines.len(), usize::from(height));
        assert!(lines[0].starts_with(" Triage: Ana, 2026-04-01  "), "{screen}");
        assert!(lines[0].ends_with("  4 of 4 signals open"), "{screen}");
        let keys = "a ack  s snooze  n note  t task  u undo  ↑↓ signal  ←→ company  ? help  q quit";
        assert_eq!(*lines.last().unwrap(), keys);
        let left = |line: &str| line.split(" │").next().unwrap().trim_end().to_owned();
        assert!(left(lines[1]).starts_with("› Acme Foods ") && left(lines[1]).ends_with(" 3"));
        assert_eq!(left(lines[2]), "  › ! login");
        assert_eq!(left(lines[3]), "    ~ gone-silent");
        assert_eq!(left(lines[4]), "    + report_exported");
        assert!(left(lines[6]).starts_with("  Initech ") && left(lines[6]).ends_with(" -"));
        for text in [
            "Acme Foods (C-1)",
            "CSM Ana, renews on 2026-05-13",
            "login fell from 35 to 20 (-42.9 %)",
            "login by day, highest 7",
            "┊since 2026-03-22",
            "People: 1 person stopped, 0 began",
            "20 to 0  stopped",
        ] {
            assert!(screen.contains(text), "{text} at {width}x{height}:\n{screen}");
        }
    }
}

#[test]
fn a_form_shows_the_text_and_the_problem() {
    let mut session = session();
    press(&mut session, "aCalled Zoë⏎");
    let screen = self::screen(&mut session, 80, 24);
    assert!(screen.contains("┌ Acknowledge signal 7 ──"), "{screen}");
    assert!(screen.contains("│ Reason   Called Zoë  "), "{screen}");
    let choice = "│ Outcome   handled  expected  false-alarm  saved  lost  recovered ";
    assert!(screen.contains(choice), "{screen}");
    session.failed("the database is busy".to_owned());
    let screen = self::screen(&mut session, 80, 24);
    assert!(screen.contains("│ the database is busy"), "{screen}");
}

#[test]
fn a_terminal_that_is_too_small_says_so() {
    let screen = screen(&mut session(), 50, 10);
    assert!(screen.starts_with("The terminal is too small: 60 x 16 at least."), "{screen}");
}

/// The terminal sizes for which whole screens are pinned.
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// Compares a screen at each size with its file, which `UPDATE_SCREENS=1` writes.
#[expect(clippy::disallowed_methods, reason = "a test is told by the environment to write files")]
fn pinned(name: &str, session: &mut Session) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/screens/triage");
    for (width, height) in SIZES {
        let file = folder.join(format!("{name}-{width}x{height}.txt"));
        let screen = screen(session, width, height);
        if std::env::var_os("UPDATE_SCREENS").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&file, &screen).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(screen, expected, "{}; UPDATE_SCREENS=1 writes it", file.display());
    }
}

#[test]
fn whole_screens_match_the_pinned_files() {
    pinned("first", &mut session());

    let mut help = session();
    press(&mut help, "?");
    pinned("help", &mut help);

    let mut form = session();
    press(&mut form, "aAnn has left; her team is being trained by Cid⏎e⏎");
    pinned("acknowledge", &mut form);

    let mut invalid = session();
    press(&mut invalid, "s⏎⏎");
    pinned("snooze-without-reason", &mut invalid);

    let mut no_signal = session();
    press(&mut no_signal, "→→");
    no_signal.detail = Some(Detail { signal: None, ..detail() });
    pinned("no-signal", &mut no_signal);

    let mut done = session();
    press(&mut done, "nAsked Ann⏎");
    done.done(
        UndoableChange::Noted { signal: SignalId(7), text: String::new() },
        "added a note".to_owned(),
    );
    let acknowledged = UndoableChange::Acknowledged { signal: SignalId(7), dropped: Vec::new() };
    done.done(acknowledged, "acknowledged signal 7 as handled".to_owned());
    done.detail = Some(detail());
    pinned("after-two-changes", &mut done);

    let mut leaving = session();
    press(&mut leaving, "tCall Bob⎋q");
    pinned("leaving", &mut leaving);
}

/// Keys that the help does not list do nothing.
#[test]
fn keys_without_a_meaning_do_nothing() {
    for key in ('!'..='~').filter(|key| !"asntuqjkh?".contains(*key)) {
        let mut session = session();
        assert_eq!(press(&mut session, &key.to_string()), None, "{key}");
        assert_eq!((id(&session), session.mode.clone()), (Some(7), Mode::Browsing), "{key}");
        assert!(!session.is_over, "{key}");
    }
    for code in [KeyCode::Enter, KeyCode::Esc, KeyCode::Delete, KeyCode::F(2), KeyCode::Insert] {
        let mut session = session();
        assert_eq!(session.press(KeyEvent::from(code)), None, "{code:?}");
        assert_eq!((id(&session), session.is_over), (Some(7), false), "{code:?}");
    }
}
