//! Many processes that write to one database at the same time, compared with the same commands in
//! sequence.

use std::process::{Child, Stdio};

use serde_json::Value;

use crate::faults::small;
use crate::ground::{is_full, tell};
use crate::support::Sandbox;

/// The commands of one process. The result does not depend on the order of processes.
fn commands_of(process: usize) -> Vec<String> {
    vec![
        format!("import events-{process}.csv"),
        format!("rule set event-{process} --threshold {}", process + 10),
        format!("company tag c{process} tag-{process}"),
        "import shared.csv".to_owned(),
        format!("segment add s{process} --where 'bad_open_signals > {process}'"),
        format!("pulse set c{process} satisfied --note 'said {process}'"),
        format!("import companies-{process}.csv"),
        format!("note 1 'note {process}'"),
    ]
}

fn sandbox_for(processes: usize) -> Sandbox {
    let sandbox = small();
    let shared: String = (0..500)
        .map(|n| format!("shared-{},login,2026-03-{:02}T10:{:02}:00Z\n", n % 9, n % 28 + 1, n % 60))
        .collect();
    sandbox.write("shared.csv", &format!("company_id,event,timestamp\n{shared}"));
    for process in 0..processes {
        let rows: String = (0..300)
            .map(|n| {
                let (day, minute) = (n % 28 + 1, n % 60);
                format!("c{process},event-{process},2026-03-{day:02}T10:{minute:02}:00Z\n")
            })
            .collect();
        let name = format!("events-{process}.csv");
        sandbox.write(&name, &format!("company_id,event,timestamp\n{rows}"));
        let company = format!("company_id,name,csm\nc{process},Company {process},ana\n");
        sandbox.write(&format!("companies-{process}.csv"), &company);
    }
    sandbox
}

/// The contents, without ids and times that depend on the order.
fn state_of(sandbox: &Sandbox) -> Vec<String> {
    let mut lines = Vec::new();
    for command in [
        "export events",
        "rule list",
        "company list --columns company_id,name,csm,tags,pulse",
        "segment list",
    ] {
        let rows = sandbox.array(command);
        lines.extend(rows.iter().map(|row| format!("{command}: {}", stable(row))));
    }
    let notes = sandbox.database();
    let mut notes = notes
        .prepare("SELECT reason FROM signal_history WHERE action = 'noted' ORDER BY reason")
        .unwrap();
    let notes = notes.query_map([], |row| row.get::<_, String>(0)).unwrap();
    lines.extend(notes.map(Result::unwrap));
    lines.sort();
    lines
}

fn stable(row: &Value) -> String {
    let mut row = row.clone();
    if let Some(fields) = row.as_object_mut() {
        fields.retain(|name, _| !["id", "since", "pulse_set_on"].contains(&name.as_str()));
    }
    row.to_string()
}

/// Starts a shell that runs the commands in sequence and stops at the first failure.
fn start(sandbox: &Sandbox, commands: &[String]) -> Child {
    let program = sandbox.command("");
    let script: Vec<String> = commands
        .iter()
        .map(|command| format!("\"$0\" {command} >/dev/null 2>&1 || exit $?"))
        .collect();
    let mut shell = std::process::Command::new("/bin/sh");
    shell.arg("-c").arg(script.join("\n")).arg(program.get_program());
    shell.current_dir(sandbox.path(".")).env_clear().stdin(Stdio::null());
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.spawn().unwrap()
}

/// Concurrent readers find the database intact.
fn read_meanwhile(sandbox: &Sandbox, children: &mut [Child]) -> usize {
    let mut read = 0;
    while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
        for reader in ["check", "list", "company list"] {
            sandbox.ok(reader);
            read += 1;
        }
    }
    read
}

#[test]
fn processes_at_the_same_time_do_what_they_do_one_after_the_other() {
    for processes in if is_full() { vec![8, 12] } else { vec![8] } {
        let (crowd, serial) = (sandbox_for(processes), sandbox_for(processes));
        let mut children: Vec<Child> =
            (0..processes).map(|process| start(&crowd, &commands_of(process))).collect();
        let read = read_meanwhile(&crowd, &mut children);
        for (process, child) in children.iter_mut().enumerate() {
            assert_eq!(child.wait().unwrap().code(), Some(0), "process {process}");
        }
        let mut control = Vec::new();
        for process in (0..processes).rev() {
            if process == 0 {
                // The control: without the last process the state differs.
                control = state_of(&serial);
            }
            for command in commands_of(process) {
                serial.ok(&command);
            }
        }
        let state = state_of(&crowd);
        assert_eq!(state, state_of(&serial));
        assert_ne!(state, control);
        assert_eq!(crowd.ok("check").stdout, "");
        tell(&format!("{processes} processes, {read} reads meanwhile"), processes * 8, &[]);
    }
}

#[test]
fn one_of_many_acknowledgements_at_the_same_time_counts() {
    let sandbox = small();
    let mut children: Vec<Child> = (0..8)
        .map(|process| start(&sandbox, &[format!("ack 1 --reason 'by {process}'")]))
        .collect();
    let mut codes: Vec<Option<i32>> =
        children.iter_mut().map(|child| child.wait().unwrap().code()).collect();
    codes.sort();
    assert_eq!(codes, [vec![Some(0)], vec![Some(9); 7]].concat());
    let count: i64 = sandbox
        .database()
        .query_row(
            "SELECT count(*) FROM signal_history WHERE signal = 1 AND action = 'acknowledged'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(count, 1);
}
