//! The table of results.

use crate::measure::{Taken, median};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    /// Seconds, shown as milliseconds.
    Milliseconds,
    /// Memory or disk space.
    Mebibytes,
    /// Millions of processor instructions.
    Instructions,
}

/// One measurement of the program and of a peer, with all rounds.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    work: String,
    unit: Unit,
    ours: Vec<Taken>,
    /// The peer.
    peer: String,
    theirs: Vec<Taken>,
    /// The maximum ratio; `None` without a target.
    target: Option<f64>,
}

impl Line {
    /// A line of wall-clock times. If both sides alternated, the ratio is that of each pair.
    pub(crate) fn times(
        work: impl Into<String>,
        ours: impl Into<Samples>,
        peer: impl Into<String>,
        theirs: impl Into<Samples>,
        target: f64,
    ) -> Line {
        let (work, peer, Samples(ours), Samples(theirs)) =
            (work.into(), peer.into(), ours.into(), theirs.into());
        Line { work, unit: Unit::Seconds, ours, peer, theirs, target: Some(target) }
    }

    /// The same line in another unit.
    pub(crate) fn of(self, unit: Unit) -> Line {
        Line { unit, ..self }
    }

    /// The same line, only for information.
    pub(crate) fn without_target(self) -> Line {
        Line { target: None, ..self }
    }

    /// The same measurement in processor time.
    pub(crate) fn by_processor(&self, target: Option<f64>) -> Line {
        let seconds = |all: &[Taken]| {
            all.iter().map(|taken| Taken { seconds: taken.cpu, ..*taken }).collect::<Vec<_>>()
        };
        let (work, peer, unit) = (format!("{}: CPU time", self.work), self.peer.clone(), self.unit);
        Line { work, unit, ours: seconds(&self.ours), peer, theirs: seconds(&self.theirs), target }
    }

    /// The ratios, sorted: of the pairs, or of the medians if the sides did not alternate.
    fn ratios(&self) -> Vec<f64> {
        let seconds = |all: &[Taken]| all.iter().map(|taken| taken.seconds).collect::<Vec<_>>();
        let (ours, theirs) = (seconds(&self.ours), seconds(&self.theirs));
        let mut ratios: Vec<f64> = match ours.len() == theirs.len() {
            true => ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect(),
            false => vec![median(ours) / median(theirs)],
        };
        ratios.retain(|ratio| !ratio.is_nan());
        ratios.sort_by(f64::total_cmp);
        ratios
    }

    fn cells(&self) -> [String; COLUMNS] {
        let ratios = self.ratios();
        let ratio = median(ratios.clone());
        let verdict = match self.target {
            _ if ratio.is_nan() => "",
            Some(target) if ratio <= target => "met",
            Some(_) => "missed",
            None => "",
        };
        let number =
            |ratio: f64| if ratio.is_nan() { String::new() } else { format!("{ratio:.2}") };
        let spread = match ratios.as_slice() {
            [least, .., most] => format!("{least:.2}-{most:.2}"),
            _ => String::new(),
        };
        let [ours, our_cpu] = self.amounts(&self.ours);
        let [theirs, their_cpu] = self.amounts(&self.theirs);
        let target = self.target.map_or_else(String::new, |target| format!("{target:.2}"));
        let (work, peer) = (self.work.clone(), self.peer.clone());
        let ratio = number(ratio);
        [work, ours, our_cpu, peer, theirs, their_cpu, ratio, spread, target, verdict.to_owned()]
    }

    /// The medians of wall-clock and processor time.
    fn amounts(&self, all: &[Taken]) -> [String; 2] {
        let by = |value: fn(&Taken) -> f64| self.amount(median(all.iter().map(value).collect()));
        match self.unit {
            Unit::Mebibytes | Unit::Instructions => [by(|taken| taken.seconds), String::new()],
            Unit::Seconds | Unit::Milliseconds => {
                [by(|taken| taken.seconds), by(|taken| taken.cpu)]
            }
        }
    }

    fn amount(&self, amount: f64) -> String {
        match self.unit {
            _ if amount.is_nan() => "-".to_owned(),
            Unit::Seconds => format!("{amount:.2} s"),
            Unit::Milliseconds => format!("{:.1} ms", amount * 1000.0),
            Unit::Mebibytes => format!("{amount:.0} MiB"),
            Unit::Instructions => format!("{:.0} M", amount / 1e6),
        }
    }
}

/// The measurements of one side.
pub(crate) struct Samples(Vec<Taken>);

impl From<Vec<Taken>> for Samples {
    fn from(all: Vec<Taken>) -> Self {
        Samples(all)
    }
}

impl From<Vec<f64>> for Samples {
    fn from(all: Vec<f64>) -> Self {
        Samples(all.into_iter().map(Taken::of).collect())
    }
}

impl From<f64> for Samples {
    fn from(one: f64) -> Self {
        Samples(vec![Taken::of(one)])
    }
}

const COLUMNS: usize = 10;
const HEADINGS: [&str; COLUMNS] =
    ["work", "ours", "CPU", "compared with", "theirs", "CPU", "ratio", "from-to", "target", ""];
/// Numbers are right-aligned.
const IS_NUMBER: [bool; COLUMNS] = [false, true, true, false, true, true, true, true, true, false];

pub(crate) fn table(lines: &[Line]) -> String {
    let rows: Vec<[String; COLUMNS]> =
        std::iter::once(HEADINGS.map(str::to_owned)).chain(lines.iter().map(Line::cells)).collect();
    let widths: Vec<usize> = (0..COLUMNS)
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
        .collect();
    let line = |row: &[String; COLUMNS]| {
        let cells = row.iter().zip(&widths).zip(IS_NUMBER).map(|((cell, width), is_number)| {
            if is_number { format!("{cell:>width$}") } else { format!("{cell:width$}") }
        });
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
