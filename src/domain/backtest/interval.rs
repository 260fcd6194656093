//! The 95 % interval of a lift, without random numbers.
//!
//! The days of one company depend on each other, so the company is the unit: the variance of the
//! logarithm of the lift is estimated by linearisation (the delta method) over companies, as for a
//! ratio in a cluster sample.

/// How many standard deviations on either side contain 95 % of a normal distribution.
const DEVIATIONS: f64 = 1.96;

/// The 95 % confidence interval of a lift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiftInterval {
    pub low: f64,
    pub high: f64,
}

impl LiftInterval {
    /// The interval of `lift`, from each company's (right signals, signals) and (right days, days).
    /// `None` without a right signal, or with fewer than two companies.
    pub fn of_lift(
        lift: f64,
        companies: impl Iterator<Item = ((u64, u64), (u64, u64))>,
    ) -> Option<Self> {
        let counts: Vec<[f64; 4]> =
            companies.map(|((r, t), (h, b))| [r as f64, t as f64, h as f64, b as f64]).collect();
        let sums = counts.iter().fold([0.0; 4], |sums, counts| {
            std::array::from_fn(|place| sums[place] + counts[place])
        });
        if counts.len() < 2 || sums.contains(&0.0) {
            return None;
        }
        let [right, signals, right_days, days] = sums;
        let influence =
            |[r, t, h, b]: &[f64; 4]| r / right - t / signals - h / right_days + b / days;
        let n = counts.len() as f64;
        let mean = counts.iter().map(influence).sum::<f64>() / n;
        let squares: f64 = counts.iter().map(|counts| (influence(counts) - mean).powi(2)).sum();
        let deviation = (n / (n - 1.0) * squares).sqrt();
        let factor = (DEVIATIONS * deviation).exp();
        Some(LiftInterval { low: lift / factor, high: lift * factor })
    }

    /// Whether the rule may be no better and no worse than picking at random.
    pub fn includes_one(&self) -> bool {
        self.low <= 1.0 && 1.0 <= self.high
    }
}
