//! The clock: the only place that reads it.

use std::time::{Duration, Instant as Monotonic};

use crate::domain::day::Instant;

/// What time it is, as one command sees it: it begins when the command began, or stands still where
/// the user said what time it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: Instant,
    started: Monotonic,
    is_fixed: bool,
}

impl Clock {
    /// A clock that stands at `now`.
    pub(crate) fn fixed(now: Instant) -> Self {
        Clock { start: now, started: Monotonic::now(), is_fixed: true }
    }

    /// The clock of the machine.
    pub(crate) fn of_the_machine() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is the place")]
        let now = chrono::Utc::now();
        Clock { start: Instant::from(now), started: Monotonic::now(), is_fixed: false }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Instant {
        let passed = if self.is_fixed { Duration::ZERO } else { self.started.elapsed() };
        Instant::from_micros(self.start.micros() + passed.as_micros() as i64)
    }

    /// A stopwatch that begins now.
    pub(crate) fn stopwatch(&self) -> Stopwatch {
        Stopwatch::start()
    }
}

/// Tells how long something took; it runs even where the clock stands still.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Monotonic);

impl Stopwatch {
    /// A stopwatch that begins now.
    pub(crate) fn start() -> Self {
        Stopwatch(Monotonic::now())
    }

    /// The time since the stopwatch began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
