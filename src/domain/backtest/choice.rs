//! Which set of rules covers the most churns within a budget of signals.

use std::cmp::Ordering;

/// The result of one setting of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Yield {
    pub signals: u64,
    pub right: u64,
    /// For each churn: whether a signal foretold it.
    pub covered: Vec<bool>,
}

impl Yield {
    fn and(&self, other: &Yield) -> Yield {
        let covered =
            |place: usize| [self, other].iter().any(|one| one.covered.get(place) == Some(&true));
        let churns = self.covered.len().max(other.covered.len());
        Yield {
            signals: self.signals + other.signals,
            right: self.right + other.right,
            covered: (0..churns).map(covered).collect(),
        }
    }

    fn churns_covered(&self) -> usize {
        self.covered.iter().filter(|is_covered| **is_covered).count()
    }

    /// More covered churns are better. Ties are decided by the higher precision (the same as the
    /// higher lift, because the base is equal), then by fewer signals.
    fn cmp_worth(&self, other: &Yield) -> Ordering {
        let precision = |one: &Yield, two: &Yield| {
            (u128::from(one.right) * u128::from(two.signals))
                .cmp(&(u128::from(two.right) * u128::from(one.signals)))
        };
        (self.churns_covered().cmp(&other.churns_covered()))
            .then_with(|| precision(self, other))
            .then_with(|| other.signals.cmp(&self.signals))
    }
}

/// Chooses a setting or none for each rule, so that together they cover the most churns with at
/// most `budget` signals. Among equally good sets it takes the first in order.
pub(crate) fn choose(rules: &[Vec<Yield>], budget: u64) -> Vec<Option<usize>> {
    let mut best: (Yield, Vec<Option<usize>>) = (Yield::default(), vec![None; rules.len()]);
    let mut chosen = vec![None; rules.len()];
    search(rules, budget, 0, &Yield::default(), &mut chosen, &mut best);
    best.1
}

fn search(
    rules: &[Vec<Yield>],
    budget: u64,
    place: usize,
    so_far: &Yield,
    chosen: &mut Vec<Option<usize>>,
    best: &mut (Yield, Vec<Option<usize>>),
) {
    let Some(settings) = rules.get(place) else {
        if so_far.cmp_worth(&best.0) == Ordering::Greater {
            *best = (so_far.clone(), chosen.clone());
        }
        return;
    };
    chosen[place] = None;
    search(rules, budget, place + 1, so_far, chosen, best);
    for (setting, result) in settings.iter().enumerate() {
        let together = so_far.and(result);
        if together.signals <= budget {
            chosen[place] = Some(setting);
            search(rules, budget, place + 1, &together, chosen, best);
        }
    }
    chosen[place] = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brings(signals: u64, right: u64, covered: [u8; 3]) -> Yield {
        Yield { signals, right, covered: covered.map(|churn| churn == 1).to_vec() }
    }

    #[test]
    fn the_set_that_covers_most_within_the_budget_is_chosen() {
        let silent = vec![brings(4, 2, [1, 1, 0]), brings(2, 1, [1, 0, 0])];
        let fading = vec![brings(3, 1, [0, 0, 1]), brings(6, 2, [0, 1, 1])];
        let rules = [silent, fading];
        assert_eq!(choose(&rules, 10), [Some(0), Some(0)]);
        // Both sets cover two churns within the budget: 5 signals have a precision of 2/5, 4
        // signals 2/4.
        assert_eq!(choose(&rules, 5), [Some(0), None]);
        assert_eq!(choose(&rules, 3), [Some(1), None]);
        assert_eq!(choose(&rules, 1), [None, None]);
    }

    #[test]
    fn among_equal_coverage_the_higher_lift_wins() {
        let rules = [vec![brings(4, 1, [1, 0, 0]), brings(5, 2, [1, 0, 0])]];
        assert_eq!(choose(&rules, 10), [Some(1)]);
        // 9/20 is more than 4/10, with more signals.
        let rules = [vec![brings(10, 4, [1, 0, 0]), brings(20, 9, [1, 0, 0])]];
        assert_eq!(choose(&rules, 20), [Some(1)]);
    }
}
