//! The bars of a chart at a terminal.

use unicode_width::UnicodeWidthStr;

use super::detail::DailyCounts;

/// The bars of a chart, each for as few days as the room allows.
pub(super) struct Bars {
    before: Vec<u64>,
    current: Vec<u64>,
    /// The number of days of each bar.
    pub(super) days: usize,
    /// The width of each bar, in columns.
    width: usize,
}

impl Bars {
    pub(super) fn of(chart: &DailyCounts, room: usize) -> Self {
        let counts: Vec<u64> = chart.days.iter().map(|(_, count)| *count).collect();
        let (before, current) = counts.split_at(counts.len().saturating_sub(chart.current));
        let room = room.saturating_sub(1).max(1);
        // Each of the two parts may have one bar with fewer days, which takes room as well.
        let days = counts.len().div_ceil(room.saturating_sub(2).max(1)).max(1);
        let (before, current) = (grouped(before, days), grouped(current, days));
        let width = (room / (before.len() + current.len()).max(1)).clamp(1, 3);
        Bars { before, current, days, width }
    }

    pub(super) fn highest(&self) -> u64 {
        self.before.iter().chain(&self.current).copied().max().unwrap_or(0)
    }

    /// The parts of the bars on one of `height` lines, where 0 is the lowest.
    pub(super) fn level(&self, level: usize, height: usize) -> (String, String) {
        let most = self.highest().max(1);
        let part = |counts: &[u64]| -> String {
            let bar = |count: &u64| {
                // In eighths of a line, rounded up, so that a count above 0 is visible.
                let eighths = (u128::from(*count) * height as u128 * 8).div_ceil(u128::from(most));
                let here = (eighths as usize).saturating_sub(level * 8).min(8);
                let glyph = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'][here];
                let gap = usize::from(self.width > 1);
                let bar: String = std::iter::repeat_n(glyph, self.width - gap).collect();
                bar + &" ".repeat(gap)
            };
            counts.iter().map(bar).collect()
        };
        (part(&self.before), part(&self.current))
    }

    /// The first days of the two parts, each below its first bar.
    pub(super) fn axis(&self, chart: &DailyCounts) -> String {
        let (first, now) =
            (chart.days.first(), chart.days.iter().rev().nth(chart.current.max(1) - 1));
        let width = self.before.len() * self.width;
        let first =
            first.map(|(day, _)| day.to_string()).filter(|_| width > 10).unwrap_or_default();
        let now = now.map(|(day, _)| format!("since {day}")).unwrap_or_default();
        match self.current.len() * self.width >= now.width() {
            true => format!("{first:width$}┊{now}"),
            // The later part is too narrow for its day, so the day ends below the end of the part.
            false => {
                let room = width + 1 + self.current.len() * self.width;
                let gap = room.saturating_sub(first.width() + now.width());
                if gap > 0 { format!("{first}{}{now}", " ".repeat(gap)) } else { now }
            }
        }
    }
}

/// The sums of groups of `days` counts. If the number of counts is not a multiple, the first group
/// is smaller.
fn grouped(counts: &[u64], days: usize) -> Vec<u64> {
    let mut sums: Vec<u64> = counts.rchunks(days).map(|chunk| chunk.iter().sum()).collect();
    sums.reverse();
    sums
}
