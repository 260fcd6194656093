//! The clock: the only place that reads it.

use std::time::{Duration, Instant as Monotonic};

use crate::domain::day::Instant;

/// The time as one command sees it: the machine's clock, or a fixed time that the user set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    started: Monotonic,
    is_fixed: bool,
}

impl Clock {
    /// A clock that always shows `now`.
    pub(crate) fn fixed(now: Instant) -> Self {
        Clock { start: now, started: Monotonic::now(), is_fixed: true }
    }

    pub(crate) fn of_the_machine() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the place")]
        let now = chrono::Utc::now();
        Clock { start: Instant::from(now), started: Monotonic::now(), is_fixed: false }
    }

    pub(crate) fn now(&self) -> Instant {
        let passed = if self.is_fixed { Duration::ZERO } else { self.started.elapsed() };
        Instant::from_micros(self.start.micros() + passed.as_micros() as i64)
    }

    pub(crate) fn stopwatch(&self) -> Stopwatch {
        Stopwatch::start()
    }
}

/// Measures durations, even with a fixed clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Monotonic);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Stopwatch(Monotonic::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
