//! `signals licences` prints the licences of the linked libraries. `UPDATE_DOCS=1 cargo test --test
//! it licences` regenerates them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Sandbox, setting};

/// The file that the program includes.
const FILE: &str = "src/commands/licences.txt";

/// Stands for the licence texts that some libraries name but do not contain.
const WITHOUT_A_FILE: &str = "its sources contain no licence text";

/// The target for which libraries are listed.
const TARGET: &str = "x86_64-unknown-linux-gnu";

fn metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--format-version", "1", "--locked", "--offline"]);
    cargo.args(["--filter-platform", TARGET]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The ids of packages that the program depends on, without build and test dependencies.
fn linked(metadata: &Value) -> BTreeSet<String> {
    let resolve = &metadata["resolve"];
    let nodes: BTreeMap<&str, &Value> = resolve["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    let root = resolve["root"].as_str().unwrap();
    let (mut found, mut waiting) = (BTreeSet::new(), vec![root]);
    while let Some(id) = waiting.pop() {
        let depends = nodes[id]["deps"].as_array().unwrap().iter();
        let normal = depends.filter(|dependency| {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            kinds.iter().any(|kind| kind["kind"].is_null())
        });
        for dependency in normal {
            let id = dependency["pkg"].as_str().unwrap();
            if found.insert(id.to_owned()) {
                waiting.push(id);
            }
        }
    }
    found
}

/// The licence texts in the folder of a package, without duplicates.
fn texts_in(folder: &Path) -> BTreeSet<String> {
    let names = ["LICEN", "COPYING", "NOTICE", "COPYRIGHT"];
    let is_licence = |name: &str| names.iter().any(|part| name.to_uppercase().contains(part));
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| {
        entry.file_type().unwrap().is_file() && is_licence(entry.file_name().to_str().unwrap())
    });
    let texts = files.map(|entry| fs::read(entry.path()).unwrap());
    texts.map(|text| String::from_utf8_lossy(&text).replace('\r', "").trim().to_owned()).collect()
}

fn generated() -> String {
    let metadata = metadata();
    let linked = linked(&metadata);
    let mut list = String::new();
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut packages: Vec<&Value> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|package| linked.contains(package["id"].as_str().unwrap()))
        .collect();
    packages.sort_by_key(|package| (package["name"].as_str(), package["version"].as_str()));
    for package in packages {
        let text = |key: &str| package[key].as_str().unwrap_or("unknown");
        let (name, version, licence) = (text("name"), text("version"), text("license"));
        let texts = texts_in(Path::new(text("manifest_path")).parent().unwrap());
        let note = if texts.is_empty() { format!("; {WITHOUT_A_FILE}") } else { String::new() };
        writeln!(list, "{name} {version}: {licence}{note}").unwrap();
        for text in texts {
            users.entry(text).or_default().push(name.to_owned());
        }
    }
    let mut by_users: Vec<(Vec<String>, String)> =
        users.into_iter().map(|(text, users)| (users, text)).collect();
    by_users.sort();
    let mut file = format!(
        "signals contains these libraries. The texts of their licences follow.\n\
         It also contains SQLite, which is in the public domain.\n\n{list}"
    );
    for (users, text) in by_users {
        write!(file, "\n{}\n{}\n\n{text}\n", "-".repeat(72), users.join(", ")).unwrap();
    }
    file
}

#[test]
fn licences_are_those_of_what_is_linked() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let generated = generated();
    if setting("UPDATE_DOCS").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let is_current = fs::read_to_string(&path).unwrap() == generated;
    assert!(is_current, "{FILE} is out of date; UPDATE_DOCS=1 cargo test --test it licences");
    for name in ["rusqlite ", "lettre ", "zstd-sys "] {
        assert!(generated.contains(&format!("\n{name}")), "{name} is not listed");
    }
    // A library that only tests use.
    assert!(!generated.contains("\nproptest "));
    let printed = Sandbox::empty().ok("licences").stdout;
    assert!(printed.starts_with("signals contains these libraries."));
    assert!(printed.contains("Mozilla Public License"));
}
