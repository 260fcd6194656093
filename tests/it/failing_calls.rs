//! Each writing command, with each of its system calls failing in turn; also on small disks, under
//! limits, and without output.
//!
//! The tracer counts the calls that write, and fails one of them or ends the process there.
//! Whatever happens, the database passes `signals check` and has all or nothing of the command,
//! output files are complete or unchanged, and the exit code is documented. As a control, the
//! tracer pretends to write: that must be detected.
//!
//! `./check faults` tries every call in every way. By default only some calls of each command are
//! tried, always the same.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use crate::ground::{COMMANDS, Ground, can_trace, commands, is_full, places, tell};

/// How a call fails, or the process ends there. With a `+`, all later calls fail too.
const WAYS: [&str; 12] = [
    "KILL", "ENOSPC", "TORN", "EIO", "SHORT", "EROFS", "EDQUOT", "ENOSPC+", "EIO+", "SHORT+",
    "EROFS+", "EDQUOT+",
];

/// The number of calls of a command that are tried by default.
const TRIED: usize = 6;

/// Fails some calls of a command, each in one way. Returns how many, and the problems.
fn faults_of(
    ground: &Ground,
    (command, code): (&str, i32),
    ways: &[&str],
    tried: usize,
) -> (usize, Vec<String>) {
    let (before, after) = ground.whole(command, code);
    ground.reset();
    ground.run(command, 0, "");
    let count = ground.count();
    assert!(count > 2, "{command} is not seen to write: {count}");
    let mut wrong = Vec::new();
    let tried_places = tried.min(count);
    let mut points = 0;
    for place in 0..tried_places {
        let at = 1 + place * (count - 1) / (tried_places - 1).max(1);
        // In a sample, each command starts with another way.
        let first = (place + command.len()) % ways.len();
        let ways = if is_full() || tried >= count { ways } else { &ways[first..][..1] };
        for way in ways {
            ground.reset();
            let ended = ground.run(command, at, way);
            points += 1;
            // `daily` opens the database several times. If the log cannot be recovered then, SQLite
            // takes another process for the reason.
            let opens_again = command.starts_with("daily") && ["EIO+", "EROFS+"].contains(way);
            let codes: &[i32] = if opens_again { &[5, 8] } else { &[8] };
            let mut verdict = ground.verdict(command, ended, (code, codes), &before, &after);
            // If nothing can be removed, temporary files remain.
            let can_remove = !["KILL", "TORN", "EROFS", "EIO"].contains(&way.trim_end_matches('+'));
            if verdict.is_ok() && can_remove && has_temporary_files(ground) {
                verdict = Err(format!("temporary files are left: {:?}", ground.all_files().keys()));
            }
            if let Err(problem) = verdict {
                wrong.push(format!("{command}: {way} at call {at} of {count}: {problem}"));
            }
        }
    }
    (points, wrong)
}

fn has_temporary_files(ground: &Ground) -> bool {
    ground.all_files().keys().any(|name| name.starts_with(".tmp"))
}

