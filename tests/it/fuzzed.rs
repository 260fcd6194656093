//! Inputs that fuzzing kept, and those that it found to be a problem once, again. The fuzzer itself
//! needs a nightly compiler: `cargo +nightly fuzz run import_bytes` in `fuzz/`.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

/// Tries every input of a target, and names the one that fails.
fn replay(target: &str, attempt: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut count = 0;
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let data = fs::read(&path).unwrap();
        let attempt = std::panic::catch_unwind(|| attempt(&data));
        assert!(attempt.is_ok(), "{} fails", path.display());
        count += 1;
    }
    assert!(count >= 3, "{target} has no corpus");
}

#[test]
fn files_of_any_bytes_are_read_or_refused() {
    replay("import_bytes", targets::import_bytes);
}

#[test]
fn cells_are_times_or_not() {
    replay("times", targets::times);
}

#[test]
fn expressions_have_a_value_or_are_refused() {
    replay("expressions", targets::expressions);
}

#[test]
fn configurations_are_read_or_refused() {
    replay("configuration", targets::configuration);
}

#[test]
fn what_is_escaped_is_harmless() {
    replay("escapers", targets::escapers);
}

#[test]
fn lines_are_rows_or_no_objects() {
    replay("json_lines", targets::json_lines);
}

#[test]
fn damaged_databases_are_refused_or_explained() {
    replay("damaged_databases", targets::damaged_databases);
}
