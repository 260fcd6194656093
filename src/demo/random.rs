//! Pseudorandom numbers that are the same on every machine.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014):
/// small, and good enough for a demonstration. Crates for random numbers may change their streams
/// between versions; the data of the demonstration must not change.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    /// An independent stream for each seed.
    pub(super) const fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub(super) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to `end`, exclusive. Slightly uneven for huge values of `end`, which do
    /// not occur here.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.number() % end
    }

    /// True with this probability in thousandths.
    pub(super) fn happens(&mut self, thousandths: u64) -> bool {
        self.below(1000) < thousandths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_published_algorithm() {
        let mut random = Random::new(1_234_567);
        let numbers: Vec<u64> = (0..3).map(|_| random.number()).collect();
        assert_eq!(
            numbers,
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
    }

    #[test]
    fn certain_things_happen_and_impossible_ones_do_not() {
        let mut random = Random::new(0);
        assert!((0..100).all(|_| random.happens(1000) && !random.happens(0)));
    }
}