#[track_caller]
fn expect_none(what: &str, tried: usize, wrong: &[String]) {
    tell(what, tried, wrong);
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_command_whose_calls_fail_is_done_wholly_or_not_at_all() {
    if !can_trace() {
        return;
    }
    let tried = places(TRIED);
    let ground = Ground::new();
    let (mut points, mut wrong) = (0, Vec::new());
    for command in commands() {
        let (tried, faults) = faults_of(&ground, command, &WAYS, tried);
        points += tried;
        wrong.extend(faults);
    }
    expect_none("calls that fail", points, &wrong);
}

/// The control: the same judgement detects a disk that does not store what it accepted.
#[test]
fn a_disk_that_lies_is_found_out() {
    if !can_trace() {
        return;
    }
    let ground = Ground::new();
    for name in ["import more.csv", "ack 1", "export signals"] {
        let command = *COMMANDS.iter().find(|(command, _)| command.starts_with(name)).unwrap();
        let (tried, wrong) = faults_of(&ground, command, &["LIE"], 20);
        tell("control: a disk that lies", tried, &wrong);
        assert!(!wrong.is_empty(), "{name}: nothing was found");
    }
}

#[test]
fn a_process_without_threads_says_so() {
    if !can_trace() {
        return;
    }
    let ground = Ground::new();
    // A large file is read on one thread and written on another.
    let large = "a,export,2026-03-01T10:00:00Z\n".repeat(5000);
    ground.sandbox.write("large.csv", &format!("company_id,event,timestamp\n{large}"));
    assert_eq!(ground.run("import large.csv", 0, "THREAD").code(), Some(1));
    // The control, and commands that need none.
    assert_eq!(ground.run("import large.csv", 0, "").code(), Some(0));
    assert_eq!(ground.run("import more.csv", 0, "THREAD").code(), Some(3));
    assert_eq!(ground.run("list", 0, "THREAD").code(), Some(0));
}

/// A file system of this many bytes in memory, mounted over the folder of a sandbox.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` if this process may not mount anything.
    fn mount(folder: &Path, bytes: usize) -> Option<SmallDisk> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(folder);
        let mounted = mount.stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
        mounted.success().then(|| SmallDisk(folder.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_disk_of_any_size_has_all_of_a_command_or_nothing() {
    let ground = Ground::new();
    let folder = std::fs::canonicalize(ground.sandbox.path(".")).unwrap();
    let (mut points, mut wrong, mut full) = (0, Vec::new(), 0);
    let needed: usize = ground.files.values().map(|bytes| bytes.len().next_multiple_of(4096)).sum();
    let sizes: Vec<usize> = if is_full() { (0..20).collect() } else { vec![1, 4, 9, 19] };
    for name in ["import more.csv", "run", "config apply", "backup", "report"] {
        let (command, code) =
            *COMMANDS.iter().find(|(command, _)| command.starts_with(name)).unwrap();
        let (before, after) = ground.whole(command, code);
        for size in &sizes {
            let bytes = needed + 16_384 + size * size * 8192;
            let Some(_disk) = SmallDisk::mount(&folder, bytes) else { return };
            ground.reset();
            let mut program = ground.sandbox.command(command);
            program.stdout(Stdio::null()).stderr(Stdio::null());
            let ended = program.status().unwrap();
            points += 1;
            full += usize::from(ended.code() == Some(8));
            if let Err(problem) = ground.verdict(command, ended, (code, &[8]), &before, &after) {
                wrong.push(format!("{command} on a disk of {bytes} bytes: {problem}"));
            }
        }
    }
    // The control: some sizes are too small and some are large enough.
    assert!(full > 0 && full < points, "{full} of {points} disks were full");
    expect_none("small disks", points, &wrong);
}

/// Runs a command under a limit of the shell's `ulimit`.
fn limited(ground: &Ground, command: &str, limit: &str) -> ExitStatus {
    let program = ground.sandbox.command(command);
    let mut limited = Command::new("/bin/sh");
    limited.arg("-c").arg(format!("ulimit {limit}; exec \"$0\" \"$@\""));
    limited.arg(program.get_program()).args(program.get_args());
    limited.current_dir(ground.sandbox.path(".")).env_clear().stdin(Stdio::null());
    limited.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap()
}

#[test]
fn a_limit_on_files_their_size_or_memory_leaves_all_or_nothing() {
    let ground = Ground::new();
    let mut limits: Vec<String> = Vec::new();
    let steps = if is_full() { 1 } else { 5 };
    // Open files, size of files in units of 512 bytes, and address space in KiB.
    limits.extend((4..16).step_by(steps).map(|files| format!("-n {files}")));
    limits.extend((0..20).step_by(steps).map(|size| format!("-f {}", size * size * 4)));
    limits.extend((0..12).step_by(steps).map(|size| format!("-v {}", 8000 << (size / 2))));
    let (mut points, mut failed, mut wrong) = (0, 0, Vec::new());
    for name in ["import more.csv", "run", "ack 1", "backup", "export companies"] {
        let (command, code) =
            *COMMANDS.iter().find(|(command, _)| command.starts_with(name)).unwrap();
        let (before, after) = ground.whole(command, code);
        for limit in &limits {
            ground.reset();
            let ended = limited(&ground, command, limit);
            points += 1;
            failed += usize::from(ended.code() != Some(code));
            let of_memory = limit.starts_with("-v");
            // Without memory a process may end anywhere, even before the program starts.
            let verdict = match ended.code() {
                Some(70 | 101) => Err(format!("it ended with {ended}")),
                Some(127) | None if of_memory => ground.is_sound(false),
                _ => {
                    // Without open files, the file to import cannot be opened.
                    let is_input = command.starts_with("import") && limit.starts_with("-n");
                    let codes: &[i32] = if is_input { &[1, 4, 6, 8] } else { &[1, 6, 8] };
                    ground.verdict(command, ended, (code, codes), &before, &after)
                }
            };
            if let Err(problem) = verdict {
                wrong.push(format!("{command} with ulimit {limit}: {problem}"));
            }
        }
    }
    assert!(failed > 0 && failed < points, "{failed} of {points} limits were felt");
    expect_none("limits", points, &wrong);
}

#[test]
fn a_command_that_cannot_print_leaves_all_or_nothing() {
    if !Path::new("/dev/full").exists() {
        return;
    }
    let ground = Ground::new();
    let (mut points, mut wrong) = (0, Vec::new());
    for (command, code) in commands() {
        let (before, after) = ground.whole(command, code);
        for is_closed in [false, true] {
            ground.reset();
            let mut program = ground.sandbox.command(command);
            if is_closed {
                let (reader, pipe) = std::io::pipe().unwrap();
                drop(reader);
                program.stdout(pipe);
            } else {
                program.stdout(File::options().write(true).open("/dev/full").unwrap());
            }
            let ended = program.stderr(Stdio::null()).status().unwrap();
            points += 1;
            // A closed pipe ends quietly; what was done before stays.
            let codes: &[i32] = if is_closed { &[] } else { &[8] };
            if let Err(problem) = ground.verdict(command, ended, (code, codes), &before, &after) {
                wrong.push(format!("{command}, output closed: {is_closed}: {problem}"));
            }
        }
    }
    expect_none("outputs", points, &wrong);
}
