//! The possible results of a power cut, for each writing command.
//!
//! The tracer logs the calls of a command that change files, with their contents. From the log
//! follow the possible states of a disk after a cut at any of them: synced data is there; of the
//! rest nothing, everything, or any part, torn within a sector; names that were created, moved or
//! removed since their folder was synced may be as before. In each state the database must pass
//! `signals check` and have all or nothing of the command; after the command ended, all.
//!
//! `./check faults` tries every cut in several ways. Random choices depend on the number of the
//! cut, which a failure prints.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use crate::ground::{COMMANDS, Ground, Random, can_trace, commands, is_full, places, tell};

/// Sectors are written completely or not at all.
const SECTOR: usize = 512;

/// The number of cuts of a command that are tried by default.
const TRIED: usize = 5;

/// A call that changed a file or folder.
#[derive(Debug, Clone)]
enum Change {
    Create(String),
    Write(String, usize, Vec<u8>),
    Resize(String, usize),
    Sync(String),
    Rename(String, String),
    Remove(String),
}

/// What survives of unsynced writes and names.
#[derive(Debug, Clone, Copy)]
enum Kept {
    Nothing,
    All,
    /// A random part, chosen by this seed.
    Some(u64),
}

/// A file: its synced contents, and the changes since.
#[derive(Debug, Clone, Default)]
struct File {
    synced: Vec<u8>,
    since: Vec<Change>,
}

/// A disk with one folder.
#[derive(Debug, Clone, Default)]
struct Disk {
    files: Vec<File>,
    /// The file of each name, as programs see it.
    names: BTreeMap<String, usize>,
    /// The synced names, and the changes since.
    synced_names: BTreeMap<String, usize>,
    names_since: Vec<Change>,
}

fn apply(content: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write(_, at, bytes) => {
            let end = at + bytes.len();
            if content.len() < end {
                content.resize(end, 0);
            }
            content[*at..end].copy_from_slice(bytes);
        }
        Change::Resize(_, length) => content.resize(*length, 0),
        _ => {}
    }
}

fn rename(names: &mut BTreeMap<String, usize>, change: &Change, new: usize) {
    match change {
        Change::Create(name) => _ = names.insert(name.clone(), new),
        Change::Rename(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Change::Remove(name) => _ = names.remove(name),
        _ => {}
    }
}

impl Disk {
    fn of(files: &BTreeMap<String, Vec<u8>>) -> Disk {
        let mut disk = Disk::default();
        for (number, (name, bytes)) in files.iter().enumerate() {
            disk.files.push(File { synced: bytes.clone(), since: Vec::new() });
            disk.names.insert(name.clone(), number);
        }
        disk.synced_names = disk.names.clone();
        disk
    }

    fn take(&mut self, change: &Change) {
        match change {
            Change::Create(_) => {
                self.files.push(File::default());
                rename(&mut self.names, change, self.files.len() - 1);
                self.names_since.push(change.clone());
            }
            Change::Rename(..) | Change::Remove(_) => {
                rename(&mut self.names, change, 0);
                self.names_since.push(change.clone());
            }
            Change::Sync(name) if name.is_empty() => {
                self.synced_names = self.names.clone();
                self.names_since.clear();
            }
            Change::Sync(name) => {
                if let Some(file) = self.names.get(name) {
                    let file = &mut self.files[*file];
                    let File { synced, since } = file;
                    since.drain(..).for_each(|change| apply(synced, &change));
                }
            }
            Change::Write(name, ..) | Change::Resize(name, _) => {
                if let Some(file) = self.names.get(name) {
                    self.files[*file].since.push(change.clone());
                }
            }
        }
    }

    /// The files after a cut.
    fn after_cut(&self, kept: Kept) -> BTreeMap<String, Vec<u8>> {
        let names = match kept {
            Kept::Nothing => self.synced_names.clone(),
            Kept::All => self.names.clone(),
            Kept::Some(seed) => self.some_names(&mut Random(seed)),
        };
        let found = names.into_iter().map(|(name, file)| {
            let File { synced, since } = &self.files[file];
            let mut content = synced.clone();
            match kept {
                Kept::Nothing => {}
                Kept::All => since.iter().for_each(|change| apply(&mut content, change)),
                Kept::Some(seed) => {
                    let mut random = Random(seed ^ (file as u64) << 32);
                    since.iter().for_each(|change| apply_some(&mut content, change, &mut random));
                }
            }
            (name, content)
        });
        // SQLite's shared memory does not persist.
        found.filter(|(name, _)| !name.ends_with("-shm")).collect()
    }

    /// The names after a prefix of the changes, as journals keep their order.
    fn some_names(&self, random: &mut Random) -> BTreeMap<String, usize> {
        let mut names = self.synced_names.clone();
        let kept = random.below(self.names_since.len() + 1);
        let done = self.names_since.len();
        let made = self.names_since.iter().filter(|change| matches!(change, Change::Create(_)));
        let mut next = self.files.len() - made.count();
        for change in &self.names_since[..kept.min(done)] {
            rename(&mut names, change, next);
            next += usize::from(matches!(change, Change::Create(_)));
        }
        names
    }
}

/// Applies a change, not, or a random selection of its sectors.
fn apply_some(content: &mut Vec<u8>, change: &Change, random: &mut Random) {
    match (random.below(3), change) {
        (0, _) => {}
        (1, Change::Write(name, at, bytes)) => {
            for (place, sector) in bytes.chunks(SECTOR).enumerate() {
                if random.below(2) == 0 {
                    let at = at + place * SECTOR;
                    apply(content, &Change::Write(name.clone(), at, sector.to_vec()));
                }
            }
        }
        _ => apply(content, change),
    }
}

/// The changes in the log of the tracer; names are relative to `folder`.
fn changes_in(log: &[u8], folder: &str) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut left = log;
    while let Some(end) = left.iter().position(|byte| *byte == b'\n') {
        let line = std::str::from_utf8(&left[..end]).unwrap();
        let fields: Vec<&str> = line.split('\t').collect();
        let (offset, length): (usize, usize) =
            (fields[3].parse().unwrap_or_default(), fields[4].parse().unwrap());
        let bytes = &left[end + 1..end + 1 + length];
        left = &left[end + 1 + length..];
        let name = |path: &str| path.strip_prefix(folder).map(simple_name);
        let Some(from) = name(fields[1]) else { continue };
        if from.contains("(deleted)") || from.contains('/') {
            continue;
        }
        changes.push(match fields[0] {
            "create" | "creat" => Change::Create(from),
            "write" | "pwrite" => Change::Write(from, offset, bytes.to_vec()),
            "ftruncate" => Change::Resize(from, offset),
            "fsync" => Change::Sync(from),
            "rename" => Change::Rename(from, name(fields[2]).unwrap()),
            "unlink" => Change::Remove(from),
            "chmod" | "chown" | "fallocate" => continue,
            other => panic!("the model of the disk does not know {other}"),
        });
    }
    changes
}

