//! Running a program, and measuring its time and memory.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// The resources that a program used.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Taken {
    /// Wall-clock time in seconds.
    pub seconds: f64,
    /// Processor time in seconds, user and system; NaN if unknown.
    pub cpu: f64,
    /// The peak memory in MiB; 0 if unknown.
    pub mebibytes: f64,
}

impl Taken {
    /// An amount without further measurements.
    pub(crate) fn of(seconds: f64) -> Self {
        Taken { seconds, cpu: f64::NAN, mebibytes: f64::NAN }
    }
}

/// The processor time of all child processes that have ended.
pub(crate) fn of_children() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// Runs a program, discards its output, and fails if it fails.
pub(crate) fn run(command: &mut Command) -> Result<Taken> {
    let (started, before) = (Instant::now(), of_children()?);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    finish(child.with_context(|| format!("cannot run {command:?}"))?, (started, before), command)
}

fn finish(child: Child, (started, before): (Instant, f64), command: &Command) -> Result<Taken> {
    let (id, is_over) = (child.id(), AtomicBool::new(false));
    let (output, seconds, mebibytes) = thread::scope(|scope| {
        let watching = scope.spawn(|| watch(id, &is_over));
        let output = child.wait_with_output();
        let seconds = started.elapsed().as_secs_f64();
        is_over.store(true, Ordering::Relaxed);
        (output, seconds, watching.join().unwrap_or_default())
    });
    let output = output?;
    ensure!(
        output.status.success(),
        "{command:?} failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(Taken { seconds, cpu: of_children()? - before, mebibytes })
}

/// How often the memory of a running program is read. The system keeps the high-water mark, so only
/// growth in the last moments is missed.
const WATCH_EVERY: Duration = Duration::from_millis(20);

fn watch(id: u32, is_over: &AtomicBool) -> f64 {
    let mut most = 0.0_f64;
    while !is_over.load(Ordering::Relaxed) {
        most = most.max(high_water(id).unwrap_or_default());
        thread::sleep(WATCH_EVERY);
    }
    most
}

fn high_water(id: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let kibibytes =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?;
    Some(kibibytes.trim().parse::<f64>().ok()? / 1024.0)
}

/// The median of several measurements.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}
