//! The table that the benchmark prints.

/// What is measured on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Seconds, shown as thousandths.
    Milliseconds,
    /// Memory or disk space.
    Mebibytes,
}

/// One work, ours and what it is compared with.
#[derive(Debug, Clone)]
pub struct Line {
    /// What was done.
    pub work: String,
    /// What `ours` and `theirs` are.
    pub unit: Unit,
    /// What it took this program.
    pub ours: f64,
    /// Whom or what it is compared with.
    pub peer: String,
    /// What it took the other.
    pub theirs: f64,
    /// The most that ours may be of theirs; `None` where nothing was promised.
    pub target: Option<f64>,
}

impl Line {
    /// A line about times.
    pub fn times(
        work: impl Into<String>,
        ours: f64,
        peer: impl Into<String>,
        theirs: f64,
        target: f64,
    ) -> Line {
        let (work, peer) = (work.into(), peer.into());
        Line { work, unit: Unit::Seconds, ours, peer, theirs, target: Some(target) }
    }

    /// The same line in another unit.
    pub fn of(self, unit: Unit) -> Line {
        Line { unit, ..self }
    }

    /// The same line, for information.
    pub fn without_target(self) -> Line {
        Line { target: None, ..self }
    }

    fn cells(&self) -> [String; 7] {
        let ratio = self.ours / self.theirs;
        let verdict = match self.target {
            _ if ratio.is_nan() => "",
            Some(target) if ratio <= target => "met",
            Some(_) => "missed",
            None => "",
        };
        let target = self.target.map_or_else(String::new, |target| format!("{target:.2}"));
        let ratio = if ratio.is_nan() { String::new() } else { format!("{ratio:.2}") };
        let (ours, theirs) = (self.amount(self.ours), self.amount(self.theirs));
        [self.work.clone(), ours, self.peer.clone(), theirs, ratio, target, verdict.to_owned()]
    }

    fn amount(&self, amount: f64) -> String {
        match self.unit {
            _ if amount.is_nan() => "-".to_owned(),
            Unit::Seconds => format!("{amount:.2} s"),
            Unit::Milliseconds => format!("{:.1} ms", amount * 1000.0),
            Unit::Mebibytes => format!("{amount:.0} MiB"),
        }
    }
}

const HEADINGS: [&str; 7] = ["work", "ours", "compared with", "theirs", "ratio", "target", ""];
/// Columns of numbers line up on the right.
const IS_NUMBER: [bool; 7] = [false, true, false, true, true, true, false];

/// The lines as a table.
pub fn table(lines: &[Line]) -> String {
    let rows: Vec<[String; 7]> =
        std::iter::once(HEADINGS.map(str::to_owned)).chain(lines.iter().map(Line::cells)).collect();
    let widths: Vec<usize> = (0..7)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; 7]| {
        let cells = row.iter().zip(&widths).zip(IS_NUMBER).map(|((cell, width), is_number)| {
            if is_number { format!("{cell:>width$}") } else { format!("{cell:width$}") }
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
