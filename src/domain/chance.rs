//! The probability that chance alone causes a change this large.
//!
//! If nothing changed, each of the `n` events falls into the current window with a probability that
//! depends on the lengths of the windows and on what other customers did. So the number in the
//! current window is binomial, and the chance is its exact one-sided tail. Events come in bursts,
//! so [`super::trend`] divides counts by the company's own spread first.

use std::f64::consts::PI;

/// Terms below this share of the sum no longer change a double.
const NEGLIGIBLE: f64 = 1e-18;

/// Up to this many trials, every sum of binomial coefficients fits 128 bits, and the result is
/// exact to the last bit.
const EXACT_TRIALS: u64 = 120;

/// The probability that a fair coin splits `one + other` throws at least this unevenly in one given
/// direction: P(X ≤ min(one, other)) for X ~ Binomial(one + other, 1/2). Between 0 and 1.
///
/// Beyond [`EXACT_TRIALS`], the largest term is computed with Loader's saddle-point expansion (C.
/// Loader, "Fast and Accurate Computation of Binomial Probabilities", 2000), and the others from
/// the ratio of neighbouring terms. The relative error stays near 1e-14.
pub(crate) fn of_split(one: u64, other: u64) -> f64 {
    let trials = one + other;
    let fewer = one.min(other);
    if trials <= EXACT_TRIALS {
        return exact_tail(fewer, trials);
    }
    if one == other {
        // The two tails overlap only in the middle term.
        return 0.5 + 0.5 * point_probability(fewer, trials, 0.5);
    }
    lower_tail(fewer, trials, 0.5)
}

/// P(X ≤ most) for X ~ Binomial(trials, p), between 0 and 1; `p` is strictly between 0 and 1. The
/// largest term is computed with Loader's expansion, and the others from the ratio of neighbouring
/// terms.
pub(crate) fn at_most(most: u64, trials: u64, p: f64) -> f64 {
    if most >= trials {
        return 1.0;
    }
    if p == 0.5 && 2 * most <= trials {
        return of_split(most, trials - most);
    }
    if most as f64 <= trials as f64 * p {
        return lower_tail(most, trials, p);
    }
    (1.0 - lower_tail(trials - most - 1, trials, 1.0 - p)).clamp(0.0, 1.0)
}

/// P(X ≥ least) for X ~ Binomial(trials, p).
pub(crate) fn at_least(least: u64, trials: u64, p: f64) -> f64 {
    if least == 0 {
        return 1.0;
    }
    if least > trials {
        return 0.0;
    }
    at_most(trials - least, trials, 1.0 - p)
}

/// P(X ≤ most), summed down from the largest term; `most` is at most the mean.
fn lower_tail(most: u64, trials: u64, p: f64) -> f64 {
    let odds = (1.0 - p) / p;
    let mut term = point_probability(most, trials, p);
    let mut sum = 0.0;
    for successes in (0..=most).rev() {
        sum += term;
        term *= successes as f64 / (trials - successes + 1) as f64 * odds;
        if term <= sum * NEGLIGIBLE {
            break;
        }
    }
    sum.min(1.0)
}

/// P(X ≤ most) for X ~ Binomial(trials, 1/2), from whole numbers.
fn exact_tail(most: u64, trials: u64) -> f64 {
    let mut coefficient: u128 = 1;
    let mut sum: u128 = 1;
    for successes in 1..=u128::from(most) {
        coefficient = coefficient * (u128::from(trials) - successes + 1) / successes;
        sum += coefficient;
    }
    sum as f64 / 2f64.powi(trials as i32)
}

/// P(X = successes) for X ~ Binomial(trials, p).
fn point_probability(successes: u64, trials: u64, p: f64) -> f64 {
    let failures = trials - successes;
    if successes == 0 || failures == 0 {
        let of_each = if successes == 0 { 1.0 - p } else { p };
        return of_each.powi(i32::try_from(trials).unwrap_or(i32::MAX));
    }
    let (n, k, m) = (trials as f64, successes as f64, failures as f64);
    let correction = stirling_error(trials) - stirling_error(successes) - stirling_error(failures);
    let deviance = deviance_part(k, n * p) + deviance_part(m, n * (1.0 - p));
    (correction - deviance).exp() * (n / (2.0 * PI * k * m)).sqrt()
}

/// ln(n!) minus Stirling's approximation of it.
fn stirling_error(n: u64) -> f64 {
    if n < 16 {
        let factorial: f64 = (2..=n).map(|i| i as f64).product();
        let x = n as f64;
        return if n == 0 {
            0.0
        } else {
            factorial.ln() - 0.5 * (2.0 * PI * x).ln() - x * x.ln() + x
        };
    }
    let x = n as f64;
    let square = x * x;
    let series = 1.0 / 1188.0 / square;
    let series = (1.0 / 1680.0 - series) / square;
    let series = (1.0 / 1260.0 - series) / square;
    let series = (1.0 / 360.0 - series) / square;
    (1.0 / 12.0 - series) / x
}

