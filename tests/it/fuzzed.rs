//! Replays the fuzzing corpus, including inputs that once failed, and random mutations of it,
//! without coverage guidance. Real fuzzing needs a nightly compiler: `cargo +nightly fuzz run
//! import_bytes` in `fuzz/`.

#[path = "../../fuzz/targets.rs"]
mod targets;

use std::fs;
use std::path::Path;

use crate::ground::Random;
use crate::support::setting;

/// The number of mutated inputs for each target, unless SIGNALS_FUZZ is set.
const MUTATED: u64 = 150;

/// Tries every input of a target, and names the one that fails.
fn replay(target: &str, attempt: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut inputs = Vec::new();
    for entry in fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let data = fs::read(&path).unwrap();
        let attempt = std::panic::catch_unwind(|| attempt(&data));
        assert!(attempt.is_ok(), "{} fails", path.display());
        inputs.push(data);
    }
    assert!(inputs.len() >= 3, "{target} has no corpus");
    inputs.sort();
    let seeds = setting("SIGNALS_FUZZ").map_or(MUTATED, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        let data = mutated(&inputs, &mut Random(seed));
        let attempt = std::panic::catch_unwind(|| attempt(&data));
        assert!(
            attempt.is_ok(),
            "{target} fails with seed {seed}: {:?}",
            data.escape_ascii().to_string()
        );
    }
}

/// Two inputs of the corpus joined at random positions, with some bytes changed.
fn mutated(inputs: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let pick = |random: &mut Random| {
        let input = &inputs[random.below(inputs.len())];
        let (a, b) = (random.below(input.len() + 1), random.below(input.len() + 1));
        input[a.min(b)..a.max(b)].to_vec()
    };
    let mut data = pick(random);
    data.extend(pick(random));
    for _ in 0..random.below(5) {
        let (place, byte) = (random.below(data.len() + 1), random.next() as u8);
        match (random.below(3), place < data.len()) {
            (0, true) => data[place] = byte,
            (1, true) => _ = data.remove(place),
            _ => data
                .insert(place, *b",\"\n;'{}[]0-:.=\\\r\t".get(byte as usize % 24).unwrap_or(&byte)),
        }
    }
    data
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
fn escaped_text_is_harmless() {
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