/// `/./name` as `name`.
fn simple_name(path: &str) -> String {
    path.trim_start_matches('/').trim_start_matches("./").to_owned()
}

/// The changes that a command makes.
fn changes_of(ground: &Ground, command: &str, code: i32) -> Vec<Change> {
    ground.reset();
    let log = ground.sandbox.path("log");
    let mut traced = ground.traced(command, 0, "", log.to_str().unwrap());
    let ended = traced.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert_eq!(ended.code(), Some(code), "{command}");
    let folder = fs::canonicalize(ground.sandbox.path(".")).unwrap();
    let log = fs::read(log).unwrap();
    changes_in(&log, folder.to_str().unwrap())
}

/// Cuts the power at calls of a command. Returns the number of states tried, and the problems.
fn cuts_of(
    ground: &Ground,
    (command, code): (&str, i32),
    changes: &[Change],
    is_lying: bool,
) -> (usize, Vec<String>) {
    let (before, after) = ground.whole(command, code);
    let places = places(TRIED).min(changes.len() + 1);
    let mut disks = vec![Disk::of(&ground.files)];
    for change in changes {
        let mut disk = disks[disks.len() - 1].clone();
        if !(is_lying && matches!(change, Change::Sync(_))) {
            disk.take(change);
        }
        disks.push(disk);
    }
    let (mut points, mut wrong) = (0, Vec::new());
    for place in 0..places {
        let at = place * changes.len() / (places - 1).max(1);
        let seed = (at as u64) << 8;
        let all = [Kept::Nothing, Kept::All, Kept::Some(seed), Kept::Some(seed + 1)];
        let is_end = at == changes.len();
        let kept = if is_full() || is_end { &all[..] } else { &all[2..3] };
        for kept in kept {
            points += 1;
            ground.lay(&disks[at].after_cut(*kept));
            let verdict = ground.is_sound(false).and_then(|()| {
                let left = ground.left();
                let is_done = left.database == after.database;
                if is_end && !is_done {
                    return Err("what was done is lost".to_owned());
                }
                ground.is_all_or_nothing(command, &left, &before, &after)?;
                for (name, bytes) in &left.files {
                    let is_whole =
                        [&before, &after].iter().any(|whole| whole.files.get(name) == Some(bytes));
                    if !is_whole && !name.ends_with(".db") {
                        return Err(format!("{name} is neither the old nor the new one"));
                    }
                }
                if is_end && left.files != after.files {
                    return Err("a file that was written is lost".to_owned());
                }
                Ok(())
            });
            if let Err(problem) = verdict {
                let of = changes.len();
                wrong.push(format!("{command}: cut after {at} of {of}, kept {kept:?}: {problem}"));
            }
        }
    }
    (points, wrong)
}

#[test]
fn a_power_cut_leaves_all_of_a_command_or_nothing() {
    if !can_trace() {
        return;
    }
    let ground = Ground::new();
    let (mut points, mut wrong) = (0, Vec::new());
    for (command, code) in commands() {
        let changes = changes_of(&ground, command, code);
        let (tried, faults) = cuts_of(&ground, (command, code), &changes, false);
        points += tried;
        wrong.extend(faults);
    }
    tell("power cuts", points, &wrong);
    assert!(wrong.is_empty(), "{} faults:\n{}", wrong.len(), wrong.join("\n"));
}

/// The control: on a disk that ignores syncs, completed commands may be lost.
#[test]
fn a_disk_that_does_not_sync_is_found_out() {
    if !can_trace() {
        return;
    }
    let ground = Ground::new();
    for name in ["import more.csv", "import people.csv", "ack 1", "export signals", "backup"] {
        let command = *COMMANDS.iter().find(|(command, _)| command.starts_with(name)).unwrap();
        let changes = changes_of(&ground, command.0, command.1);
        let (tried, wrong) = cuts_of(&ground, command, &changes, true);
        tell("control: a disk that does not sync", tried, &wrong);
        assert!(!wrong.is_empty(), "{name}: nothing was found");
    }
}