/// x ln(x/mean) + mean - x, without the cancellation that this form suffers when x is near the
/// mean.
fn deviance_part(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let ratio = (x - mean) / (x + mean);
    let mut sum = (x - mean) * ratio;
    let mut power = 2.0 * x * ratio;
    for odd in (3..).step_by(2) {
        power *= ratio * ratio;
        let next = sum + power / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-12, "found {found:e}, expected {expected:e}");
    }

    #[test]
    fn small_tails_are_sums_of_binomial_coefficients() {
        close(of_split(0, 1), 0.5); // 1/2
        close(of_split(7, 0), 1.0 / 128.0);
        close(of_split(1, 1), 0.75); // (1 + 2) / 4
        close(of_split(2, 8), 56.0 / 1024.0); // (1 + 10 + 45) / 2^10
        close(of_split(8, 2), 56.0 / 1024.0);
        close(of_split(3, 3), (1.0 + 6.0 + 15.0 + 20.0) / 64.0);
        close(of_split(14, 6), 60_460.0 / 1_048_576.0); // 1+20+190+1140+4845+15504+38760 of 2^20
        close(of_split(0, 0), 1.0);
    }

    #[test]
    fn the_expansion_agrees_with_exact_sums() {
        for trials in 61u64..=EXACT_TRIALS {
            for fewer in 0..trials {
                let step = exact_tail(fewer, trials)
                    - if fewer == 0 { 0.0 } else { exact_tail(fewer - 1, trials) };
                if step > 1e-9 {
                    assert!((point_probability(fewer, trials, 0.5) / step - 1.0).abs() < 1e-5);
                }
            }
            let middle = exact_tail(trials / 2, trials) - exact_tail(trials / 2 - 1, trials);
            close(point_probability(trials / 2, trials, 0.5), middle);
        }
    }

    #[test]
    fn every_split_agrees_with_pascals_triangle() {
        let mut row: Vec<u128> = vec![1];
        for trials in 1u64..=120 {
            let next = row.windows(2).map(|pair| pair[0] + pair[1]);
            row = std::iter::once(1).chain(next).chain(std::iter::once(1)).collect();
            for fewer in 0..=trials / 2 {
                let tail: u128 = row[..=fewer as usize].iter().sum();
                close(of_split(fewer, trials - fewer), tail as f64 / 2f64.powi(trials as i32));
            }
        }
    }

    /// ln(n!) - (ln(2πn)/2 + n ln(n) - n), computed with 40 digits.
    #[test]
    fn the_error_of_stirlings_approximation_is_exact() {
        for (n, expected, tolerance) in [
            (15, 0.005_554_733_551_962_801, 1e-13),
            (16, 0.005_207_655_919_609_640_4, 2e-16),
            (20, 0.004_166_319_691_996_922, 2e-16),
            (100, 0.000_833_330_555_634_914_7, 1e-18),
        ] {
            assert!((stirling_error(n) - expected).abs() < tolerance, "{n}");
        }
        assert_eq!(stirling_error(0), 0.0);
    }

    /// With d = x - mean, x ln(x/mean) + mean - x is d²/2m - d³/6m² + d⁴/12m³ - …
    #[test]
    fn a_deviance_near_the_mean_is_exact() {
        close(deviance_part(1_000_001.0, 1_000_000.0), 0.5e-6 - 1e-12 / 6.0);
        close(deviance_part(999_999.0, 1_000_000.0), 0.5e-6 + 1e-12 / 6.0);
        close(deviance_part(105.0, 100.0), 0.122_967_237_790_360_33);
        close(deviance_part(123.0, 100.0), 2.462_742_834_272_113_6);
    }

    #[test]
    fn a_tail_too_small_for_a_double_is_zero_without_a_long_sum() {
        assert_eq!(of_split(2_000_000_000, 4_000_000_000), 0.0);
        assert_eq!(of_split(60_000_000, 100_000_000), 0.0);
    }

    #[test]
    fn large_counts_stay_finite_and_ordered() {
        assert!(of_split(500_000, 501_000) > of_split(500_000, 502_000));
        assert_eq!(of_split(0, 5_000), 0.0);
        // The two tails overlap in the middle term: 2 P(X ≤ n) - P(X = n) = 1.
        let even = of_split(5_000_000, 5_000_000);
        close(2.0 * even - point_probability(5_000_000, 10_000_000, 0.5), 1.0);
    }

    #[test]
    fn tails_for_any_probability_are_sums_of_terms() {
        // 3 trials at 1/4: 27, 27, 9 and 1 of 64.
        close(at_most(0, 3, 0.25), 27.0 / 64.0);
        close(at_most(1, 3, 0.25), 54.0 / 64.0);
        close(at_most(2, 3, 0.25), 63.0 / 64.0);
        close(at_most(3, 3, 0.25), 1.0);
        close(at_least(3, 3, 0.25), 1.0 / 64.0);
        close(at_least(1, 3, 0.25), 37.0 / 64.0);
        close(at_least(0, 3, 0.25), 1.0);
        close(at_most(2, 10, 0.5), 56.0 / 1024.0);
        close(at_least(8, 10, 0.5), 56.0 / 1024.0);
        // More than half of the trials.
        close(at_most(3, 4, 0.5), 15.0 / 16.0);
        close(at_least(1, 4, 0.5), 15.0 / 16.0);
        close(at_most(6, 10, 0.5), 848.0 / 1024.0); // 1 - (1 + 10 + 45 + 120) / 2^10
        for (trials, p) in [(40u64, 0.14f64), (200, 0.9), (1000, 1.0 / 7.0)] {
            let mut term = (1.0 - p).powi(trials as i32);
            let mut sum = 0.0;
            for most in 0..trials {
                sum += term;
                assert!((at_most(most, trials, p) - sum).abs() < 1e-11, "{most} of {trials}");
                assert!((at_least(most + 1, trials, p) - (1.0 - sum)).abs() < 1e-11);
                term *= (trials - most) as f64 / (most + 1) as f64 * p / (1.0 - p);
            }
        }
    }
}
